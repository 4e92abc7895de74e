package vault

import (
	"context"

	"github.com/uptrace/bun"
)

// column is where sealed values lie: a column of a table whose rows have a text key.
type column struct {
	table, key, value string
	except            []string // keys of rows that hold something else
}

// sealedColumns lists every column that holds sealed values; a value anywhere
// else would be lost with the key that sealed it. The place a value is bound to
// is Place(table, key, value column).
var sealedColumns = []column{
	{table: "connections", key: "id", value: "secret"},
	{table: "keys", key: "id", value: "sealed", except: []string{keysetID, rotationID}},
	{table: "people", key: "id", value: "totp"},
	{table: "providers", key: "id", value: "secret"},
	{table: "channels", key: "id", value: "secret"},
}

// sealedValue is one value and the key of its row.
type sealedValue struct {
	ID    string `bun:"id"`
	Value []byte `bun:"value"`
}

func (c column) place(id string) string { return Place(c.table, id, c.value) }

// present is the condition under which a row holds a sealed value.
const present = "? IS NOT NULL AND length(?) > 0 AND ? NOT IN (?)"

func (c column) conditions() []any {
	except := append([]string{""}, c.except...)
	return []any{bun.Ident(c.value), bun.Ident(c.value), bun.Ident(c.key), bun.List(except)}
}

func (c column) count(ctx context.Context, db bun.IDB) (n int, err error) {
	err = db.NewRaw("SELECT count(*) FROM ? WHERE "+present, append([]any{bun.Ident(c.table)}, c.conditions()...)...).Scan(ctx, &n)
	return n, err
}

// countOf counts the values that a key sealed.
func (c column) countOf(ctx context.Context, db bun.IDB, id uint32) (n int, err error) {
	prefix := []byte{1, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}
	args := append([]any{bun.Ident(c.table)}, c.conditions()...)
	args = append(args, bun.Ident(c.value), prefixLength, prefix)
	err = db.NewRaw("SELECT count(*) FROM ? WHERE "+present+" AND substr(?, 1, ?) = ?", args...).Scan(ctx, &n)
	return n, err
}

// batch is how many values are read at once.
const batch = 200

// after returns the next values by the keys of their rows.
func (c column) after(ctx context.Context, db bun.IDB, key string) (list []sealedValue, err error) {
	args := append([]any{bun.Ident(c.key), bun.Ident(c.value), bun.Ident(c.table)}, c.conditions()...)
	args = append(args, bun.Ident(c.key), key, bun.Ident(c.key), batch)
	err = db.NewRaw("SELECT ? AS id, ? AS value FROM ? WHERE "+present+" AND ? > ? ORDER BY ? LIMIT ?", args...).Scan(ctx, &list)
	return list, err
}

// get returns the value of one row; nil where there is none.
func (c column) get(ctx context.Context, db bun.IDB, id string) ([]byte, error) {
	var list []sealedValue
	err := db.NewRaw("SELECT ? AS id, ? AS value FROM ? WHERE ? = ?", bun.Ident(c.key), bun.Ident(c.value), bun.Ident(c.table), bun.Ident(c.key), id).Scan(ctx, &list)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0].Value, nil
}

// swap replaces a value where it is still the old one.
func (c column) swap(ctx context.Context, db bun.IDB, id string, old, sealed []byte) (swapped bool, err error) {
	res, err := db.NewRaw("UPDATE ? SET ? = ? WHERE ? = ? AND ? = ?", bun.Ident(c.table), bun.Ident(c.value), sealed, bun.Ident(c.key), id, bun.Ident(c.value), old).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
