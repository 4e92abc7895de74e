package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

func count(t *testing.T, s *Store, query string) int {
	t.Helper()
	var n int
	if err := s.Read().NewRaw(query).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOpenByManyAtOnceMigratesOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := Open(context.Background(), "", dir)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Ping(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s, err := Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := count(t, s, "SELECT count(*) FROM migrations"); n != len(migrations) {
		t.Errorf("%d steps are marked, want %d", n, len(migrations))
	}
	info, err := os.Stat(filepath.Join(dir, "assay.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("store file: %v %v, want mode 0600", info.Mode(), err)
	}
}

func TestFailedMigrationIsNotMarkedAndLeavesNothing(t *testing.T) {
	s, err := Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	broken := append(migrations[:len(migrations):len(migrations)], migration{"9999_broken", []string{
		"CREATE TABLE half (id TEXT)", "CREATE TABLE half (id TEXT)",
	}})
	if err := s.migrate(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "9999_broken") {
		t.Fatalf("got %v, want an error that names the step", err)
	}
	if n := count(t, s, "SELECT count(*) FROM migrations WHERE name = '9999_broken'"); n != 0 {
		t.Error("the failed step is marked as applied")
	}
	if n := count(t, s, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"); n != 0 {
		t.Error("the failed step left a table behind")
	}
}

func TestStoreOfANewerVersionIsRefused(t *testing.T) {
	s, err := Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.migrate(t.Context(), migrations[:1]); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestDuplicateAndMissing(t *testing.T) {
	s, err := Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	insert := func() error {
		return s.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("INSERT INTO folders (id, name, created_at) VALUES (?, 'a', CURRENT_TIMESTAMP)", NewID()).Exec(ctx)
			return Duplicate(err, "taken")
		})
	}
	if err := insert(); err != nil {
		t.Fatal(err)
	}
	if err := insert(); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	var id string
	err = s.Read().NewRaw("SELECT id FROM folders WHERE name = 'none'").Scan(t.Context(), &id)
	if err := Missing(err, "folder"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

func TestIDsAreLongAndDistinct(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		id := NewID()
		if len(id) < 26 || seen[id] {
			t.Fatalf("id %q is short or repeated", id)
		}
		seen[id] = true
	}
}
