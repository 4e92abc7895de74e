package frame

import (
	"context"
	"io"
	"strconv"
)

// WriteNDJSON streams the rows to w, one JSON object a line with the columns'
// names as its keys; names that occur again become name_2, name_3 and so on. An
// error of the first batch is returned before anything is written. A later one
// is returned with nothing appended, and whoever serves the lines must break
// the connection so that they do not pass for all there are. It does not close
// the rows.
func WriteNDJSON(ctx context.Context, w io.Writer, rows Rows) (Summary, error) {
	e := &lineEncoder{columns: rows.Columns()}
	for i, name := range uniqueNames(e.columns) {
		key := []byte{'{'}
		if i > 0 {
			key[0] = ','
		}
		e.keys = append(e.keys, append(appendJSONString(key, []byte(name)), ':'))
	}
	return encode(ctx, w, rows, e)
}

type lineEncoder struct {
	columns []Column
	keys    [][]byte // each with what stands before it
}

func (e *lineEncoder) begin(b []byte, _ *Batch) []byte { return b }

func (e *lineEncoder) row(b []byte, batch *Batch, row int) []byte {
	for i := range e.columns {
		b = append(b, e.keys[i]...)
		start := len(b)
		v, ok := batch.Cell(row, i)
		b = appendJSON(b, &e.columns[i], v, ok)
		if e.columns[i].Kind == JSON {
			onOneLine(b, start)
		}
	}
	return append(b, '}', '\n')
}

func (e *lineEncoder) end(b []byte, _ Summary, _ error) []byte { return b }

// uniqueNames returns a name a column, none of them empty or twice.
func uniqueNames(columns []Column) []string {
	taken := make(map[string]bool, len(columns))
	for _, c := range columns {
		taken[c.Name] = true
	}
	names := make([]string, len(columns))
	used := make(map[string]bool, len(columns))
	for i, c := range columns {
		name, n := c.Name, 1
		if name == "" {
			name = "column_" + strconv.Itoa(i+1)
		}
		base := name
		for used[name] || name != c.Name && taken[name] {
			n++
			name = base + "_" + strconv.Itoa(n)
		}
		names[i], used[name] = name, true
	}
	return names
}
