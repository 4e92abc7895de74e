package query

import (
	"sync"

	"assay/app/source"
)

// verdicts remembers what guards let pass: a guard's answer depends on the text
// alone, and dashboards and programs ask the same texts again and again.
type verdicts struct {
	mu     sync.Mutex
	passed map[verdictKey]verdict
}

type verdictKey struct{ kind, limits, sql string }

type verdict struct {
	source.Checked
	// limited says that a table was read in part.
	limited bool
}

// Bounds of what is remembered: a longer text is judged anew, a full memory is emptied.
const (
	keptVerdicts   = 512
	longestVerdict = 16 << 10
)

// check returns the guard's answer to the text under the limits; refusals are never remembered.
func (v *verdicts) check(d source.Driver, sql string, l limits) (verdict, error) {
	key := verdictKey{d.Kind(), l.print, sql}
	v.mu.Lock()
	known, ok := v.passed[key]
	v.mu.Unlock()
	if ok && (l.print != "" || len(l.policy.Routines) == 0) {
		return known, nil
	}
	var fresh verdict
	policy := l.policy
	if policy.Tables != nil {
		policy.Tables = func(n source.Name) (source.Reading, error) {
			r, err := l.policy.Tables(n)
			fresh.limited = fresh.limited || r.Select != ""
			return r, err
		}
	}
	var err error
	if fresh.Checked, err = d.Guard(sql, policy); err != nil || len(sql) > longestVerdict {
		return fresh, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.passed == nil || len(v.passed) >= keptVerdicts {
		v.passed = map[verdictKey]verdict{}
	}
	v.passed[key] = fresh
	return fresh, nil
}
