package mysql

import (
	"database/sql"
	"reflect"
	"strconv"
	"strings"

	"assay/app/frame"
)

// decoder adds a value, as the driver gives it, to a batch in canonical form.
type decoder func(b *frame.Batch, v []byte)

// columnsOf returns the columns of a result and how to read them.
func columnsOf(rows *sql.Rows) ([]frame.Column, []decoder, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, nil, err
	}
	lengths := columnLengths(rows, len(types))
	columns := make([]frame.Column, len(types))
	decoders := make([]decoder, len(types))
	for i, t := range types {
		name := strings.ToLower(t.DatabaseTypeName())
		precision, scale, sized := t.DecimalSize()
		base, unsigned := strings.CutPrefix(name, "unsigned ")
		kind, decode := kindOf(base, lengths[i], unsigned)
		columns[i] = frame.Column{Name: t.Name(), Type: typeName(base, precision, scale, sized, lengths[i], unsigned), Kind: kind}
		decoders[i] = decode
	}
	return columns, decoders, nil
}

// columnLengths returns the lengths that the server told, -1 where unknown. The
// driver keeps them to itself, and only they tell TINYINT(1), which is how these
// servers spell a boolean, from a small number.
func columnLengths(rows *sql.Rows, n int) []int64 {
	lengths := make([]int64, n)
	for i := range lengths {
		lengths[i] = -1
	}
	v := reflect.ValueOf(rows).Elem().FieldByName("rowsi")
	for _, step := range []string{"rs", "columns"} {
		for v.IsValid() && (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer) {
			v = v.Elem()
		}
		if !v.IsValid() || v.Kind() != reflect.Struct {
			return lengths
		}
		v = v.FieldByName(step)
	}
	if !v.IsValid() || v.Kind() != reflect.Slice || v.Len() != n {
		return lengths
	}
	for i := range lengths {
		if f := v.Index(i); f.Kind() == reflect.Struct {
			if l := f.FieldByName("length"); l.IsValid() && l.CanUint() {
				lengths[i] = int64(l.Uint())
			}
		}
	}
	return lengths
}

func typeName(base string, precision, scale int64, sized bool, length int64, unsigned bool) string {
	switch {
	case base == "decimal" && sized && scale > 0:
		base += "(" + strconv.FormatInt(precision, 10) + "," + strconv.FormatInt(scale, 10) + ")"
	case base == "decimal" && sized:
		base += "(" + strconv.FormatInt(precision, 10) + ")"
	case (base == "datetime" || base == "timestamp" || base == "time") && sized && scale > 0 && scale <= 6:
		base += "(" + strconv.FormatInt(scale, 10) + ")"
	case (base == "tinyint" && length == 1 || base == "bit") && length > 0:
		base += "(" + strconv.FormatInt(length, 10) + ")"
	}
	if unsigned {
		base += " unsigned"
	}
	return base
}

// kindOf returns the kind of a type and how to read it; the length is that of
// the result's description, -1 where unknown.
func kindOf(base string, length int64, unsigned bool) (frame.Kind, decoder) {
	switch base {
	case "tinyint":
		if length == 1 && !unsigned {
			return frame.Bool, appendBool
		}
		return frame.Number, appendInteger
	case "smallint", "mediumint", "int", "bigint", "year":
		return frame.Number, appendInteger
	case "decimal":
		return frame.Number, appendInteger
	case "float", "double":
		return frame.Number, appendFloat
	case "bit":
		if length == 1 {
			return frame.Bool, appendBit
		}
		return frame.Number, appendBits
	case "date":
		return frame.Date, (*frame.Batch).Append
	case "datetime", "timestamp":
		return frame.Time, appendTime
	case "json":
		return frame.JSON, (*frame.Batch).Append
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set":
		return frame.Text, (*frame.Batch).Append
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "vector":
		return frame.Binary, (*frame.Batch).Append
	}
	return frame.Other, (*frame.Batch).Append
}

// appendInteger adds a number without the zeros that ZEROFILL puts before it.
func appendInteger(b *frame.Batch, v []byte) {
	for len(v) > 1 && v[0] == '0' && isDigit(v[1]) {
		v = v[1:]
	}
	b.Append(v)
}

func appendFloat(b *frame.Batch, v []byte) {
	x, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		b.Append(v)
		return
	}
	b.AppendFunc(func(arena []byte) []byte { return frame.AppendFloat(arena, x) })
}

func appendBool(b *frame.Batch, v []byte) {
	if len(v) == 1 && v[0] == '0' {
		b.AppendString("false")
	} else {
		b.AppendString("true")
	}
}

func appendBit(b *frame.Batch, v []byte) {
	if len(v) == 1 && v[0] == 0 {
		b.AppendString("false")
	} else {
		b.AppendString("true")
	}
}

// appendBits adds a BIT(n), which comes as bytes, the highest first.
func appendBits(b *frame.Batch, v []byte) {
	var n uint64
	for _, c := range v {
		n = n<<8 | uint64(c)
	}
	b.AppendFunc(func(arena []byte) []byte { return strconv.AppendUint(arena, n, 10) })
}

// appendTime adds "2006-01-02 15:04:05.000000" with a T and without the zeros
// that end the fraction. A zero date is no time and stays as it is.
func appendTime(b *frame.Batch, v []byte) {
	if len(v) < 19 || v[10] != ' ' || string(v[:4]) == "0000" {
		b.Append(v)
		return
	}
	end := len(v)
	if end > 19 {
		for end > 20 && v[end-1] == '0' {
			end--
		}
		if end == 20 {
			end = 19
		}
	}
	b.AppendFunc(func(arena []byte) []byte {
		arena = append(arena, v[:10]...)
		arena = append(arena, 'T')
		return append(arena, v[11:end]...)
	})
}
