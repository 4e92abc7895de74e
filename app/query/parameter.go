package query

import (
	"regexp"
	"slices"
	"strings"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// Parameter is a hole in written SQL: {{name:type}} or {{name:type=default}}.
// Its value is bound, never pasted, so it can stand only where a value can.
type Parameter struct {
	Name    string
	Kind    frame.Kind
	Default string
	// HasDefault says that the SQL gives a default.
	HasDefault bool
}

var parameterPattern = regexp.MustCompile(`^\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*(?::\s*([a-z]+)\s*(?:=([^{}]*))?)?\}\}`)

// parameterKinds are the types a parameter can have, as they are written.
var parameterKinds = map[string]frame.Kind{
	"": frame.Text, "text": frame.Text, "number": frame.Number, "date": frame.Date, "time": frame.Time, "bool": frame.Bool,
}

// hole is a parameter's place in a text, in bytes.
type hole struct {
	Parameter
	start, end int
}

// holes finds the parameters of a text outside quotes and comments; a parameter
// inside quotes is an Invalid fault that tells to take the quotes away.
func holes(sql string) ([]hole, error) {
	var list []hole
	for i := 0; i < len(sql); {
		if strings.HasPrefix(sql[i:], "{{") {
			m := parameterPattern.FindStringSubmatchIndex(sql[i:])
			if m == nil {
				return nil, fault.Field("sql", "A parameter is written {{name:type}} with a type of text, number, date, time or bool")
			}
			h := hole{start: i, end: i + m[1]}
			h.Name = sql[i+m[2] : i+m[3]]
			typ := ""
			if m[4] >= 0 {
				typ = sql[i+m[4] : i+m[5]]
			}
			kind, ok := parameterKinds[typ]
			if !ok {
				return nil, fault.Field("sql", "The type of {{%s}} is one of text, number, date, time and bool, not %s", h.Name, typ)
			}
			h.Kind = kind
			if m[6] >= 0 {
				h.Default, h.HasDefault = strings.TrimSpace(sql[i+m[6]:i+m[7]]), true
			}
			list = append(list, h)
			i = h.end
			continue
		}
		next := skipQuoted(sql, i)
		if quoted := sql[i:next]; next > i+1 && quoted[0] == '\'' && strings.Contains(quoted, "{{") {
			if m := parameterPattern.FindString(quoted[strings.Index(quoted, "{{"):]); m != "" {
				return nil, fault.Field("sql", "Take the quotes around %s away: its value is bound, not pasted", m)
			}
		}
		i = next
	}
	return list, nil
}

// skipQuoted returns the end of the quoted text, comment or single byte at i.
func skipQuoted(sql string, i int) int {
	until := func(end string, from int) int {
		if j := strings.Index(sql[min(from, len(sql)):], end); j >= 0 {
			return from + j + len(end)
		}
		return len(sql)
	}
	switch c := sql[i]; {
	case c == '\'' || c == '"' || c == '`':
		return until(string(c), i+1)
	case strings.HasPrefix(sql[i:], "--"):
		return until("\n", i)
	case strings.HasPrefix(sql[i:], "/*"):
		return until("*/", i+2)
	case c == '$':
		if tag := dollarTag.FindString(sql[i:]); tag != "" {
			return until(tag, i+len(tag))
		}
	}
	return i + 1
}

var dollarTag = regexp.MustCompile(`^\$([A-Za-z_][A-Za-z0-9_]*)?\$`)

// Parameters lists the parameters of written SQL in the order of their first use.
func Parameters(sql string) ([]Parameter, error) {
	list, err := holes(sql)
	if err != nil {
		return nil, err
	}
	var params []Parameter
	for _, h := range list {
		i := slices.IndexFunc(params, func(p Parameter) bool { return p.Name == h.Name })
		switch {
		case i < 0:
			params = append(params, h.Parameter)
		case !params[i].HasDefault && h.HasDefault:
			params[i].Default, params[i].HasDefault = h.Default, true
		}
	}
	return params, nil
}

// bindParameters replaces the holes by placeholders and returns the values to bind.
func bindParameters(sql string, values map[string]string, d source.Dialect) (string, []source.Arg, error) {
	return bindAfter(sql, values, d, nil)
}

// bindAfter is bindParameters for a text whose values follow others.
func bindAfter(sql string, values map[string]string, d source.Dialect, before []source.Arg) (string, []source.Arg, error) {
	list, err := holes(sql)
	if err != nil || len(list) == 0 {
		return sql, before, err
	}
	params, err := Parameters(sql)
	if err != nil {
		return "", nil, err
	}
	var problems fault.Fields
	bound := map[string]source.Arg{}
	for _, p := range params {
		text, given := values[p.Name]
		if !given || text == "" && p.HasDefault {
			text, given = p.Default, p.HasDefault
		}
		if !given {
			problems.Add("parameters."+p.Name, "Give a value for %s", p.Name)
			continue
		}
		arg, err := ParseValue(p.Kind, text)
		if err != nil {
			problems.Add("parameters."+p.Name, "%s: %s", p.Name, fault.MessageOf(err))
			continue
		}
		if p.Kind == frame.Time && arg.Kind == frame.Date {
			arg = source.Arg{Kind: frame.Time, Text: arg.Text + "T00:00:00"}
		}
		bound[p.Name] = arg
	}
	for name := range values {
		if !slices.ContainsFunc(params, func(p Parameter) bool { return p.Name == name }) {
			problems.Add("parameters."+name, "This question has no parameter %s", name)
		}
	}
	if err := problems.Err(); err != nil {
		return "", nil, err
	}
	var b strings.Builder
	args := slices.Clip(before)
	last := 0
	for _, h := range list {
		b.WriteString(sql[last:h.start])
		args = append(args, bound[h.Name])
		b.WriteString(d.Placeholder(len(args), bound[h.Name].Kind))
		last = h.end
	}
	b.WriteString(sql[last:])
	return b.String(), args, nil
}
