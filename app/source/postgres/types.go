package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/frame"
)

// typeInfo is what decoding needs to know of a type.
type typeInfo struct {
	name    string
	kind    frame.Kind
	decode  decoder
	modify  modifier
	arrayOf bool
}

// modifier says how a type's modifier is written after its name.
type modifier uint8

const (
	noModifier modifier = iota
	lengthModifier
	bitModifier
	precisionModifier
	numericModifier
	intervalModifier
)

// builtin lists PostgreSQL's own types that results commonly hold: the type's
// number, that of its array, its name and what it is.
var builtin = []struct {
	oid, array uint32
	info       typeInfo
}{
	{16, 1000, typeInfo{name: "boolean", kind: frame.Bool, decode: decodeBool}},
	{17, 1001, typeInfo{name: "bytea", kind: frame.Binary, decode: decodeBytea}},
	{18, 1002, typeInfo{name: `"char"`, kind: frame.Text}},
	{19, 1003, typeInfo{name: "name", kind: frame.Text}},
	{20, 1016, typeInfo{name: "bigint", kind: frame.Number}},
	{21, 1005, typeInfo{name: "smallint", kind: frame.Number}},
	{22, 1006, typeInfo{name: "int2vector", kind: frame.Other}},
	{23, 1007, typeInfo{name: "integer", kind: frame.Number}},
	{24, 1008, typeInfo{name: "regproc", kind: frame.Text}},
	{25, 1009, typeInfo{name: "text", kind: frame.Text}},
	{26, 1028, typeInfo{name: "oid", kind: frame.Number}},
	{27, 1010, typeInfo{name: "tid", kind: frame.Other}},
	{28, 1011, typeInfo{name: "xid", kind: frame.Other}},
	{30, 1013, typeInfo{name: "oidvector", kind: frame.Other}},
	{114, 199, typeInfo{name: "json", kind: frame.JSON}},
	{142, 143, typeInfo{name: "xml", kind: frame.Text}},
	{600, 1017, typeInfo{name: "point", kind: frame.Other}},
	{601, 1018, typeInfo{name: "lseg", kind: frame.Other}},
	{602, 1019, typeInfo{name: "path", kind: frame.Other}},
	{603, 1020, typeInfo{name: "box", kind: frame.Other}},
	{604, 1027, typeInfo{name: "polygon", kind: frame.Other}},
	{628, 629, typeInfo{name: "line", kind: frame.Other}},
	{650, 651, typeInfo{name: "cidr", kind: frame.Text}},
	{700, 1021, typeInfo{name: "real", kind: frame.Number}},
	{701, 1022, typeInfo{name: "double precision", kind: frame.Number}},
	{718, 719, typeInfo{name: "circle", kind: frame.Other}},
	{774, 775, typeInfo{name: "macaddr8", kind: frame.Text}},
	{790, 791, typeInfo{name: "money", kind: frame.Text}},
	{829, 1040, typeInfo{name: "macaddr", kind: frame.Text}},
	{869, 1041, typeInfo{name: "inet", kind: frame.Text}},
	{1042, 1014, typeInfo{name: "char", kind: frame.Text, modify: lengthModifier}},
	{1043, 1015, typeInfo{name: "varchar", kind: frame.Text, modify: lengthModifier}},
	{1082, 1182, typeInfo{name: "date", kind: frame.Date}},
	{1083, 1183, typeInfo{name: "time", kind: frame.Other, modify: precisionModifier}},
	{1114, 1115, typeInfo{name: "timestamp", kind: frame.Time, decode: decodeTime, modify: precisionModifier}},
	{1184, 1185, typeInfo{name: "timestamptz", kind: frame.Time, decode: decodeTime, modify: precisionModifier}},
	{1186, 1187, typeInfo{name: "interval", kind: frame.Other, modify: intervalModifier}},
	{1266, 1270, typeInfo{name: "timetz", kind: frame.Other, modify: precisionModifier}},
	{1560, 1561, typeInfo{name: "bit", kind: frame.Text, modify: bitModifier}},
	{1562, 1563, typeInfo{name: "bit varying", kind: frame.Text, modify: bitModifier}},
	{1700, 1231, typeInfo{name: "numeric", kind: frame.Number, modify: numericModifier}},
	{2205, 2210, typeInfo{name: "regclass", kind: frame.Text}},
	{2206, 2211, typeInfo{name: "regtype", kind: frame.Text}},
	{2249, 2287, typeInfo{name: "record", kind: frame.Other}},
	{2278, 0, typeInfo{name: "void", kind: frame.Other}},
	{2950, 2951, typeInfo{name: "uuid", kind: frame.Text}},
	{3220, 3221, typeInfo{name: "pg_lsn", kind: frame.Other}},
	{3614, 3643, typeInfo{name: "tsvector", kind: frame.Other}},
	{3615, 3645, typeInfo{name: "tsquery", kind: frame.Other}},
	{3802, 3807, typeInfo{name: "jsonb", kind: frame.JSON}},
	{3904, 3905, typeInfo{name: "int4range", kind: frame.Other}},
	{3906, 3907, typeInfo{name: "numrange", kind: frame.Other}},
	{3908, 3909, typeInfo{name: "tsrange", kind: frame.Other}},
	{3910, 3911, typeInfo{name: "tstzrange", kind: frame.Other}},
	{3912, 3913, typeInfo{name: "daterange", kind: frame.Other}},
	{3926, 3927, typeInfo{name: "int8range", kind: frame.Other}},
	{4072, 4073, typeInfo{name: "jsonpath", kind: frame.Other}},
	{4089, 4090, typeInfo{name: "regnamespace", kind: frame.Text}},
	{4096, 4097, typeInfo{name: "regrole", kind: frame.Text}},
	{4451, 6150, typeInfo{name: "int4multirange", kind: frame.Other}},
	{4532, 6151, typeInfo{name: "nummultirange", kind: frame.Other}},
	{4533, 6152, typeInfo{name: "tsmultirange", kind: frame.Other}},
	{4534, 6153, typeInfo{name: "tstzmultirange", kind: frame.Other}},
	{4535, 6155, typeInfo{name: "datemultirange", kind: frame.Other}},
	{4536, 6157, typeInfo{name: "int8multirange", kind: frame.Other}},
	{705, 0, typeInfo{name: "unknown", kind: frame.Text}},
	{2275, 1263, typeInfo{name: "cstring", kind: frame.Text}},
}

var builtinTypes = func() map[uint32]typeInfo {
	m := make(map[uint32]typeInfo, 2*len(builtin))
	for _, b := range builtin {
		m[b.oid] = b.info
		if b.array != 0 {
			m[b.array] = typeInfo{name: b.info.name, kind: frame.Other, modify: b.info.modify, arrayOf: true}
		}
	}
	return m
}()

// fullName returns the type's name with its length or precision.
func (t typeInfo) fullName(typmod int32) string {
	name := t.name
	if suffix := t.modify.text(typmod); suffix != "" {
		name += suffix
	}
	if t.arrayOf {
		name += "[]"
	}
	return name
}

func (m modifier) text(typmod int32) string {
	if typmod < 0 {
		return ""
	}
	switch m {
	case lengthModifier:
		if typmod > 4 {
			return "(" + strconv.Itoa(int(typmod-4)) + ")"
		}
	case bitModifier, precisionModifier:
		return "(" + strconv.Itoa(int(typmod)) + ")"
	case intervalModifier:
		if p := typmod & 0xffff; p != 0xffff {
			return "(" + strconv.Itoa(int(p)) + ")"
		}
	case numericModifier:
		if typmod >= 4 {
			precision, scale := (typmod-4)>>16&0xffff, (typmod-4)&0x7ff
			scale = (scale ^ 1024) - 1024 // eleven bits with a sign
			return fmt.Sprintf("(%d,%d)", precision, scale)
		}
	}
	return ""
}

// describe returns the columns of a result and how to decode each.
func (db *database) describe(ctx context.Context, fields []pgconn.FieldDescription) ([]frame.Column, []decoder) {
	columns, decoders := make([]frame.Column, len(fields)), make([]decoder, len(fields))
	infos := db.infos(ctx, fields)
	for i, f := range fields {
		info := infos[i]
		columns[i] = frame.Column{Name: f.Name, Type: info.fullName(f.TypeModifier), Kind: info.kind}
		decoders[i] = info.decode
	}
	return columns, decoders
}

// infos returns what is known of each field's type; the server is asked for
// types that are neither built in nor asked for before.
func (db *database) infos(ctx context.Context, fields []pgconn.FieldDescription) []typeInfo {
	infos := make([]typeInfo, len(fields))
	var unknown []uint32
	db.mu.Lock()
	for i, f := range fields {
		info, ok := builtinTypes[f.DataTypeOID]
		if !ok {
			if info, ok = db.types[f.DataTypeOID]; !ok {
				unknown = append(unknown, f.DataTypeOID)
			}
		}
		infos[i] = info
	}
	db.mu.Unlock()
	if len(unknown) == 0 {
		return infos
	}
	db.lookUp(ctx, unknown)
	db.mu.Lock()
	defer db.mu.Unlock()
	for i, f := range fields {
		if infos[i].name == "" {
			if info, ok := db.types[f.DataTypeOID]; ok {
				infos[i] = info
			} else {
				infos[i] = typeInfo{name: "unknown", kind: frame.Other}
			}
		}
	}
	return infos
}

// lookUp asks for types on a connection of its own, outside the pool: the
// caller's is in the middle of a result, and waiting for another would hang
// where all are.
func (db *database) lookUp(ctx context.Context, oids []uint32) {
	db.inquiry.Lock()
	defer db.inquiry.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, _, err := db.connect(ctx)
	if err != nil {
		return
	}
	defer closeSoon(conn)
	list := make([]string, len(oids))
	for i, oid := range oids {
		list[i] = strconv.FormatUint(uint64(oid), 10)
	}
	result := conn.ExecParams(ctx, `SELECT t.oid, pg_catalog.format_type(t.oid, NULL), t.typcategory, t.typname FROM pg_catalog.pg_type t WHERE t.oid IN (`+
		strings.Join(list, ",")+")", nil, nil, nil, nil).Read()
	if result.Err != nil {
		return
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.types == nil {
		db.types = map[uint32]typeInfo{}
	}
	for _, row := range result.Rows {
		oid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err == nil {
			db.types[uint32(oid)] = userType(string(row[1]), string(row[2]))
		}
	}
}

// userType returns what can be told of a type from its category.
func userType(name, category string) typeInfo {
	t := typeInfo{name: strings.ToLower(name), kind: frame.Other}
	switch category {
	case "S", "E":
		t.kind = frame.Text
	case "N":
		t.kind = frame.Number
	}
	return t
}
