package document

import (
	"regexp"
	"strings"
)

// operators as they are written; the longer ones come first.
var operators = []struct {
	written, op string
	values      int // 0, 1, 2 or -1 for a list
}{
	{"is not empty", "not_null", 0}, {"is empty", "is_null", 0},
	{"starts with", "starts_with", 1}, {"contains", "contains", 1}, {"between", "between", 2},
	{"is none of", "not_in", -1}, {"is one of", "in", -1}, {"not in", "not_in", -1}, {"in the last", "last", 1}, {"in", "in", -1}, {"last", "last", 1},
	{"is not", "ne", 1}, {"is", "eq", 1},
	{"!=", "ne", 1}, {"<>", "ne", 1}, {"<=", "lte", 1}, {">=", "gte", 1}, {"≤", "lte", 1}, {"≥", "gte", 1}, {"=", "eq", 1}, {"<", "lt", 1}, {">", "gt", 1},
}

var conditionColumn = regexp.MustCompile(`^(?:"([^"]+)"|([^\s"=<>!≤≥]+))\s*(.*)$`)

var between = regexp.MustCompile(`^(.+?)\s+(?:and|to)\s+(.+)$`)

// where reads a condition such as: status = paid.
func (s *Source) where(l *Live, text string, line int) {
	c, ok := condition(text)
	if !ok {
		s.problem(line, "a condition is a column, a comparison and a value, such as status = paid or placed_on last 30 days")
		return
	}
	l.Where = append(l.Where, c)
}

func condition(text string) (c Condition, ok bool) {
	m := conditionColumn.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return c, false
	}
	c.Column = m[1] + m[2]
	rest := m[3]
	for _, o := range operators {
		if len(rest) < len(o.written) || !strings.EqualFold(rest[:len(o.written)], o.written) {
			continue
		}
		value := rest[len(o.written):]
		letters := o.written[0] >= 'a' && o.written[0] <= 'z'
		if letters && value != "" && !strings.HasPrefix(value, " ") {
			continue // the beginning of another word
		}
		value = strings.TrimSpace(value)
		c.Op = o.op
		switch o.values {
		case 0:
			return c, value == ""
		case 1:
			if o.op == "last" {
				n, unit, found := strings.Cut(value, " ")
				if !found {
					n, unit = "1", value
				}
				c.Values = []string{n, strings.TrimSuffix(strings.TrimSpace(unit), "s")}
				return c, unit != ""
			}
			c.Values = []string{bare(value)}
			return c, value != ""
		case 2:
			if ends := between.FindStringSubmatch(value); ends != nil {
				c.Values = []string{bare(ends[1]), bare(ends[2])}
			}
			return c, len(c.Values) == 2
		}
		for one := range strings.SplitSeq(strings.Trim(value, "()"), ",") {
			if one = bare(strings.TrimSpace(one)); one != "" {
				c.Values = append(c.Values, one)
			}
		}
		return c, len(c.Values) > 0
	}
	return c, false
}
