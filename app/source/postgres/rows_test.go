package postgres

import (
	"context"
	"errors"
	"io"

	"assay/app/frame"
)

// drainAll reads rows to their end and returns their number.
func drainAll(ctx context.Context, rows frame.Rows) (n int, err error) {
	defer rows.Close()
	var b frame.Batch
	for {
		if err := rows.Next(ctx, &b); err != nil {
			if errors.Is(err, io.EOF) {
				return n, nil
			}
			return n, err
		}
		n += b.Rows()
	}
}
