package query

import (
	"sync"

	"assay/app/source"
)

// verdicts remembers what guards let pass: a guard's answer depends on the text
// alone, and dashboards and programs ask the same texts again and again.
type verdicts struct {
	mu     sync.Mutex
	passed map[verdictKey]source.Checked
}

type verdictKey struct{ kind, sql string }

// Bounds of what is remembered: a longer text is judged anew, a full memory is emptied.
const (
	keptVerdicts   = 512
	longestVerdict = 16 << 10
)

// check returns the guard's answer to the text; refusals are never remembered.
func (v *verdicts) check(d source.Driver, sql string) (source.Checked, error) {
	key := verdictKey{d.Kind(), sql}
	v.mu.Lock()
	checked, ok := v.passed[key]
	v.mu.Unlock()
	if ok {
		return checked, nil
	}
	checked, err := d.Guard(sql, source.Policy{})
	if err != nil || len(sql) > longestVerdict {
		return checked, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.passed == nil || len(v.passed) >= keptVerdicts {
		v.passed = map[verdictKey]source.Checked{}
	}
	v.passed[key] = checked
	return checked, nil
}
