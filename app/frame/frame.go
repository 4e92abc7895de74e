// Package frame holds a result: typed columns and rows of values as exact text,
// read in batches or kept whole up to a cap, formatted for people and written
// as CSV, XLSX and JSON without ever holding more than one batch.
package frame

import "fmt"

// Kind says what the values of a column are, whatever the database calls them.
type Kind uint8

// The kinds of the public contract.
const (
	Other Kind = iota
	Number
	Text
	Time // a date with a time of day
	Date // a day
	Bool
	JSON
	Binary
)

var kindNames = [...]string{"other", "number", "text", "time", "date", "bool", "json", "binary"}

// String returns the kind's name in the public contract.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, n := range kindNames {
		if n == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("unknown kind %q", text)
}

// Column describes one column of a result.
type Column struct {
	Name string
	// Type is the database's own name of the type, lower case, such as "numeric(10,2)" or "timestamptz".
	Type string
	Kind Kind
	// Digits, where not 0, is the number of significant digits to which numbers
	// are rounded when read, for results that are inexact by nature (averages).
	Digits int
}

// Values are kept as text in one canonical form per kind, so that nothing is
// lost between a driver and a writer:
//
//	Number  decimal digits as the database gave them: "-12", "0.10", "1e+30", "NaN", "Infinity", "-Infinity"
//	Time    "2006-01-02T15:04:05[.999999999]" and, where the database knows the zone, "Z" or "+02:00"
//	Date    "2006-01-02"
//	Bool    "true" or "false"
//	JSON    the document
//	Binary  the raw bytes
//	Text, Other   UTF-8 text

// Batch is a run of rows in row-major order over one arena of bytes. A driver
// fills it, a writer reads it; it is reused, so nobody keeps what Cell returns.
type Batch struct {
	width int
	arena []byte
	ends  []uint32 // one a cell: where its bytes end; the top bit marks a null
}

const nullBit = 1 << 31

// TargetBatchBytes is where a driver stops filling a batch. MaxCellBytes bounds
// one value: a larger one is cut, and nothing that holds many values keeps more
// than maxArena bytes of them, since their ends are counted in 31 bits.
const (
	TargetBatchBytes = 256 << 10
	MaxCellBytes     = 256 << 20
	maxArena         = 1 << 30
)

// Reset empties the batch and sets the number of columns.
func (b *Batch) Reset(width int) {
	b.width = width
	b.arena = b.arena[:0]
	b.ends = b.ends[:0]
	if cap(b.arena) > 8*TargetBatchBytes {
		b.arena = nil // one huge cell must not be held on to for the rest of the stream
	}
}

// Width returns the number of columns.
func (b *Batch) Width() int { return b.width }

// Rows returns the number of whole rows.
func (b *Batch) Rows() int {
	if b.width == 0 {
		return 0
	}
	return len(b.ends) / b.width
}

// Bytes returns how many bytes the values take.
func (b *Batch) Bytes() int { return len(b.arena) }

// Full reports whether a driver should hand the batch over before adding another row.
func (b *Batch) Full() bool {
	return len(b.arena) >= TargetBatchBytes || len(b.ends) >= 1<<14
}

// AppendNull adds a null as the next cell.
func (b *Batch) AppendNull() {
	b.ends = append(b.ends, uint32(len(b.arena))|nullBit)
}

// Append adds a value, already in canonical form, as the next cell.
func (b *Batch) Append(value []byte) {
	value = value[:min(len(value), MaxCellBytes)]
	b.arena = append(b.arena, value...)
	b.ends = append(b.ends, uint32(len(b.arena)))
}

// AppendString is Append for a string.
func (b *Batch) AppendString(value string) {
	value = value[:min(len(value), MaxCellBytes)]
	b.arena = append(b.arena, value...)
	b.ends = append(b.ends, uint32(len(b.arena)))
}

// AppendFunc adds as the next cell what f appends to the arena it is given.
func (b *Batch) AppendFunc(f func(arena []byte) []byte) {
	b.arena = f(b.arena)
	b.ends = append(b.ends, uint32(len(b.arena)))
}

// Cell returns the value of a cell and whether it is not null; the bytes are
// valid until the next Reset.
func (b *Batch) Cell(row, col int) (value []byte, ok bool) {
	i := row*b.width + col
	end := b.ends[i]
	if end&nullBit != 0 {
		return nil, false
	}
	var start uint32
	if i > 0 {
		start = b.ends[i-1] &^ nullBit
	}
	return b.arena[start:end:end], true
}

// Truncate drops all rows from row n on.
func (b *Batch) Truncate(n int) {
	if n >= b.Rows() {
		return
	}
	b.ends = b.ends[:n*b.width]
	if len(b.ends) == 0 {
		b.arena = b.arena[:0]
		return
	}
	b.arena = b.arena[:b.ends[len(b.ends)-1]&^nullBit]
}

// appendRow copies a row of another batch of the same width.
func (b *Batch) appendRow(from *Batch, row int) {
	for c := range from.width {
		if v, ok := from.Cell(row, c); ok {
			b.Append(v)
		} else {
			b.AppendNull()
		}
	}
}
