package chart

// Named formats.
//
// An option is data and carries no code. Under the keys "formatter" and
// "valueFormatter" it may hold a text
//
//	$fmt:NAME[@LANGUAGE][:DIGITS[:UNIT]]
//
// which both the server's script engine (formatters.js) and the browser turn
// into a function from the list below, and nothing else. DIGITS is one digit:
// how many places follow the point; without it as few as say the value. UNIT is
// text put after the number as it is, spaces included; beginning with "^" it is
// put before the number, after its sign. LANGUAGE is en where left out, de, fr
// or es. An unknown name formats nothing: ECharts falls back to its own.
//
//	name        value              example
//	thousands   number             1234567.891          1,234,567.89    at most 2 places, 4 below one
//	number      number             1234.56789           1,234.56789     at most 6 places
//	percent     share of one       0.1234               12.3%
//	compact     number             1250000              1.25M           k M bn tn
//	bytes       number of bytes    1536                 1.5 KiB
//	duration    seconds            3725                 1:02:05
//	year        time               1704067200000        2024
//	quarter     time                                    Q1 2024
//	month       time                                    Jan 2024
//	date        time                                    1 Jan 2024
//	datetime    time                                    1 Jan 2024 00:00
//	time        time                                    00:00
//	tick        time on an axis                         2024, Feb, 15 Feb or 14:30, as the
//	                                                    time is round; the first also tells
//	                                                    the year or the day
//
// A time is milliseconds since 1970 or ISO text, read and written in UTC.
// A number below zero begins with U+2212. What is no number or time stays as it is.

// language is how a locale spells numbers and months; formatters.js repeats it.
type language struct {
	group, point string
	steps        [5]string
	months       [12]string
	// behind says that a currency's sign follows the number.
	behind bool
}

var languages = map[string]language{
	"en": {",", ".", [5]string{"", "k", "M", "bn", "tn"}, [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}, false},
	"de": {".", ",", [5]string{"", " Tsd.", " Mio.", " Mrd.", " Bio."}, [12]string{"Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"}, true},
	"fr": {"\u202f", ",", [5]string{"", " k", " M", " Md", " Bn"}, [12]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}, true},
	"es": {".", ",", [5]string{"", " mil", " M", " mil M", " bn"}, [12]string{"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"}, true},
}
