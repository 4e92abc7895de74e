package sqlserver

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"assay/app/source"
)

// fakeServer speaks just enough TDS for tests of the pool and of streaming
// where no SQL Server is at hand; it runs no SQL.
type fakeServer struct {
	tb     testing.TB
	listen net.Listener
	tls    *tls.Config
	// answer writes the tokens for a batch; stop is closed when the client sends an attention or leaves.
	answer func(sql string, w *tokens, stop <-chan struct{})
	// login, where set, is the error the login gets.
	login *serverError
	// deaf makes the server ignore attentions.
	deaf bool

	mu       sync.Mutex
	batches  []string
	conns    int
	open     int
	attended int
}

type serverError struct {
	number  int32
	class   byte
	message string
	line    uint32
}

func newFake(tb testing.TB, answer func(sql string, w *tokens, stop <-chan struct{})) *fakeServer {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &fakeServer{tb: tb, listen: l, answer: answer}
	tb.Cleanup(func() { l.Close() })
	return s
}

func (s *fakeServer) start() *fakeServer {
	go func() {
		for {
			c, err := s.listen.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func (s *fakeServer) config() source.Config {
	a := s.listen.Addr().(*net.TCPAddr)
	return source.Config{Kind: "sqlserver", Host: "127.0.0.1", Port: a.Port, Database: "shop", User: "reader", Password: "very-secret",
		TLS: source.TLS{Mode: source.TLSDisable}, Options: map[string]string{"isolation": "read_committed"}}
}

func (s *fakeServer) seen() (batches []string, open, attended int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.batches...), s.open, s.attended
}

func (s *fakeServer) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// message is one request of a client.
type message struct {
	kind byte
	body []byte
}

func readMessage(r io.Reader) (message, error) {
	var m message
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return m, err
		}
		body := make([]byte, int(binary.BigEndian.Uint16(head[2:]))-8)
		if _, err := io.ReadFull(r, body); err != nil {
			return m, err
		}
		m.kind, m.body = head[0], append(m.body, body...)
		if head[1]&1 != 0 {
			return m, nil
		}
	}
}

func (s *fakeServer) serve(c net.Conn) {
	defer c.Close()
	if s.tls != nil {
		t := tls.Server(c, s.tls)
		if t.Handshake() != nil {
			return
		}
		c = t
	}
	s.mu.Lock()
	s.conns++
	s.open++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()
	requests := make(chan message)
	attention := make(chan struct{}, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			m, err := readMessage(c)
			if err != nil {
				return
			}
			if m.kind == 6 {
				s.mu.Lock()
				s.attended++
				s.mu.Unlock()
				if !s.deaf {
					attention <- struct{}{}
				}
				continue
			}
			select {
			case requests <- m:
			case <-time.After(30 * time.Second):
				return
			}
		}
	}()
	for {
		var m message
		select {
		case m = <-requests:
		case <-attention:
			w := &tokens{}
			w.done(0x20, 0)
			w.send(c)
			continue
		case <-gone:
			return
		}
		w := &tokens{conn: c}
		switch m.kind {
		case 18:
			// VERSION at 11, ENCRYPTION at 17: not supported, or not needed inside of TLS.
			w.buf = []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 16, 0, 0, 0, 0, 0, 2}
			w.send(c)
			continue
		case 16:
			if s.login != nil {
				w.fail(*s.login)
				w.done(2, 0)
			} else {
				w.loginAck()
				w.done(0, 0)
			}
			w.send(c)
			continue
		}
		sql := text(m)
		s.mu.Lock()
		s.batches = append(s.batches, sql)
		s.mu.Unlock()
		stop := make(chan struct{})
		finished := make(chan struct{})
		attended := false
		go func() {
			defer close(finished)
			s.answer(sql, w, stop)
		}()
	wait:
		for {
			select {
			case <-attention:
				attended = true
				close(stop)
				<-finished
				break wait
			case <-gone:
				close(stop)
				<-finished
				return
			case <-finished:
				break wait
			}
		}
		if attended {
			w.done(0x20, 0)
		} else {
			w.done(0, 0)
		}
		w.send(c)
	}
}

// text returns the SQL of a batch, or all text in a call with parameters.
func text(m message) string {
	body := m.body[binary.LittleEndian.Uint32(m.body):]
	if m.kind == 3 {
		var b strings.Builder
		for i := 0; i+1 < len(body); i++ {
			if body[i+1] == 0 && body[i] >= ' ' && body[i] < 127 {
				b.WriteByte(body[i])
				i++
			}
		}
		return b.String()
	}
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(body[2*i:])
	}
	return string(utf16.Decode(units))
}

// tokens collects the answer's token stream.
type tokens struct {
	conn net.Conn
	buf  []byte
}

func (w *tokens) bytes(b ...byte) { w.buf = append(w.buf, b...) }
func (w *tokens) u16(v int)       { w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(v)) }
func (w *tokens) u32(v uint32)    { w.buf = binary.LittleEndian.AppendUint32(w.buf, v) }
func (w *tokens) u64(v uint64)    { w.buf = binary.LittleEndian.AppendUint64(w.buf, v) }
func (w *tokens) ucs2(s string) {
	for _, u := range utf16.Encode([]rune(s)) {
		w.u16(int(u))
	}
}

func (w *tokens) short(s string) {
	w.bytes(byte(len(utf16.Encode([]rune(s)))))
	w.ucs2(s)
}

func (w *tokens) loginAck() {
	w.bytes(0xAD)
	w.u16(1 + 4 + 1 + 8 + 4)
	w.bytes(1, 0x74, 0, 0, 4)
	w.short("Fake")
	w.bytes(16, 0, 0, 0)
}

func (w *tokens) fail(e serverError) {
	body := &tokens{}
	body.u32(uint32(e.number))
	body.bytes(1, e.class)
	body.u16(len(utf16.Encode([]rune(e.message))))
	body.ucs2(e.message)
	body.short("fake")
	body.short("")
	body.u32(e.line)
	w.bytes(0xAA)
	w.u16(len(body.buf))
	w.bytes(body.buf...)
}

func (w *tokens) done(status, rows int) {
	w.bytes(0xFD)
	w.u16(status)
	w.u16(0xC1)
	w.u64(uint64(rows))
}

// column describes a column by the bytes of its type.
type column struct {
	name string
	kind []byte
}

func (w *tokens) columns(list ...column) {
	w.bytes(0x81)
	w.u16(len(list))
	for _, c := range list {
		w.u32(0)
		w.u16(1)
		w.bytes(c.kind...)
		w.short(c.name)
	}
}

func (w *tokens) row(values ...[]byte) {
	w.bytes(0xD1)
	for _, v := range values {
		w.bytes(v...)
	}
}

// flush sends what there is as a part of the answer, and reports whether the client still listens.
func (w *tokens) flush() bool { return w.packets(w.conn, 0) == nil }

func (w *tokens) send(c net.Conn) { _ = w.packets(c, 1) }

func (w *tokens) packets(c net.Conn, last byte) error {
	for {
		part := w.buf
		status := last
		if len(part) > 4000 {
			part, status = part[:4000], 0
		}
		w.buf = w.buf[len(part):]
		packet := []byte{4, status, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(packet[2:], uint16(8+len(part)))
		if _, err := c.Write(append(packet, part...)); err != nil {
			return err
		}
		if len(w.buf) == 0 {
			return nil
		}
	}
}

var (
	intType      = []byte{0x26, 8}
	nvarcharType = []byte{0xE7, 0x40, 0x1F, 9, 4, 0xD0, 0, 0x34}
	decimalType  = []byte{0x6A, 17, 10, 2}
	bitType      = []byte{0x68, 1}
	realType     = []byte{0x6D, 4}
	guidType     = []byte{0x24, 16}
	dateType     = []byte{0x28}
	stampType    = []byte{0x2A, 7}
	offsetType   = []byte{0x2B, 7}
)

func bigint(v int64) []byte {
	return binary.LittleEndian.AppendUint64([]byte{8}, uint64(v))
}

func nvarchar(s string) []byte {
	w := &tokens{}
	w.u16(2 * len(utf16.Encode([]rune(s))))
	w.ucs2(s)
	return w.buf
}
