package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"strconv"
)

// ref is the number of an object in the file.
type ref int

func (r ref) String() string { return strconv.Itoa(int(r)) + " 0 R" }

// file writes objects as they come: streams at once, all others packed by the
// hundreds into compressed streams (PDF 1.5, "object streams"), and at the end
// the table that says where each one is. Nothing is held but that table.
type file struct {
	w       io.Writer
	sum     hash.Hash
	n       int64
	err     error
	entries []entry // by number; 0 is free
	pack    bytes.Buffer
	packed  []packedAt
	zip     *zlib.Writer
	zipped  bytes.Buffer
}

// entry is where an object is: at a place in the file, or the index-th in a stream of objects.
type entry struct {
	in    ref
	place int64
	known bool
}

type packedAt struct {
	object ref
	at     int
}

func newFile(w io.Writer) *file {
	f := &file{w: w, sum: sha256.New(), entries: make([]entry, 1)}
	f.zip = zlib.NewWriter(&f.zipped)
	f.write([]byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"))
	return f
}

func (f *file) write(b []byte) {
	if f.err != nil {
		return
	}
	n, err := f.w.Write(b)
	f.sum.Write(b[:n])
	f.n += int64(n)
	f.err = err
}

func (f *file) reserve() ref {
	f.entries = append(f.entries, entry{})
	return ref(len(f.entries) - 1)
}

// put writes an object that is no stream.
func (f *file) put(r ref, body []byte) {
	f.packed = append(f.packed, packedAt{r, f.pack.Len()})
	f.pack.Write(body)
	f.pack.WriteByte('\n')
	if len(f.packed) >= 400 {
		f.flush()
	}
}

func (f *file) putf(r ref, format string, args ...any) { f.put(r, fmt.Appendf(nil, format, args...)) }

func (f *file) flush() {
	if len(f.packed) == 0 {
		return
	}
	in := f.reserve()
	var head bytes.Buffer
	for i, p := range f.packed {
		fmt.Fprintf(&head, "%d %d ", p.object, p.at)
		f.entries[p.object] = entry{in: in, place: int64(i), known: true}
	}
	n, first := len(f.packed), head.Len()
	head.Write(f.pack.Bytes())
	f.pack.Reset()
	f.packed = f.packed[:0]
	f.stream(in, fmt.Sprintf("/Type /ObjStm /N %d /First %d", n, first), head.Bytes())
}

// stream writes a stream, compressed, with further entries of its dictionary.
func (f *file) stream(r ref, dictionary string, data []byte) {
	f.zipped.Reset()
	f.zip.Reset(&f.zipped)
	f.zip.Write(data)
	f.zip.Close()
	f.rawStream(r, dictionary+" /Filter /FlateDecode", f.zipped.Bytes())
}

func (f *file) rawStream(r ref, dictionary string, data []byte) {
	f.entries[r] = entry{place: f.n, known: true}
	f.write(fmt.Appendf(nil, "%d 0 obj\n<<%s /Length %d>>\nstream\n", r, dictionary, len(data)))
	f.write(data)
	f.write([]byte("\nendstream\nendobj\n"))
}

// finish writes the table of objects. The file's id is made from its content,
// so that the same document is the same file.
func (f *file) finish(catalog, info ref) error {
	f.flush()
	at := f.n
	self := f.reserve()
	f.entries[self] = entry{place: at, known: true}
	id := fmt.Sprintf("%x", f.sum.Sum(nil)[:16])
	table := make([]byte, 0, 7*len(f.entries))
	for i, e := range f.entries {
		kind, a, b := byte(1), uint32(e.place), uint16(0)
		switch {
		case i == 0:
			kind, a, b = 0, 0, 65535
		case !e.known:
			kind, a = 0, 0
		case e.in != 0:
			kind, a, b = 2, uint32(e.in), uint16(e.place)
		}
		table = append(table, kind)
		table = binary.BigEndian.AppendUint32(table, a)
		table = binary.BigEndian.AppendUint16(table, b)
	}
	f.stream(self, fmt.Sprintf("/Type /XRef /Size %d /W [1 4 2] /Root %s /Info %s /ID [<%s> <%s>]", len(f.entries), catalog, info, id, id), table)
	f.write(fmt.Appendf(nil, "startxref\n%d\n%%%%EOF\n", at))
	return f.err
}

// appendNumber writes a length in points with as many decimals as can be seen.
func appendNumber(b []byte, v float64) []byte {
	if v != v || v > 1e7 || v < -1e7 {
		v = 0
	}
	at := len(b)
	b = strconv.AppendFloat(b, v, 'f', 2, 64)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	if string(b[at:]) == "-0" {
		b = append(b[:at], '0')
	}
	return b
}

func number(v float64) string { return string(appendNumber(nil, v)) }

// literal writes words as a string object.
func literal(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			plain = false
			break
		}
	}
	if !plain {
		return "<FEFF" + utf16Hex(s) + ">"
	}
	b := append(make([]byte, 0, len(s)+2), '(')
	for i := range len(s) {
		if s[i] == '(' || s[i] == ')' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return string(append(b, ')'))
}

func utf16Hex(s string) string {
	var b []byte
	for _, r := range s {
		if r >= 0x10000 {
			r -= 0x10000
			b = fmt.Appendf(b, "%04X%04X", 0xd800+r>>10, 0xdc00+r&0x3ff)
		} else {
			b = fmt.Appendf(b, "%04X", r)
		}
	}
	return string(b)
}
