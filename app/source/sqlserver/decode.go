package sqlserver

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/app/frame"
)

// kindOf returns the kind of a data type by its name in small letters, without length.
func kindOf(name string) frame.Kind {
	switch name {
	case "tinyint", "smallint", "int", "bigint", "decimal", "numeric", "money", "smallmoney", "float", "real":
		return frame.Number
	case "bit":
		return frame.Bool
	case "char", "varchar", "text", "nchar", "nvarchar", "ntext", "xml", "uniqueidentifier", "sysname":
		return frame.Text
	case "date":
		return frame.Date
	case "datetime", "datetime2", "smalldatetime", "datetimeoffset":
		return frame.Time
	case "json":
		return frame.JSON
	case "binary", "varbinary", "image", "timestamp", "rowversion", "hierarchyid", "geography", "geometry":
		return frame.Binary
	}
	return frame.Other
}

// describer is what the rows of go-mssqldb tell about their columns.
type describer interface {
	ColumnTypeDatabaseTypeName(i int) string
	ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool)
	ColumnTypeLength(i int) (length int64, ok bool)
}

// columnOf describes the i-th column of a result.
func columnOf(rows describer, i int, name string) frame.Column {
	// The driver panics for CLR types that are not SQL Server's own.
	base, err := protect(func() (string, error) { return strings.ToLower(rows.ColumnTypeDatabaseTypeName(i)), nil })
	if err != nil {
		return frame.Column{Name: name, Type: "unknown", Kind: frame.Other}
	}
	col := frame.Column{Name: name, Type: base, Kind: kindOf(base)}
	switch base {
	case "decimal":
		if p, s, ok := rows.ColumnTypePrecisionScale(i); ok {
			col.Type = fmt.Sprintf("decimal(%d,%d)", p, s)
		}
	case "datetime2", "datetimeoffset", "time":
		if _, s, ok := rows.ColumnTypePrecisionScale(i); ok {
			col.Type = fmt.Sprintf("%s(%d)", base, s)
		}
	case "char", "varchar", "nchar", "nvarchar", "binary", "varbinary":
		if n, ok := rows.ColumnTypeLength(i); ok {
			col.Type = fmt.Sprintf("%s(%d)", base, n)
			if n > 8000 {
				col.Type = base + "(max)"
			}
		}
	}
	return col
}

// decoder appends values of one column in canonical form.
type decoder func(dst []byte, v driver.Value) []byte

// decoderOf returns the decoder for values of the data type (small letters,
// without length); zone, where not nil, is the zone in which times that know theirs are shown.
func decoderOf(base string, zone *time.Location) decoder {
	switch base {
	case "real":
		return func(dst []byte, v driver.Value) []byte {
			if f, ok := v.(float64); ok {
				return appendReal(dst, f)
			}
			return appendAny(dst, v)
		}
	case "date":
		return func(dst []byte, v driver.Value) []byte {
			if t, ok := v.(time.Time); ok {
				return t.AppendFormat(dst, time.DateOnly)
			}
			return appendAny(dst, v)
		}
	case "time":
		return func(dst []byte, v driver.Value) []byte {
			if t, ok := v.(time.Time); ok {
				return t.AppendFormat(dst, "15:04:05.999999999")
			}
			return appendAny(dst, v)
		}
	case "datetimeoffset":
		return func(dst []byte, v driver.Value) []byte {
			if t, ok := v.(time.Time); ok {
				if zone != nil {
					t = t.In(zone)
				}
				return frame.AppendTime(dst, t, true)
			}
			return appendAny(dst, v)
		}
	case "datetime", "datetime2", "smalldatetime":
		return func(dst []byte, v driver.Value) []byte {
			if t, ok := v.(time.Time); ok {
				return frame.AppendTime(dst, t, false)
			}
			return appendAny(dst, v)
		}
	case "uniqueidentifier":
		return func(dst []byte, v driver.Value) []byte {
			if b, ok := v.([]byte); ok && len(b) == 16 {
				return appendGUID(dst, b)
			}
			return appendAny(dst, v)
		}
	case "sql_variant":
		return appendVariant
	}
	return appendAny
}

func appendAny(dst []byte, v driver.Value) []byte {
	switch v := v.(type) {
	case string:
		return append(dst, v...)
	case []byte: // decimals and money arrive as digits, binary values as they are
		return append(dst, v...)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return frame.AppendFloat(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case time.Time:
		return frame.AppendTime(dst, v, false)
	}
	return fmt.Append(dst, v)
}

// appendReal writes the shortest digits of a 32-bit float, which as a float64 would show noise.
func appendReal(dst []byte, f float64) []byte {
	exact, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	if err != nil {
		exact = f
	}
	return frame.AppendFloat(dst, exact)
}

// appendGUID writes a uniqueidentifier as SQL Server shows it: its first three groups are stored little end first.
func appendGUID(dst, b []byte) []byte {
	order := [...]int{3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15}
	const digits = "0123456789ABCDEF"
	for _, i := range order {
		if i < 0 {
			dst = append(dst, '-')
			continue
		}
		dst = append(dst, digits[b[i]>>4], digits[b[i]&15])
	}
	return dst
}

// appendVariant writes a sql_variant by the type that its value has.
func appendVariant(dst []byte, v driver.Value) []byte {
	switch v := v.(type) {
	case []byte:
		switch {
		case decimalDigits(v):
			return append(dst, v...)
		case len(v) == 16:
			return appendGUID(dst, v)
		}
		return hex.AppendEncode(append(dst, "0x"...), v)
	case time.Time:
		switch {
		case v.Location() != time.UTC:
			return frame.AppendTime(dst, v, true)
		case v.Year() == 1 && v.YearDay() == 1:
			return v.AppendFormat(dst, "15:04:05.999999999")
		}
		return frame.AppendTime(dst, v, false)
	}
	return appendAny(dst, v)
}

func decimalDigits(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	for _, c := range b {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0
}
