// Command assay is an analytics tool for people's databases: ask, see and share.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // images without a system have no time zones of their own
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "assay:", err)
		}
		if e, ok := errors.AsType[*exit](err); ok {
			os.Exit(e.code)
		}
		os.Exit(1)
	}
}

// command is one word of the command line.
type command struct {
	name, does string
	run        func(ctx context.Context, c call) error
}

// call is what a command is given.
type call struct {
	args, env   []string
	in          io.Reader
	out, errors io.Writer
	sample      bool // the sample company is served
}

func commands() []command {
	return []command{
		{"demo", "serves the sample company from an embedded database and prints one address", demoCommand},
		{"serve", "serves; the store is SQLite in the data directory unless ASSAY_DATABASE_URL names PostgreSQL", serveCommand},
		{"user", "create --email E --role admin|analyst|viewer: makes an account, its password from standard input or by a one-time link", userCommand},
		{"token", "create --email E --name N: prints an API token once", tokenCommand},
		{"keys", "rotate [--master]: seals stored secrets with a new key, beside a running server", keysCommand},
		{"audit", "verify: tells whether the record of who did what is whole", auditCommand},
		{"export", "DIR: writes what was saved as text files, one per object", exportCommand},
		{"apply", "DIR [--dry-run] [--prune] [--as E]: saves what such files say; all of it or nothing", applyCommand},
		{"migrate", "brings the store's schema up to date and stops", migrateCommand},
		{"health", "asks a running server whether it is up; for container health checks", healthCommand},
		{"version", "prints the version", func(_ context.Context, c call) error {
			_, err := fmt.Fprintln(c.out, "assay", version)
			return err
		}},
	}
}

// run carries out one command of the command line.
func run(ctx context.Context, args, env []string, in io.Reader, out, errs io.Writer) error {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, call{args: args[1:], env: env, in: in, out: out, errors: errs})
		}
	}
	w := errs
	if name == "help" || name == "-h" || name == "--help" {
		w = out
	}
	fmt.Fprintln(w, "usage: assay COMMAND [FLAGS]")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.does)
	}
	if w == out {
		return nil
	}
	if name == "" {
		return errors.New("name a command")
	}
	return fmt.Errorf("%q is not a command", name)
}
