package frame

import (
	"strconv"
	"time"
)

// moment is a date or time in canonical form taken apart; zone points into the text.
type moment struct {
	year, month, day     int
	hour, minute, second int
	nanos                int
	zone                 []byte
}

// parseMoment reads "2006-01-02", or that with "T15:04:05", a fraction and a
// zone; false for anything else and for days that no calendar has.
func parseMoment(v []byte) (m moment, ok bool) {
	if len(v) < 10 || v[4] != '-' || v[7] != '-' {
		return m, false
	}
	m.year, m.month, m.day = digits(v[:4]), digits(v[5:7]), digits(v[8:10])
	if m.year < 0 || m.month < 1 || m.month > 12 || m.day < 1 || m.day > 28 && m.day > daysIn(m.year, m.month) {
		return m, false
	}
	if len(v) == 10 {
		return m, true
	}
	if len(v) < 19 || v[10] != 'T' || v[13] != ':' || v[16] != ':' {
		return m, false
	}
	m.hour, m.minute, m.second = digits(v[11:13]), digits(v[14:16]), digits(v[17:19])
	if m.hour < 0 || m.hour > 23 || m.minute < 0 || m.minute > 59 || m.second < 0 || m.second > 59 {
		return m, false
	}
	v = v[19:]
	if len(v) > 1 && v[0] == '.' {
		i, unit := 1, 100_000_000
		for ; i < len(v) && v[i]-'0' <= 9; i++ {
			m.nanos += int(v[i]-'0') * unit
			unit /= 10
		}
		v = v[i:]
	}
	m.zone = v
	switch {
	case len(v) == 0, len(v) == 1 && v[0] == 'Z':
		return m, true
	case (v[0] == '+' || v[0] == '-') && len(v) >= 3:
		return m, digits(v[1:3]) >= 0
	}
	return m, false
}

// digits returns the number that v spells, or a negative one where v has anything but digits.
func digits(v []byte) int {
	n := 0
	for _, c := range v {
		if c-'0' > 9 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// appendSerial appends the days since 1899-12-30, as spreadsheets count them, to
// ten decimals (8.64 microseconds).
func (m *moment) appendSerial(b []byte) []byte {
	const epoch = 25569 // 1970-01-01
	midnight := time.Date(m.year, time.Month(m.month), m.day, 0, 0, 0, 0, time.UTC).Unix()
	b = strconv.AppendInt(b, midnight/86400+epoch, 10)
	nanos := int64(m.hour*3600+m.minute*60+m.second)*1e9 + int64(m.nanos)
	rest := min((nanos+4320)/8640, 1e10-1)
	if rest > 0 {
		b = append(b, '.')
	}
	for unit := int64(1e9); rest > 0; unit /= 10 {
		b = append(b, byte('0'+rest/unit))
		rest %= unit
	}
	return b
}
