package frame

import "golang.org/x/text/language"

// Locale is how a language writes numbers; the zero value is English.
type Locale uint8

type numerals struct {
	tag            string
	group, decimal string
	least          int    // digits before the first separator
	percent        string // with % for the sign and # for the number
	lakh           bool   // groups of two before the last three digits
}

// The separators are those of CLDR; a space is never one at which a line breaks.
var locales = [...]numerals{
	{"en", ",", ".", 1, "#%", false},
	{"en-GB", ",", ".", 1, "#%", false}, // or the matcher takes British English for Indian
	{"de", ".", ",", 1, "#\u00a0%", false},
	{"de-AT", "\u00a0", ",", 1, "#\u00a0%", false},
	{"de-CH", "’", ".", 1, "#%", false},
	{"fr", "\u202f", ",", 1, "#\u202f%", false},
	{"fr-CA", "\u00a0", ",", 1, "#\u00a0%", false},
	{"es", ".", ",", 2, "#\u00a0%", false},
	{"es-MX", ",", ".", 1, "#%", false},
	{"it", ".", ",", 1, "#%", false},
	{"it-CH", "’", ".", 1, "#%", false},
	{"pt", ".", ",", 1, "#%", false},
	{"pt-PT", "\u00a0", ",", 2, "#%", false},
	{"nl", ".", ",", 1, "#%", false},
	{"da", ".", ",", 1, "#\u00a0%", false},
	{"sv", "\u00a0", ",", 1, "#\u00a0%", false},
	{"nb", "\u00a0", ",", 1, "#\u00a0%", false},
	{"fi", "\u00a0", ",", 1, "#\u00a0%", false},
	{"pl", "\u00a0", ",", 2, "#%", false},
	{"cs", "\u00a0", ",", 1, "#\u00a0%", false},
	{"sk", "\u00a0", ",", 1, "#\u00a0%", false},
	{"hu", "\u00a0", ",", 1, "#%", false},
	{"ro", ".", ",", 1, "#\u00a0%", false},
	{"el", ".", ",", 1, "#%", false},
	{"tr", ".", ",", 1, "%#", false},
	{"ru", "\u00a0", ",", 1, "#\u00a0%", false},
	{"uk", "\u00a0", ",", 1, "#%", false},
	{"ja", ",", ".", 1, "#%", false},
	{"zh", ",", ".", 1, "#%", false},
	{"ko", ",", ".", 1, "#%", false},
	{"hi", ",", ".", 1, "#%", true},
	{"en-IN", ",", ".", 1, "#%", true},
}

var localeMatcher = func() language.Matcher {
	tags := make([]language.Tag, len(locales))
	for i, l := range locales {
		tags[i] = language.MustParse(l.tag)
	}
	return language.NewMatcher(tags)
}()

// MatchLocale returns the locale that fits best, of what is wanted in order of
// preference; each is a language tag or an Accept-Language header. Where none
// fits it is English.
func MatchLocale(wanted ...string) Locale {
	_, i := language.MatchStrings(localeMatcher, wanted...)
	return Locale(i)
}

// String returns the locale's language tag.
func (l Locale) String() string { return l.numerals().tag }

func (l Locale) numerals() *numerals {
	if int(l) < len(locales) {
		return &locales[l]
	}
	return &locales[0]
}

// appendPlain appends a number given as plain digits, with the locale's
// separators where grouped, padded to so many decimals; an exponent stays as it is.
func (l Locale) appendPlain(b, number []byte, grouped bool, decimals int) []byte {
	n := l.numerals()
	if len(number) > 0 && number[0] == '-' {
		b = append(b, '-')
		number = number[1:]
	}
	whole := 0
	for whole < len(number) && number[whole]-'0' <= 9 {
		whole++
	}
	for i, c := range number[:whole] {
		if left := whole - i; grouped && i > 0 && whole >= 3+n.least &&
			(left == 3 || left > 3 && (n.lakh && left%2 == 1 || !n.lakh && left%3 == 0)) {
			b = append(b, n.group...)
		}
		b = append(b, c)
	}
	rest := number[whole:]
	if len(rest) > 0 && rest[0] == '.' {
		rest = rest[1:]
		b = append(b, n.decimal...)
	} else if decimals > 0 && len(rest) == 0 {
		b = append(b, n.decimal...)
	}
	b = append(b, rest...)
	for range decimals - len(rest) {
		b = append(b, '0')
	}
	return b
}
