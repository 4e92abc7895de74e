package source

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestAttackOwnStoreByAnotherName reaches for our store by every name it has.
func TestAttackOwnStoreByAnotherName(t *testing.T) {
	port, accepted := listener(t)
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	reach := Reach{Private: true}
	const ours = "assay"
	for _, tt := range []struct {
		name     string
		store    string // its host as the settings spell it
		config   Config
		port     int
		resolves []string // what names resolve to, in turn
		refused  bool
	}{
		{"as the settings spell it", "127.0.0.1", Config{Host: "127.0.0.1", Database: ours}, number, nil, true},
		{"in other letters", "127.0.0.1", Config{Host: "127.0.0.1", Database: "ASSAY"}, number, nil, true},
		{"by name", "127.0.0.1", Config{Host: "localhost", Database: ours}, number, nil, true},
		{"by address, kept by name", "localhost", Config{Host: "127.0.0.1", Database: ours}, number, nil, true},
		{"mapped", "127.0.0.1", Config{Host: "::ffff:127.0.0.1", Database: ours}, number, nil, true},
		{"by another name", "127.0.0.1", Config{Host: "db.example.com.", Database: ours}, number, []string{"127.0.0.1"}, true},
		{"by a name that changes its mind", "127.0.0.1", Config{Host: "db.example.com.", Database: ours}, number, []string{"203.0.113.7", "127.0.0.1"}, true},
		{"by the user's name alone", "127.0.0.1", Config{Host: "127.0.0.1", User: ours}, number, nil, true},
		{"kept under another address of this machine", "::1", Config{Host: "127.0.0.1", Database: ours}, number, nil, true},
		{"kept under a name that nobody knows", "store.invalid.", Config{Host: "127.0.0.1", Database: ours}, number, nil, true},
		{"another database of the server", "127.0.0.1", Config{Host: "127.0.0.1", Database: "shop"}, number, nil, false},
		{"another server", "127.0.0.1", Config{Host: "127.0.0.1", Database: ours}, number + 1, nil, false},
		{"another server by address", "203.0.113.7", Config{Host: "127.0.0.1", Database: ours}, number, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.resolves != nil {
				names(t, tt.resolves...)
				if len(tt.resolves) > 1 { // what a look beforehand would have seen
					if _, err := net.DefaultResolver.LookupHost(t.Context(), tt.config.Host); err != nil {
						t.Fatal(err)
					}
				}
			}
			tt.config.Kind = "postgres"
			own := Own{Host: tt.store, Port: tt.port, Database: ours}
			conn, err := own.guard(tt.config, reach.Dial)(t.Context(), "tcp", net.JoinHostPort(tt.config.Host, port))
			if conn != nil {
				conn.Close()
			}
			if f := AsFailure(err); tt.refused != (err != nil) || tt.refused && f != errOwn {
				t.Errorf("%v", err)
			}
		})
	}
	if accepted.Load() == 0 {
		t.Error("nothing was reached, so the test proves nothing")
	}
}

func TestAttackOwnFileByAnotherPath(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"assay.db", "other.db"} {
		if err := os.WriteFile(file(name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file("assay.db"), file("link.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file("assay.db"), file("hard.db")); err != nil {
		t.Fatal(err)
	}
	driver := &fakeDriver{kind: "sqlite"}
	s, _, _ := newConnections(t, NewDrivers(driver))
	p := NewPools(s, noDial, Own{Files: []string{file("assay.db"), file("gone.db")}})
	for path, refused := range map[string]bool{
		file("assay.db"): true, dir + "//./assay.db": true, file("link.db"): true, file("hard.db"): true,
		file("other.db"): false, file("gone.db"): false,
	} {
		probe := p.Test(t.Context(), Config{Kind: "sqlite", Path: path})
		if got := probe.Problem == errOwn.Message; got != refused {
			t.Errorf("%s: %+v", path, probe)
		}
	}
}
