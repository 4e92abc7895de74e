package demo

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// write inserts the whole company in one transaction.
func write(ctx context.Context, conn *sql.Conn, c *company) (err error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	for _, insert := range []func(context.Context, *sql.Tx, *company) error{
		writeMasters, writeOrders, writeLines, writeTickets,
	} {
		if err := insert(ctx, tx, c); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// inserter gathers rows of one table and inserts many with one statement.
type inserter struct {
	ctx    context.Context
	tx     *sql.Tx
	table  string
	width  int
	full   *sql.Stmt
	values []any
}

// rowsAtOnce keeps the widest table well below SQLite's limit of variables.
const rowsAtOnce = 100

func into(ctx context.Context, tx *sql.Tx, table string, width int) (*inserter, error) {
	full, err := tx.PrepareContext(ctx, insertText(table, width, rowsAtOnce))
	return &inserter{ctx: ctx, tx: tx, table: table, width: width, full: full}, err
}

func insertText(table string, width, rows int) string {
	row := "(?" + strings.Repeat(",?", width-1) + ")"
	return "INSERT INTO " + table + " VALUES " + row + strings.Repeat(","+row, rows-1)
}

func (i *inserter) add(row ...any) error {
	if len(row) != i.width {
		return fmt.Errorf("%s takes %d values, not %d", i.table, i.width, len(row))
	}
	i.values = append(i.values, row...)
	if len(i.values) < i.width*rowsAtOnce {
		return nil
	}
	_, err := i.full.ExecContext(i.ctx, i.values...)
	i.values = i.values[:0]
	return err
}

// done inserts what is left.
func (i *inserter) done() error {
	if len(i.values) > 0 {
		if _, err := i.tx.ExecContext(i.ctx, insertText(i.table, i.width, len(i.values)/i.width), i.values...); err != nil {
			return err
		}
	}
	return i.full.Close()
}

// euro is exact enough: the nearest double of an amount in cents, the same on every machine.
func euro(cents int64) float64 { return float64(cents) / 100 }

// orNull turns the zero value into a null.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func writeMasters(ctx context.Context, tx *sql.Tx, c *company) error {
	in, err := into(ctx, tx, "customers", 9)
	if err != nil {
		return err
	}
	for _, r := range c.customers {
		if err := in.add(r.id, r.name, r.email, r.segment, r.country, r.city, dateText(r.signup), r.newsletter, orNull(r.born)); err != nil {
			return err
		}
	}
	if err := in.done(); err != nil {
		return err
	}
	if in, err = into(ctx, tx, "products", 10); err != nil {
		return err
	}
	for _, r := range c.products {
		var retired any
		if r.retired >= 0 {
			retired = dateText(r.retired)
		}
		if err := in.add(r.id, r.sku, r.name, r.line.category, r.line.subcategory, r.line.supplier,
			euro(r.cost), euro(r.price(lastDay)), dateText(r.launched), retired); err != nil {
			return err
		}
	}
	if err := in.done(); err != nil {
		return err
	}
	if in, err = into(ctx, tx, "shops", 8); err != nil {
		return err
	}
	for _, r := range shops {
		if err := in.add(r.id, r.name, r.channel, r.country, r.city, r.opened, orNull(r.closed), orNull(r.metres)); err != nil {
			return err
		}
	}
	if err := in.done(); err != nil {
		return err
	}
	if in, err = into(ctx, tx, "campaigns", 7); err != nil {
		return err
	}
	for _, r := range campaigns {
		if err := in.add(r.id, r.name, r.channel, r.from, r.to, euro(r.cost), orNull(r.code)); err != nil {
			return err
		}
	}
	return in.done()
}

func writeOrders(ctx context.Context, tx *sql.Tx, c *company) error {
	in, err := into(ctx, tx, "orders", 8)
	if err != nil {
		return err
	}
	for i := range c.orders {
		r := &c.orders[i]
		if err := in.add(int64(i+1), r.customer.id, r.shop.id, stamp(r.at), r.status, r.payment, euro(r.shipping), orNull(r.code)); err != nil {
			return err
		}
	}
	return in.done()
}

func writeLines(ctx context.Context, tx *sql.Tx, c *company) error {
	in, err := into(ctx, tx, "order_lines", 7)
	if err != nil {
		return err
	}
	for i := range c.orders {
		for j := c.orders[i].from; j < c.orders[i].to; j++ {
			r := &c.lines[j]
			if err := in.add(int64(j+1), int64(i+1), r.product.id, r.quantity, euro(r.price), euro(r.percent), euro(r.total)); err != nil {
				return err
			}
		}
	}
	return in.done()
}

func writeTickets(ctx context.Context, tx *sql.Tx, c *company) error {
	in, err := into(ctx, tx, "support_tickets", 8)
	if err != nil {
		return err
	}
	for i := range c.tickets {
		r := &c.tickets[i]
		var order, closed any
		if r.order >= 0 {
			order = int64(r.order + 1)
		}
		if r.closed >= 0 {
			closed = stamp(r.closed)
		}
		if err := in.add(int64(i+1), r.customer.id, order, stamp(r.opened), closed, r.topic, r.priority, orNull(r.satisfaction)); err != nil {
			return err
		}
	}
	return in.done()
}
