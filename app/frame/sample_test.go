package frame

import (
	"context"
	"fmt"
	"io"
	"strconv"
)

// orders returns a result like that of a table of orders: 11 columns, one in
// ten rows with a text that needs quotes.
func orders(rows int) *Frame {
	f := New(
		Column{Name: "id", Type: "bigint", Kind: Number},
		Column{Name: "customer_id", Type: "integer", Kind: Number},
		Column{Name: "product_id", Type: "integer", Kind: Number},
		Column{Name: "store_id", Type: "integer", Kind: Number},
		Column{Name: "status", Type: "text", Kind: Text},
		Column{Name: "quantity", Type: "integer", Kind: Number},
		Column{Name: "unit_price", Type: "numeric(10,2)", Kind: Number},
		Column{Name: "total", Type: "numeric(12,2)", Kind: Number},
		Column{Name: "discount", Type: "double precision", Kind: Number},
		Column{Name: "ordered_at", Type: "timestamptz", Kind: Time},
		Column{Name: "note", Type: "text", Kind: Text},
	)
	status := []string{"paid", "shipped", "pending", "refunded", "cancelled"}
	for i := range rows {
		texts := []string{
			strconv.Itoa(i + 1), strconv.Itoa(1 + i*7919%100000), strconv.Itoa(1 + i*40503%5000),
			strconv.Itoa(1 + i*97%200), status[i*13%17%5], strconv.Itoa(1 + i%9),
			fmt.Sprintf("%.2f", 5+float64(i*7919%20000)/100), fmt.Sprintf("%.2f", float64(1+i%9)*(5+float64(i*7919%20000)/100)),
			fmt.Sprint(float64(i%30) / 100),
			fmt.Sprintf("2021-%02d-%02dT%02d:%02d:%02dZ", 1+i%12, 1+i%28, i%24, i%60, i*7%60),
			fmt.Sprintf("note \"quoted\", with comma %d", i),
		}
		values := make([]*string, len(texts))
		for c := range texts {
			if c == 8 && i%4 != 0 || c == 10 && i%10 != 0 {
				continue
			}
			values[c] = &texts[c]
		}
		f.Append(values...)
	}
	return f
}

// repeated reads a frame again and again up to a number of rows, without the
// cost of making them.
type repeated struct {
	f    *Frame
	rows int
}

func (r *repeated) Columns() []Column { return r.f.Columns }

func (r *repeated) Next(_ context.Context, b *Batch) error {
	b.Reset(len(r.f.Columns))
	if r.rows <= 0 {
		return io.EOF
	}
	for i := 0; !b.Full() && r.rows > 0; i++ {
		b.appendRow(&r.f.cells, i%r.f.Rows())
		r.rows--
	}
	return nil
}

func (r *repeated) Close() error { return nil }

// failing gives the rows of a frame in batches of one and then an error.
type failing struct {
	f    *Frame
	next int
	err  error
}

func (r *failing) Columns() []Column { return r.f.Columns }

func (r *failing) Next(_ context.Context, b *Batch) error {
	b.Reset(len(r.f.Columns))
	if r.next >= r.f.Rows() {
		return r.err
	}
	b.appendRow(&r.f.cells, r.next)
	r.next++
	return nil
}

func (r *failing) Close() error { return nil }

func ptr(s string) *string { return &s }
