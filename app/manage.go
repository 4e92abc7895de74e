package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/schedule"
	"assay/config"
)

// verb takes "create" and its flags from a command's words; the rest of the
// settings come from the environment.
func verb(c call, name string, flags *flag.FlagSet) (config.Config, error) {
	if len(c.args) == 0 || c.args[0] != "create" {
		return config.Config{}, fmt.Errorf("usage: assay %s create …", name)
	}
	flags.SetOutput(c.errors)
	file := flags.String("config", "", "file of settings")
	dir := flags.String("data-dir", "", "data directory")
	if err := flags.Parse(c.args[1:]); err != nil {
		return config.Config{}, err
	}
	if flags.NArg() > 0 {
		return config.Config{}, fmt.Errorf("%q is not understood", strings.Join(flags.Args(), " "))
	}
	var args []string
	if *file != "" {
		args = append(args, "--config", *file)
	}
	if *dir != "" {
		args = append(args, "--data-dir", *dir)
	}
	cfg, _, _, err := config.Load(args, c.env, c.errors)
	return cfg, err
}

func userCommand(ctx context.Context, c call) error {
	ctx = audit.As(ctx, audit.Actor{Name: "system", Via: "command"})
	flags := flag.NewFlagSet("user create", flag.ContinueOnError)
	email := flags.String("email", "", "the person's address")
	name := flags.String("name", "", "the person's name")
	role := flags.String("role", "viewer", "admin, analyst or viewer")
	cfg, err := verb(c, "user", flags)
	if err != nil {
		return err
	}
	password, err := readPassword(c.in)
	if err != nil {
		return err
	}
	r, err := openRooms(ctx, cfg, newLog(c.errors, cfg.LogFormat))
	if err != nil {
		return err
	}
	defer r.close()
	p, err := r.people.Create(ctx, account.NewPerson{Email: *email, Name: *name, Role: account.Role(*role), Password: password})
	if err != nil {
		return plain(err)
	}
	if password != "" {
		_, err = fmt.Fprintf(c.out, "%s may sign in.\n", p.Email)
		return err
	}
	token, err := r.people.NewLink(ctx, account.Enter, p.ID)
	if err != nil {
		return err
	}
	address := cfg.BaseURL
	if address == "" {
		address = "http://" + cfg.Addr
	}
	_, err = fmt.Fprintf(c.out, "%s/enter?token=%s\n", address, token)
	return err
}

// readPassword reads the first line of what is piped in; a terminal gives none.
func readPassword(in io.Reader) (string, error) {
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
			return "", nil
		}
	}
	if in == nil {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func tokenCommand(ctx context.Context, c call) error {
	ctx = audit.As(ctx, audit.Actor{Name: "system", Via: "command"})
	flags := flag.NewFlagSet("token create", flag.ContinueOnError)
	email := flags.String("email", "", "whose token it is")
	name := flags.String("name", "", "what the token is for")
	cfg, err := verb(c, "token", flags)
	if err != nil {
		return err
	}
	r, err := openRooms(ctx, cfg, newLog(c.errors, cfg.LogFormat))
	if err != nil {
		return err
	}
	defer r.close()
	p, err := r.people.ByEmail(ctx, *email)
	if err != nil {
		return plain(err)
	}
	_, secret, err := r.people.CreateToken(ctx, p.ID, account.NewToken{Name: *name, By: p.ID})
	if err != nil {
		return plain(err)
	}
	_, err = fmt.Fprintln(c.out, secret)
	return err
}

func migrateCommand(ctx context.Context, c call) error {
	cfg, _, err := settings(c)
	if err != nil {
		return err
	}
	r, err := openRooms(ctx, cfg, newLog(c.errors, cfg.LogFormat))
	if err != nil {
		return err
	}
	err = schedule.Migrate(ctx, r.store, r.log) // whoever serves may not be allowed to make tables
	r.close()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, "The store is up to date.")
	return err
}

func healthCommand(ctx context.Context, c call) error {
	cfg, _, err := settings(c)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", res.Status)
	}
	return nil
}

// hasSetting reports whether a setting was given by the environment or a flag.
func hasSetting(c call, env, flag string) bool {
	for _, kv := range c.env {
		if strings.HasPrefix(kv, "ASSAY_"+env+"=") {
			return true
		}
	}
	for _, a := range c.args {
		if a = strings.TrimLeft(a, "-"); a == flag || strings.HasPrefix(a, flag+"=") {
			return true
		}
	}
	return false
}

// freeAddr returns the address where its port is free, else one with any port.
func freeAddr(addr string) string {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "127.0.0.1:0"
	}
	l.Close()
	return addr
}

// plain leaves the internal trail of a fault out of what a command prints.
func plain(err error) error {
	if fault.KindOf(err) == fault.Internal {
		return err
	}
	text := fault.MessageOf(err)
	if fields := fault.FieldsOf(err); len(fields) > 1 {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			text += "; " + name + ": " + fields[name]
		}
	}
	return errors.New(text)
}
