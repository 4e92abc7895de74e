package postgres

import (
	"encoding/hex"

	"assay/app/frame"
)

// decoder says how a value's text becomes canonical.
type decoder uint8

const (
	decodeText decoder = iota // as it is
	decodeBool
	decodeTime
	decodeBytea
)

// add appends a value to the batch in canonical form.
func (d decoder) add(b *frame.Batch, value []byte) {
	switch {
	case value == nil:
		b.AppendNull()
	case d == decodeText:
		b.Append(value)
	case d == decodeBool:
		switch string(value) {
		case "t":
			b.AppendString("true")
		case "f":
			b.AppendString("false")
		default:
			b.Append(value)
		}
	case d == decodeTime:
		b.AppendFunc(func(arena []byte) []byte { return appendTime(arena, value) })
	case d == decodeBytea:
		b.AppendFunc(func(arena []byte) []byte { return appendBytea(arena, value) })
	}
}

// appendTime turns "2024-01-31 23:59:59.5+02" into "2024-01-31T23:59:59.5+02:00";
// infinities and years before Christ stay as they are.
func appendTime(arena, v []byte) []byte {
	space := -1
	for i, c := range v {
		if c == ' ' {
			space = i
			break
		}
	}
	if space < 10 || v[len(v)-1] == 'C' {
		return append(arena, v...)
	}
	arena = append(arena, v[:space]...)
	arena = append(arena, 'T')
	clock := v[space+1:]
	zone := -1
	for i, c := range clock {
		if c == '+' || c == '-' {
			zone = i
			break
		}
	}
	if zone < 0 {
		return append(arena, clock...)
	}
	arena = append(arena, clock[:zone]...)
	offset := clock[zone:]
	switch {
	case string(offset) == "+00":
		return append(arena, 'Z')
	case len(offset) == 3:
		arena = append(arena, offset...)
		return append(arena, ":00"...)
	case len(offset) > 6: // seconds, in the local times of long ago
		return append(arena, offset[:6]...)
	}
	return append(arena, offset...)
}

// appendBytea turns the hex form, or the older escaped one, into the bytes.
func appendBytea(arena, v []byte) []byte {
	if len(v) >= 2 && v[0] == '\\' && v[1] == 'x' {
		decoded, err := hex.AppendDecode(arena, v[2:])
		if err == nil {
			return decoded
		}
		return append(arena, v...)
	}
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] != '\\':
			arena = append(arena, v[i])
		case i+1 < len(v) && v[i+1] == '\\':
			arena = append(arena, '\\')
			i++
		case i+3 < len(v):
			arena = append(arena, (v[i+1]-'0')<<6|(v[i+2]-'0')<<3|(v[i+3]-'0'))
			i += 3
		}
	}
	return arena
}
