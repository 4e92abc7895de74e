package vault_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/vault"
)

func mustRotate(t *testing.T, v *vault.Vault) vault.Report {
	t.Helper()
	r, err := v.Rotate(t.Context())
	if err != nil {
		t.Fatalf("%v\n%+v", err, r)
	}
	return r
}

func TestRotationSealsEveryTableAnew(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			const n = 205 // more than are read at once
			s, key := engine(t)(), newKey(t)
			v := vault.Hurry(openVault(t, s, key))
			fill(t, s, v, n)
			first := vault.LiveKeys(v)
			r := mustRotate(t, v)
			want := vault.Report{Primary: r.Primary, Added: true, Live: []string{first[0], r.Primary}}
			for _, column := range vault.SealedColumns() {
				want.Tables = append(want.Tables, vault.Count{Table: column, Read: n, Sealed: n})
			}
			if d := cmp.Diff(want, r, cmp.Comparer(func(a, b []string) bool { return slices.Equal(a, b) })); d != "" {
				t.Errorf("the first report (-want +got):\n%s", d)
			}
			check(t, s, v, n)
			for table := range inserts {
				for _, one := range values(t, s, table) {
					if vault.SealedBy(one.Value) != r.Primary {
						t.Fatalf("%s %s is still sealed by %s", table, one.ID, vault.SealedBy(one.Value))
					}
				}
			}
			second := mustRotate(t, v)
			if d := cmp.Diff([]string{first[0]}, second.Removed); d != "" || !slices.Equal(second.Live, []string{r.Primary, second.Primary}) {
				t.Errorf("the second report: %+v", second)
			}
			// After a restart the two keys are all there are, and open everything.
			later := openVault(t, s, key)
			check(t, s, later, n)
			if live := vault.LiveKeys(later); !slices.Equal(live, second.Live) {
				t.Errorf("live keys %v, want %v", live, second.Live)
			}
			if left := snapshot(t, s); bytes.Contains(left, []byte("keys rotation")) {
				t.Error("the rotation's own row stays")
			}
		})
	}
}

func TestRunningVaultNoticesARotation(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, key := engine(t), newKey(t)
			server, command := openVault(t, again(), key), vault.Hurry(openVault(t, again(), key))
			old, err := server.Seal([]byte("old"), "here")
			if err != nil {
				t.Fatal(err)
			}
			r := mustRotate(t, command)
			if got, err := server.Open(old, "here"); err != nil || string(got) != "old" {
				t.Errorf("a value from before: %q, %v", got, err)
			}
			// Its key is unknown to the server until it looks.
			fresh, err := command.Seal([]byte("fresh"), "here")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := server.Open(fresh, "here"); err != nil || string(got) != "fresh" {
				t.Errorf("a value of the new key: %q, %v", got, err)
			}
			next, err := server.Seal([]byte("next"), "here")
			if err != nil || vault.SealedBy(next) != r.Primary {
				t.Errorf("the server seals with %s, want %s: %v", vault.SealedBy(next), r.Primary, err)
			}
		})
	}
}

func TestRotationUnderLoad(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, key := engine(t), newKey(t)
			s := again()
			server, command := openVault(t, s, key), vault.Hurry(openVault(t, again(), key))
			const rows = 12
			fill(t, s, server, rows)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var wrote, read atomic.Int64
			var last sync.Map // what each row was last given
			var all sync.WaitGroup
			for w := range 4 {
				all.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						id := fmt.Sprintf("connections-%04d", w*3+n%3)
						secret := fmt.Sprintf("%s as writer %d wrote it the %dth time", id, w, n)
						err := s.Write(context.Background(), func(ctx context.Context, tx bun.Tx) error {
							// Nobody else writes this row, so what was written last is there.
							var present []byte
							if err := tx.NewRaw("SELECT secret FROM connections WHERE id = ?", id).Scan(ctx, &present); err != nil {
								return err
							}
							got, err := server.Open(present, vault.Place("connections", id, "secret"))
							if want, ok := last.Load(id); err != nil || ok && string(got) != want {
								return fmt.Errorf("%s opens as %q, %v, want %q", id, got, err, want)
							}
							sealed, err := server.SealIn(ctx, tx, []byte(secret), vault.Place("connections", id, "secret"))
							if err != nil {
								return err
							}
							_, err = tx.NewRaw("UPDATE connections SET secret = ? WHERE id = ?", sealed, id).Exec(ctx)
							return err
						})
						if err != nil {
							t.Error("a writer:", err)
							return
						}
						last.Store(id, secret)
						wrote.Add(1)
					}
				})
			}
			for r := range 2 {
				all.Go(func() {
					for n := r; ctx.Err() == nil; n++ {
						id := fmt.Sprintf("connections-%04d", n%rows)
						var sealed []byte
						if err := s.Read().NewRaw("SELECT secret FROM connections WHERE id = ?", id).Scan(context.Background(), &sealed); err != nil {
							t.Error("a reader:", err)
							return
						}
						if _, err := server.Open(sealed, vault.Place("connections", id, "secret")); err != nil {
							t.Error("a reader:", err)
							return
						}
						read.Add(1)
					}
				})
			}
			var primary string
			for range 6 {
				before := wrote.Load()
				r := mustRotate(t, command)
				if len(r.Live) != 2 || r.Primary == primary {
					t.Errorf("%+v", r)
				}
				primary = r.Primary
				until(t, "writing goes on", func() bool { return wrote.Load() > before || t.Failed() })
			}
			stop()
			all.Wait()
			t.Logf("%d values written and %d read during 6 rotations", wrote.Load(), read.Load())
			fresh := openVault(t, again(), key)
			for _, one := range values(t, s, "connections") {
				want, ok := last.Load(one.ID)
				got, err := fresh.Open(one.Value, vault.Place("connections", one.ID, "secret"))
				if err != nil || ok && string(got) != want {
					t.Errorf("%s opens as %q, %v, want %q", one.ID, got, err, want)
				}
			}
		})
	}
}

// until waits for ok with a deadline.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happened: %s", what)
		}
	}
}

func TestValueSealedBeforeARotationAndWrittenAfterIt(t *testing.T) {
	s, key := newStore(t), newKey(t)
	v := openVault(t, s, key)
	fill(t, s, v, 1)
	place := vault.Place("connections", "connections-0000", "secret")
	late, err := v.Seal([]byte("late"), place)
	if err != nil {
		t.Fatal(err)
	}
	first := mustRotate(t, v)
	put(t, s, "connections", "connections-0000", late)
	if got, err := v.Open(late, place); err != nil || string(got) != "late" {
		t.Fatalf("%q, %v", got, err)
	}
	// The next rotation waits until whatever was sealed so has been written.
	begun := time.Now()
	now := begun
	var clock sync.Mutex
	vault.SetClock(v, func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return now
	})
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if r, err := v.Rotate(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a rotation right after another: %+v, %v", r, err)
	}
	clock.Lock()
	now = begun.Add(vault.Settle + time.Second)
	clock.Unlock()
	second := mustRotate(t, v)
	if len(second.Removed) != 1 || second.Live[0] != first.Primary || second.Tables[0].Sealed != 1 {
		t.Errorf("%+v", second)
	}
	if got, err := v.Open(values(t, s, "connections")[0].Value, place); err != nil || string(got) != "late" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDamagedValuesKeepAllKeys(t *testing.T) {
	s, key := newStore(t), newKey(t)
	v := vault.Hurry(openVault(t, s, key))
	fill(t, s, v, 3)
	good := values(t, s, "connections")[1]
	broken := bytes.Clone(good.Value)
	broken[len(broken)-1] ^= 1
	put(t, s, "connections", good.ID, broken)
	put(t, s, "people", "people-0000", []byte("not sealed at all"))
	var primary string
	for round := range 3 {
		r, err := v.Rotate(t.Context())
		if !fault.Is(err, fault.Unavailable) || r.Failed() != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		if round == 0 {
			primary = r.Primary
			if d := cmp.Diff(vault.Count{Table: "connections.secret", Read: 3, Sealed: 2, Failed: 1, Damaged: []string{good.ID}}, r.Tables[0]); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		// It goes on from the rotation that did not get to its end instead of piling up keys.
		if r.Primary != primary || r.Added != (round == 0) || len(r.Live) != 2 || len(r.Removed) != 0 {
			t.Errorf("round %d: %+v", round, r)
		}
	}
	if got := values(t, s, "connections")[1].Value; !bytes.Equal(got, broken) {
		t.Error("the damaged value was changed")
	}
	put(t, s, "connections", good.ID, good.Value)
	put(t, s, "people", "people-0000", nil)
	r := mustRotate(t, v)
	if r.Primary != primary || r.Added || r.Tables[0].Sealed != 1 || r.Tables[0].Already != 2 {
		t.Errorf("after the repair: %+v", r)
	}
	if next := mustRotate(t, v); !next.Added || len(next.Removed) != 1 {
		t.Errorf("the one after: %+v", next)
	}
}

func TestTwoRotationsAtOnceTakeTurns(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, key := engine(t), newKey(t)
			s := again()
			fill(t, s, openVault(t, s, key), 20)
			reports := make(chan vault.Report, 3)
			var all sync.WaitGroup
			for range cap(reports) {
				v := vault.Hurry(openVault(t, again(), key))
				all.Go(func() {
					r, err := v.Rotate(t.Context())
					if err != nil {
						t.Error(err)
					}
					reports <- r
				})
			}
			all.Wait()
			close(reports)
			primaries := map[string]bool{}
			for r := range reports {
				primaries[r.Primary] = true
				for _, c := range r.Tables {
					if c.Read != 20 || c.Sealed != 20 {
						t.Errorf("one of them did not do all of it: %+v", c)
					}
				}
			}
			if len(primaries) != 3 {
				t.Errorf("%d primary keys", len(primaries))
			}
			check(t, s, openVault(t, s, key), 20)
		})
	}
}

func TestInterruptedRotationGoesOn(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, key := engine(t), newKey(t)
			s := again()
			v := vault.Hurry(openVault(t, s, key))
			fill(t, s, v, 10)
			cut, ended := 0, 0
			for i := 0; ended < 3 && i < 60; i++ {
				ctx, stop := context.WithTimeout(t.Context(), time.Duration(i)*time.Duration(i)*100*time.Microsecond)
				if _, err := v.Rotate(ctx); err != nil {
					cut++
				} else {
					ended++
				}
				stop()
				if live := vault.LiveKeys(openVault(t, s, key)); len(live) > 3 {
					t.Fatalf("keys pile up: %v", live)
				}
			}
			if cut < 5 {
				t.Errorf("only %d rotations were cut short", cut)
			}
			r := mustRotate(t, v)
			if len(r.Live) != 2 {
				t.Errorf("%+v", r)
			}
			check(t, s, openVault(t, again(), key), 10)
		})
	}
}

func TestKilledRotationsLoseNothing(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, _, _, err := vault.LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := openStore(t, "", dir)
	server := openVault(t, s, key, vault.Folder(dir)) // stays open all the time
	fill(t, s, server, 10)
	first := vault.LiveKeys(server)[0]
	for round := range 15 {
		child := exec.Command(self)
		child.Env = append(os.Environ(), "ASSAY_TEST_ROTATE="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var problems strings.Builder
		child.Stderr = &problems
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatalf("the child says %q, %v, %s", line, err, &problems)
		}
		time.Sleep(time.Duration(round*13%97) * time.Millisecond) // the moment is what is being tried out
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		child.Wait()
		if problems.Len() > 0 {
			t.Fatal("the child:", problems.String())
		}
		check(t, s, server, 10)
		if _, err := server.Seal([]byte("x"), "y"); err != nil {
			t.Fatal(err)
		}
		// As a start does: the key from the folder, the store with it.
		present, _, made, err := vault.LoadKey(dir)
		if err != nil || made {
			t.Fatal(made, err)
		}
		again := openVault(t, s, present, vault.Folder(dir))
		if err := again.Closed(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		check(t, s, again, 10)
	}
	present, _, _, _ := vault.LoadKey(dir)
	last := vault.Hurry(openVault(t, s, present, vault.Folder(dir)))
	mustRotate(t, last)
	r := mustRotate(t, last)
	if len(r.Live) != 2 || slices.Contains(r.Live, first) {
		t.Errorf("%+v", r)
	}
	if present == key {
		t.Error("no child came to change the master key, so the test proves little")
	}
	check(t, s, server, 10)
}

func TestRotationWaitsForTransactionsThatSeal(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, key := engine(t), newKey(t)
			s := again()
			v, command := openVault(t, s, key), vault.Hurry(openVault(t, again(), key))
			fill(t, s, v, 1)
			place := vault.Place("connections", "connections-0000", "secret")
			sealed, let := make(chan struct{}), make(chan struct{})
			var all sync.WaitGroup
			all.Go(func() {
				err := s.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
					b, err := v.SealIn(ctx, tx, []byte("slow"), place)
					close(sealed)
					<-let
					if err != nil {
						return err
					}
					_, err = tx.NewRaw("UPDATE connections SET secret = ? WHERE id = 'connections-0000'", b).Exec(ctx)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
			<-sealed
			// Three rotations would remove the key of the slow writer if they did not wait for it.
			var done atomic.Int32
			all.Go(func() {
				for range 3 {
					if _, err := command.Rotate(t.Context()); err != nil {
						t.Error(err)
					}
					done.Add(1)
				}
			})
			time.Sleep(100 * time.Millisecond) // enough for all three, if nothing held them
			if done.Load() > 0 {
				t.Error("a rotation went past a transaction that seals")
			}
			close(let)
			all.Wait()
			if got, err := v.Open(values(t, s, "connections")[0].Value, place); err != nil || string(got) != "slow" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestSealDoesNotWaitForABusyStore has all connections to a PostgreSQL store taken
// by transactions that seal the plain way, which looks at the store once more.
func TestSealDoesNotWaitForABusyStore(t *testing.T) {
	again, key := engines["PostgreSQL"](t), newKey(t)
	s := again()
	v := openVault(t, s, key)
	const connections = 16
	var inside, all sync.WaitGroup
	inside.Add(connections)
	for range connections {
		all.Go(func() {
			err := s.Write(t.Context(), func(context.Context, bun.Tx) error {
				inside.Done()
				inside.Wait()
				_, err := v.Seal([]byte("x"), "y")
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
