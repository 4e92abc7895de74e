package mysql

import (
	"strconv"
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// bind returns the arguments as values that the driver sends with their types.
func bind(args []source.Arg) ([]any, error) {
	var values []any
	for i, a := range args {
		v, ok := value(a)
		if !ok {
			return nil, &source.Failure{Code: source.DatabaseError,
				Message: "The value of parameter " + strconv.Itoa(i+1) + " is not a " + a.Kind.String()}
		}
		values = append(values, v)
	}
	return values, nil
}

func value(a source.Arg) (any, bool) {
	if a.Null {
		return nil, true
	}
	switch a.Kind {
	case frame.Number:
		if n, err := strconv.ParseInt(a.Text, 10, 64); err == nil {
			return n, true
		}
		if n, err := strconv.ParseUint(a.Text, 10, 64); err == nil {
			return n, true
		}
		x, err := strconv.ParseFloat(a.Text, 64)
		if err != nil || x-x != 0 {
			return nil, false // neither NaN nor infinity exists here
		}
		if digits := strings.Trim(a.Text, "+-"); len(digits) > 16 && !strings.ContainsAny(digits, "eE") {
			return a.Text, true // more digits than a double holds
		}
		return x, true
	case frame.Bool:
		return a.Text == "true", a.Text == "true" || a.Text == "false"
	case frame.Date:
		t, ok := frame.ParseTime(a.Text)
		return t.Format("2006-01-02"), ok
	case frame.Time:
		t, ok := frame.ParseTime(a.Text)
		return t.Format("2006-01-02 15:04:05.999999"), ok
	case frame.Binary:
		return []byte(a.Text), true
	}
	return a.Text, true
}
