package frame

import (
	"strconv"
	"strings"
	"unicode"
)

// scale returns how many decimals the database's type of the column fixes,
// such as 2 for numeric(10,2) and 0 for bigint; false where it fixes none.
func (c *Column) scale() (int, bool) {
	if c.Kind != Number || c.Digits > 0 {
		return 0, false
	}
	name, rest, bracket := strings.Cut(c.Type, "(")
	name = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(name), "unsigned"))
	switch name {
	case "int", "integer", "bigint", "smallint", "tinyint", "mediumint", "int2", "int4", "int8",
		"serial", "bigserial", "smallserial", "year":
		return 0, true
	case "numeric", "decimal", "dec", "number", "float", "double":
		inner, _, closed := strings.Cut(rest, ")")
		_, scale, comma := strings.Cut(inner, ",")
		if !bracket || !closed || !comma {
			return 0, false
		}
		n, err := strconv.Atoi(strings.TrimSpace(scale))
		return n, err == nil && n >= 0 && n <= 30
	}
	return 0, false
}

// role says what the numbers of a column are for.
type role uint8

const (
	amount role = iota
	label       // a key, a code, a postcode: digits that nobody adds up
	year        // four digits without a separator
)

// Amount reports whether the column holds numbers that mean a quantity, as far
// as its name tells: not keys, codes or years.
func (c Column) Amount() bool { return c.Kind == Number && c.role() == amount }

var labelWords = map[string]bool{
	"id": true, "ids": true, "key": true, "pk": true, "fk": true, "uid": true, "oid": true, "code": true, "no": true, "nr": true,
	"zip": true, "zipcode": true, "postcode": true, "postal": true, "plz": true, "phone": true, "mobile": true, "fax": true,
	"iban": true, "ean": true, "gtin": true, "upc": true, "isbn": true, "sku": true, "ssn": true, "vin": true, "pin": true, "siret": true,
}

// role tells from the column's name whether its numbers are amounts.
func (c *Column) role() role {
	name := c.Name
	if open := strings.IndexByte(name, '('); open >= 0 {
		// An expression without an alias: only these two give a key back as they found it.
		switch strings.ToLower(strings.TrimSpace(name[:open])) {
		case "min", "max":
			name = strings.Trim(name[open:], "() ")
		default:
			return amount
		}
	}
	words := nameWords(name)
	if len(words) == 0 {
		return amount
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = words[len(words)-2]
		switch words[0] {
		case "count", "n", "num", "number", "nb", "sum", "total", "avg", "average", "distinct", "unique":
			return amount
		}
	}
	switch {
	case last == "year" || last == "yr":
		switch before {
		case "per", "a", "each", "every", "last", "this", "previous", "prior", "prev", "current", "next", "to", "over", "on":
			return amount
		}
		return year
	case labelWords[last], last == "number" && before != "":
		return label
	}
	return amount
}

// nameWords splits a name at everything but letters and digits and where a
// small letter is followed by a capital; the words are lower case.
func nameWords(name string) []string {
	var b strings.Builder
	small := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = ' '
		case unicode.IsUpper(r) && small:
			b.WriteByte(' ')
		}
		small = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}
