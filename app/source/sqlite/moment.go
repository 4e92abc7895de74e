package sqlite

// moment says how the text of a date or time is put together, in the forms
// that SQLite's own functions read: YYYY-MM-DD, then a space or T and hh:mm,
// :ss, a fraction, and Z or an offset.
type moment struct {
	hasTime    bool
	hasSeconds bool
	fraction   [2]int // where its digits are
	zone       int    // where the zone begins, or the end
	zero       bool   // the time of day is midnight
}

// parseMoment reports whether text is a date or time, and how it is put together.
func parseMoment(s []byte) (m moment, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || !digits(s[0:4]) || !between(s[5:7], 1, 12) || !between(s[8:10], 1, 31) {
		return m, false
	}
	m.zone, m.zero = 10, true
	if len(s) == 10 {
		return m, true
	}
	if len(s) < 16 || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || !between(s[11:13], 0, 23) || !between(s[14:16], 0, 59) {
		return m, false
	}
	m.hasTime = true
	m.zero = string(s[11:16]) == "00:00"
	i := 16
	if len(s) >= 19 && s[16] == ':' {
		if !between(s[17:19], 0, 59) {
			return m, false
		}
		m.hasSeconds = true
		m.zero = m.zero && string(s[17:19]) == "00"
		i = 19
		if len(s) > 20 && s[19] == '.' {
			i = 20
			for i < len(s) && s[i] >= '0' && s[i] <= '9' {
				m.zero = m.zero && s[i] == '0'
				i++
			}
			if i == 20 {
				return m, false
			}
			m.fraction = [2]int{20, i}
		}
	}
	m.zone = i
	rest := s[i:]
	switch {
	case len(rest) == 0:
	case len(rest) == 1 && rest[0] == 'Z':
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':' && between(rest[1:3], 0, 15) && between(rest[4:6], 0, 59):
	default:
		return m, false
	}
	return m, true
}

// midnight reports whether nothing but the day is told.
func (m moment) midnight() bool { return m.zero }

// append appends the canonical form of the time in s.
func (m moment) append(to, s []byte) []byte {
	to = append(to, s[:10]...)
	to = append(to, 'T')
	switch {
	case !m.hasTime:
		to = append(to, "00:00:00"...)
	case !m.hasSeconds:
		to = append(to, s[11:16]...)
		to = append(to, ":00"...)
	default:
		to = append(to, s[11:19]...)
	}
	end := min(m.fraction[1], m.fraction[0]+9) // no more than nanoseconds
	for end > m.fraction[0] && s[end-1] == '0' {
		end--
	}
	if end > m.fraction[0] {
		to = append(to, '.')
		to = append(to, s[m.fraction[0]:end]...)
	}
	return append(to, s[m.zone:]...)
}

func digits(s []byte) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// between reports whether two digits make a number from low to high.
func between(s []byte, low, high int) bool {
	if !digits(s) {
		return false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n >= low && n <= high
}
