package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"assay/app/audit"
)

// auditCommand is "assay audit verify": it says whether the audit record is whole.
func auditCommand(ctx context.Context, c call) error {
	if len(c.args) == 0 || c.args[0] != "verify" {
		return errors.New("usage: assay audit verify [--data-dir DIR] [--config FILE]")
	}
	c.args = c.args[1:]
	cfg, _, err := settings(c)
	if err != nil {
		return err
	}
	// Looking at a record must not begin a new one, nor a new key.
	if cfg.DatabaseURL == "" {
		if err := there(cfg.DataDir, "no store", "assay.db"); err != nil {
			return err
		}
	}
	if cfg.MasterKey == "" {
		if err := there(cfg.DataDir, "no master key", "master.key", "master.key.new"); err != nil {
			return err
		}
	}
	s, v, err := openStore(ctx, cfg, newLog(c.errors, cfg.LogFormat))
	if err != nil {
		return err
	}
	defer s.Close()
	verdict, err := audit.Open(s, v).In(cfg.DataDir).Verify(ctx)
	if err != nil {
		return plain(err)
	}
	if !verdict.OK {
		return errors.New(verdict.String())
	}
	_, err = fmt.Fprintln(c.out, verdict)
	return err
}

// there says what is missing where none of the files is in the data directory.
func there(dir, what string, names ...string) error {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("there is %s in %s; name the data directory with --data-dir", what, dir)
}
