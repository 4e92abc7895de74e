// Package sourcetest holds the one exercise that every driver passes, and the
// throw-away database servers it runs on.
package sourcetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/app/source"
)

// Server is a throw-away database server with an admin login, shared by the
// tests of one process and stopped by Main.
type Server struct {
	Kind, Host string
	Port       int
	User       string
	Password   string
	// CA is the PEM text of the authority that signed the server's certificate.
	CA string

	engine engine
}

// engine is what differs between the kinds of servers.
type engine interface {
	// exec runs a script of several statements as admin; database "" is the one for administration.
	exec(ctx context.Context, s *Server, database, script string) error
	// create returns the script, run in the administration database, that makes an empty database.
	create(database string) string
	// reader returns the script, run in the database, that makes a login which may only read it.
	reader(database, login, password string) string
	// drop returns the scripts, run in the administration database, that remove both.
	drop(database, login string) []string
}

// started is a server or why it did not start, remembered for the process.
type started struct {
	once   sync.Once
	server *Server
	err    error
}

var registry struct {
	sync.Mutex
	servers map[string]*started
	stops   []func()
}

// Main runs the tests, then stops every server that was started, and exits.
func Main(m *testing.M) {
	code := m.Run()
	registry.Lock()
	stops := registry.stops
	registry.stops = nil
	registry.Unlock()
	for _, stop := range stops {
		stop()
	}
	os.Exit(code)
}

// shared returns the process's server of the kind, started by start on first use.
func shared(tb testing.TB, kind string, start func() (*Server, error)) *Server {
	tb.Helper()
	registry.Lock()
	if registry.servers == nil {
		registry.servers = map[string]*started{}
	}
	s := registry.servers[kind]
	if s == nil {
		s = &started{}
		registry.servers[kind] = s
	}
	registry.Unlock()
	s.once.Do(func() { s.server, s.err = start() })
	if s.err != nil {
		tb.Fatalf("starting a throw-away %s server: %v", kind, s.err)
	}
	return s.server
}

// atExit has Main call stop.
func atExit(stop func()) {
	registry.Lock()
	defer registry.Unlock()
	registry.stops = append(registry.stops, stop)
}

// Config returns an admin configuration for the database.
func (s *Server) Config(database string) source.Config {
	return source.Config{
		Kind: s.Kind, Host: s.Host, Port: s.Port, Database: database,
		User: s.User, Password: s.Password,
		TLS: source.TLS{Mode: source.TLSDisable},
	}
}

// Exec runs a script of several statements as admin; an empty database is the one for administration.
func (s *Server) Exec(tb testing.TB, database, script string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := s.engine.exec(ctx, s, database, script); err != nil {
		tb.Fatalf("running a script on the %s test server: %v", s.Kind, err)
	}
}

// NewDatabase makes a database with a random name, runs the script in it, makes
// a login that may only read, and drops both when the test ends.
func (s *Server) NewDatabase(tb testing.TB, script string) (admin, reader source.Config) {
	tb.Helper()
	name := "t" + strings.ToLower(rand.Text()[:12])
	login, password := name+"_r", strings.ToLower(rand.Text())
	s.Exec(tb, "", s.engine.create(name))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, script := range s.engine.drop(name, login) {
			// A statement that a test left behind may take a while to end on a busy machine.
			err := s.engine.exec(ctx, s, "", script)
			for err != nil && ctx.Err() == nil {
				time.Sleep(200 * time.Millisecond)
				err = s.engine.exec(ctx, s, "", script)
			}
			if err != nil {
				tb.Errorf("dropping a test database: %v", err)
			}
		}
	})
	s.Exec(tb, name, script)
	s.Exec(tb, name, s.engine.reader(name, login, password))
	admin, reader = s.Config(name), s.Config(name)
	reader.User, reader.Password = login, password
	return admin, reader
}

// freePort returns a loopback port that nothing listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// newDir makes an empty directory that belongs to the owner.
func newDir(kind string, as *owner) (string, error) {
	dir, err := os.MkdirTemp("", "assay-"+kind+"-")
	if err != nil {
		return "", err
	}
	return dir, as.own(dir)
}

// writeFile writes a file into dir that the owner alone may read.
func writeFile(dir, name, content string, as *owner) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", err
	}
	return path, as.own(path)
}

// waitFor polls until answers returns nil, the process ends or a minute has passed.
func waitFor(p *process, answers func(ctx context.Context) error) error {
	deadline := time.Now().Add(time.Minute)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := answers(ctx)
		cancel()
		if err == nil {
			return nil
		}
		if p.ended() || time.Now().After(deadline) {
			return fmt.Errorf("%w\n%s", err, p.log())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
