package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

// checkpointFile lies in the data directory and not in the store, so that who
// cuts the end off the record in the store is found out. It is only ever added
// to: a line holds a seq, the hash of that record, the time and a seal.
const checkpointFile = "audit.checkpoint"

// checkpoint is a line of the file.
type checkpoint struct {
	seq  int64
	hash string
	at   time.Time
}

func (c checkpoint) parts() []string {
	return []string{strconv.FormatInt(c.seq, 10), c.hash, spell(c.at)}
}

// checkpoints is what is remembered of the file, in bounded memory: all its
// lines while they are few, else every second, fourth and so on, and the one
// that is furthest.
type checkpoints struct {
	seen      map[int64]string
	last      checkpoint
	valid     int
	torn      int // lines that a crash left unfinished
	forged    int // whole lines with a seal that is not ours
	forgedSeq int64
}

const rememberedCheckpoints = 4096

// check compares a record with the checkpoint that saw it, if any.
func (c checkpoints) check(seq int64, hash string) *breach {
	if want, ok := c.seen[seq]; ok && want != hash || seq == c.last.seq && c.last.hash != hash {
		return &breach{Changed, InCheckpoint, seq, 0}
	}
	return nil
}

// readCheckpoints reads the file in the folder. Without a folder, a file or a
// key there are none.
func readCheckpoints(dir string, s *sealer) (c checkpoints, err error) {
	c.seen = map[int64]string{}
	if dir == "" || s == nil {
		return c, nil
	}
	f, err := os.Open(filepath.Join(dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	defer f.Close()
	every := 1
	lines := bufio.NewReaderSize(f, 1<<10)
	for {
		line, err := lines.ReadSlice('\n')
		whole := err == nil
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return c, err
		}
		if len(line) > 0 {
			one, mac, ok := parseCheckpoint(string(line))
			switch {
			case !whole || !ok:
				c.torn++
			case !s.holds(mac, checkpointLabel, one.parts()...):
				c.forged++
				if c.forgedSeq == 0 {
					c.forgedSeq = one.seq
				}
			default:
				c.valid++
				if one.seq >= c.last.seq {
					c.last = one
				}
				if c.valid%every == 0 {
					c.seen[one.seq] = one.hash
				}
				for len(c.seen) > rememberedCheckpoints {
					every *= 2
					odd := false
					for seq := range c.seen {
						if odd = !odd; odd {
							delete(c.seen, seq)
						}
					}
				}
			}
		}
		if err != nil {
			return c, nil
		}
	}
}

func parseCheckpoint(line string) (c checkpoint, mac string, ok bool) {
	f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	if len(f) != 4 {
		return c, "", false
	}
	seq, err := strconv.ParseInt(f[0], 10, 64)
	at, err2 := time.Parse(moment, f[2])
	return checkpoint{seq, f[1], at}, f[3], err == nil && err2 == nil && len(f[1]) == 64 && len(f[3]) == 64
}

// marker remembers what this process wrote to the file last.
type marker struct {
	mu     sync.Mutex
	last   checkpoint
	logged time.Time
}

// mark adds the end of the record to the file, if it moved on since this
// process did so last, and returns the latest checkpoint.
func (l *Log) mark(ctx context.Context) (_ checkpoint, err error) {
	defer fault.Wrap(&err, "audit.mark")
	l.marks.mu.Lock()
	defer l.marks.mu.Unlock()
	last := l.marks.last
	key, err := l.unlock(ctx)
	if err != nil {
		return last, err
	}
	var h head
	if err := l.db.Read().NewRaw("SELECT "+headColumns+" FROM audit_head WHERE id = 1").Scan(ctx, h.dest()...); err != nil {
		return last, err
	}
	s := newSealer(key)
	switch {
	case h.seal != "" && !h.holds(s):
		return last, errors.New("the end of the audit record was changed; run assay audit verify")
	case h.seq < last.seq:
		return last, fmt.Errorf("the audit record ends at %d and reached %d before; run assay audit verify", h.seq, last.seq)
	case h.seq == last.seq:
		return last, nil
	}
	// What is told outside must be on the disk here: a write takes all before it along.
	err = l.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		h, err = lockHead(ctx, tx)
		return err
	})
	if err != nil {
		return last, err
	}
	c := checkpoint{h.seq, h.hash, l.now().UTC().Truncate(time.Microsecond)}
	if l.dir != "" {
		if err := addLine(filepath.Join(l.dir, checkpointFile), strings.Join(append(c.parts(), s.seal(checkpointLabel, c.parts()...)), " ")+"\n"); err != nil {
			return last, err
		}
	}
	l.marks.last = c
	return c, nil
}

// addLine adds a line to a file with one write, so that two processes do not
// mix theirs; after a crash in the middle of one it begins a new line.
func addLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil && size > 0 {
		var end [1]byte
		if _, err := f.ReadAt(end[:], size-1); err == nil && end[0] != '\n' {
			line = "\n" + line
		}
	}
	if _, err := f.WriteString(line); err != nil {
		return err
	}
	return f.Sync()
}

// Checkpoint writes the end of the record to the file beside the store now, as
// before a backup.
func (l *Log) Checkpoint(ctx context.Context) error {
	_, err := l.mark(ctx)
	return err
}

// Keep writes a checkpoint at most once a minute and at the end, until ctx ends,
// and tells the log of one a day: a line that lies where the store does not.
// Close the store after it returned.
func (l *Log) Keep(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	l.keepAt(ctx, log, ticker.C)
}

func (l *Log) keepAt(ctx context.Context, log *slog.Logger, ticks <-chan time.Time) {
	told := ""
	tell := func(ctx context.Context) {
		c, err := l.mark(ctx)
		if err != nil {
			// The same trouble is told once, not every minute.
			if message := err.Error(); message != told && ctx.Err() == nil {
				told = message
				log.Error("audit checkpoint not written", "err", err)
			}
			return
		}
		told = ""
		if now := l.now(); c.seq > 0 && now.Sub(l.marks.logged) >= 24*time.Hour {
			l.marks.logged = now
			log.Info("audit checkpoint", "seq", c.seq, "hash", c.hash)
		}
	}
	for {
		tell(ctx)
		select {
		case <-ticks:
		case <-ctx.Done():
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			tell(closing)
			return
		}
	}
}
