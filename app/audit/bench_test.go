package audit

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// BenchmarkWrite measures how long an event takes until it is on the disk, and
// BenchmarkWriteQuick until it is with the system, with one writer and with many at once.
func BenchmarkWrite(b *testing.B) { benchmarkWrites(b, (*Log).Write) }

func BenchmarkWriteQuick(b *testing.B) { benchmarkWrites(b, (*Log).WriteQuick) }

func benchmarkWrites(b *testing.B, write func(*Log, context.Context, Event) error) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := open(b, b.TempDir())
			var wg sync.WaitGroup
			share := b.N/writers + 1
			b.ResetTimer()
			for w := range writers {
				wg.Go(func() {
					for n := range share {
						if err := write(l, As(b.Context(), actor(w)), event(n)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(share*writers)/b.Elapsed().Seconds(), "records/s")
			if v := verdict(b, l); !v.OK || v.Count != int64(share*writers) {
				b.Fatal(v)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	l := open(b, b.TempDir())
	const records = 50_000
	var wg sync.WaitGroup
	for w := range 200 {
		wg.Go(func() {
			for n := range records / 200 {
				if err := l.Write(As(b.Context(), actor(w)), event(n)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if v := verdict(b, l); !v.OK || v.Count != records {
			b.Fatal(v)
		}
	}
	b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
