package figure

import (
	"fmt"
	"strings"
	"time"

	"assay/app/document"
	"assay/app/frame"
)

// locate finds the cell that a claim means; problem says why there is none.
func locate(c *document.Claim, f *frame.Frame, values map[string]string, format frame.Formatter) (row, col int, problem string) {
	if col, problem = claimColumn(c.Column, f); problem != "" {
		return 0, 0, problem
	}
	rows := f.Rows()
	at := c.At
	switch {
	case rows == 0:
		return 0, 0, "The answer has no rows"
	case at.Column != "":
		row, problem = where(at, f, document.Fill(at.Value, values), format)
		return row, col, problem
	case !c.Placed && rows > 1:
		return 0, 0, fmt.Sprintf("The answer has %d rows: say which one, such as row=last", rows)
	case at.Last && f.Truncated:
		return 0, 0, fmt.Sprintf("The answer was cut after %d rows, so its last row is not known", rows)
	case at.Last:
		row = rows - 1 - at.Offset
	default:
		row = at.Offset
	}
	if row < 0 || row >= rows {
		return 0, 0, fmt.Sprintf("No such row: the answer has %d", rows)
	}
	return row, col, ""
}

// claimColumn finds a column by its name, or the only one of numbers.
func claimColumn(name string, f *frame.Frame) (int, string) {
	var names []string
	numbers, last, loose := 0, 0, -1
	for i, c := range f.Columns {
		if c.Name == name {
			return i, ""
		}
		if strings.EqualFold(c.Name, name) || strings.EqualFold(Spoken(c.Name), name) {
			loose = i
		}
		if c.Kind == frame.Number {
			numbers, last = numbers+1, i
		}
		names = append(names, c.Name)
	}
	switch {
	case loose >= 0 && name != "":
		return loose, ""
	case name != "":
		return 0, fmt.Sprintf("No such column: %s; there are %s", brief(name), brief(strings.Join(names, ", ")))
	case len(f.Columns) == 1:
		return 0, ""
	case numbers == 1:
		return last, ""
	}
	return 0, "Say which column: there are " + brief(strings.Join(names, ", "))
}

// where finds the one row whose column has a value: as the database wrote it, as
// people read it, or, of a day, as it begins.
func where(at document.Position, f *frame.Frame, value string, format frame.Formatter) (int, string) {
	col, problem := claimColumn(at.Column, f)
	if problem != "" {
		return 0, problem
	}
	column := f.Columns[col]
	found, count := 0, 0
	for r := range f.Rows() {
		v, ok := f.Cell(r, col)
		if !ok {
			continue
		}
		is := string(v) == value || strings.EqualFold(format.Text(column, v, ok), value)
		if (column.Kind == frame.Date || column.Kind == frame.Time) && len(value) >= 4 {
			is = is || strings.HasPrefix(string(v), value)
		}
		if is {
			found, count = r, count+1
		}
	}
	switch {
	case count == 1:
		return found, ""
	case count == 0 && f.Truncated:
		return 0, fmt.Sprintf("None of the first %d rows has %s %s, and there are more", f.Rows(), Spoken(at.Column), brief(value))
	case count == 0:
		return 0, fmt.Sprintf("No row has %s %s", Spoken(at.Column), brief(value))
	}
	return 0, fmt.Sprintf("%d rows have %s %s", count, Spoken(at.Column), brief(value))
}

// spell writes a cell as a claim wants it.
func spell(f *frame.Frame, row, col int, how, unit string, l frame.Locale) string {
	column := f.Columns[col]
	value, ok := f.Cell(row, col)
	if !ok {
		return ""
	}
	format := frame.Formatter{Locale: l, MaxRunes: ShownRunes}
	if how == "text" {
		return string(value)
	}
	if number, ok := f.Float(row, col); ok && column.Kind == frame.Number {
		switch how {
		case "short":
			return withUnit(format.Compact(number), unit, l)
		case "whole":
			return withUnit(format.Number(number, 0), unit, l)
		case "percent":
			if unit == "%" || unit == "percent" {
				number /= 100
			}
			return format.Percent(number)
		}
		if unit == "ratio" {
			return format.Percent(number)
		}
	}
	if at, ok := f.Time(row, col); ok && (column.Kind == frame.Date || column.Kind == frame.Time) {
		switch how {
		case "date":
			return at.Format(time.DateOnly)
		case "month":
			return at.Format("January 2006")
		case "year":
			return at.Format("2006")
		}
	}
	cells := format.Column(column)
	cells.Even(f, col, ShownRows)
	text, _ := cells.Append(nil, value, ok)
	if column.Kind != frame.Number {
		return string(text)
	}
	return withUnit(string(text), unit, l)
}

var currencies = map[string]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹", "KRW": "₩", "€": "€", "$": "$", "£": "£", "¥": "¥", "₹": "₹", "₩": "₩", "US$": "US$"}

// withUnit puts a unit to a number: a currency's sign where the language has it,
// the others behind, on the same line.
func withUnit(number, unit string, l frame.Locale) string {
	sign := currencies[unit]
	switch {
	case unit == "" || unit == "ratio":
		return number
	case unit == "%" || unit == "percent":
		return number + "%"
	case sign != "" && strings.HasPrefix(l.String(), "en"):
		if rest, negative := strings.CutPrefix(number, "-"); negative {
			return "-" + sign + rest
		}
		return sign + number
	case sign != "":
		return number + "\u00a0" + sign
	}
	return number + "\u00a0" + unit
}
