package postgres

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"assay/app/source"
)

// TestAttackServerSendsFrames: a hostile server lets the login in, then answers
// with frames of random kinds, lengths and contents. Whatever they are, what
// comes of it is a failure, soon and in the memory of one message.
func TestAttackServerSendsFrames(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	random := rand.New(rand.NewPCG(3, 4))
	frame := func(kind byte, body string) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
	}
	hello := append(frame('R', "\x00\x00\x00\x00"), frame('K', "\x00\x00\x00\x01\x00\x00\x00\x02")...)
	hello = append(hello, frame('S', "server_version\x0015.0\x00")...)
	hello = append(hello, frame('Z', "I")...)
	const kinds = "RKSZTDCEN123nstIAGHWVvcdp\x00\xff"
	attack := func() (out []byte) {
		if random.IntN(3) > 0 {
			out = append(out, hello...)
		}
		for range 1 + random.IntN(6) {
			body := make([]byte, random.IntN(64))
			for i := range body {
				body[i] = byte(random.Uint32())
			}
			length := uint32(len(body) + 4)
			switch random.IntN(6) {
			case 0:
				length = random.Uint32() // more or less than comes
			case 1:
				length = []uint32{0, 3, 4, 1 << 30, 1<<31 - 1, 1 << 31, 1<<32 - 1}[random.IntN(7)]
			}
			out = append(out, kinds[random.IntN(len(kinds))])
			out = binary.BigEndian.AppendUint32(out, length)
			out = append(out, body...)
		}
		return out
	}
	const rounds = 300
	attacks := make(chan []byte, rounds*4)
	for range rounds * 4 {
		attacks <- attack()
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(300 * time.Millisecond))
				var size [4]byte
				if _, err := io.ReadFull(c, size[:]); err != nil {
					return
				}
				io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(size[:])-4))
				select {
				case a := <-attacks:
					c.Write(a)
				default:
				}
			}()
		}
	}()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun := time.Now()
	for i := range rounds {
		opened, err := New().Open(source.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "u", Password: "p", Database: "d", TLS: source.TLS{Mode: source.TLSDisable}})
		if err != nil {
			t.Fatal(err)
		}
		db := opened.(*database)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if i%2 == 0 {
			_, err = db.Probe(ctx)
		} else {
			_, err = db.all(ctx, "SELECT 1")
		}
		cancel()
		db.Close()
		if err != nil && source.AsFailure(err) == nil {
			t.Fatalf("round %d: %v is no failure", i, err)
		}
		if i%50 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			if grown := int64(now.HeapInuse) - int64(before.HeapInuse); grown > maxMessage+64<<20 {
				t.Fatalf("the heap grew by %d MiB", grown>>20)
			}
		}
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("%d hostile answers took %s", rounds, took)
	}
	if len(attacks) == rounds*4 {
		t.Error("nobody came, so the test proves nothing")
	}
}
