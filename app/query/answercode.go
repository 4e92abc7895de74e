package query

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"time"

	"assay/app/frame"
)

// answerEncoding names the way in which answers are written down; it is part of
// their keys, so that another build's are never read.
const answerEncoding = "answer 1"

// answerHead is what is written of an answer before its cells.
type answerHead struct {
	ID        string         `json:"id"`
	SQL       string         `json:"sql"`
	Elapsed   time.Duration  `json:"elapsed"`
	At        time.Time      `json:"at"`
	Truncated bool           `json:"truncated"`
	Rows      int            `json:"rows"`
	Columns   []frame.Column `json:"columns"`
}

var errAnswer = errors.New("no answer of this encoding")

// encode writes the answer down, compressed.
func (r *Result) encode() ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriter(z)
	head, err := json.Marshal(answerHead{r.ID, r.SQL, r.Elapsed, r.At, r.Frame.Truncated, r.Frame.Rows(), r.Frame.Columns})
	if err != nil {
		return nil, err
	}
	var number []byte
	put := func(n int, value []byte) {
		number = binary.AppendUvarint(number[:0], uint64(n))
		w.Write(number)
		w.Write(value)
	}
	w.WriteString(answerEncoding)
	put(len(head), head)
	for row := range r.Frame.Rows() {
		for col := range r.Frame.Columns {
			if v, ok := r.Frame.Cell(row, col); ok {
				put(len(v)+1, v)
			} else {
				put(0, nil)
			}
		}
	}
	if err := errors.Join(w.Flush(), z.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decodeAnswer reads what encode wrote, of at most so many bytes when unpacked;
// anything else is an error.
func decodeAnswer(body []byte, most int) (*Result, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(io.LimitReader(z, int64(most)))
	magic := make([]byte, len(answerEncoding))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != answerEncoding {
		return nil, errAnswer
	}
	var value bytes.Buffer
	take := func(n uint64) (string, error) {
		value.Reset()
		if n > uint64(most) {
			return "", errAnswer
		}
		if _, err := io.CopyN(&value, in, int64(n)); err != nil {
			return "", err
		}
		return value.String(), nil
	}
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	text, err := take(n)
	if err != nil {
		return nil, err
	}
	var head answerHead
	if err := json.Unmarshal([]byte(text), &head); err != nil || len(head.Columns) == 0 || head.Rows < 0 {
		return nil, errAnswer
	}
	f := frame.New(head.Columns...)
	f.Truncated = head.Truncated
	texts, row := make([]string, len(head.Columns)), make([]*string, len(head.Columns))
	for range head.Rows {
		for i := range row {
			n, err := binary.ReadUvarint(in)
			if err != nil {
				return nil, err
			}
			if row[i] = nil; n == 0 {
				continue
			}
			if texts[i], err = take(n - 1); err != nil {
				return nil, err
			}
			row[i] = &texts[i]
		}
		f.Append(row...)
	}
	// Read to its end, what was packed proves its checksum.
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, errAnswer
	}
	return &Result{ID: head.ID, SQL: head.SQL, Elapsed: head.Elapsed, At: head.At.UTC(), Frame: f}, nil
}
