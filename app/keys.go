package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"assay/app/audit"
	"assay/app/store"
	"assay/app/vault"
	"assay/config"
)

// openVault opens the vault of a store with the master key and whatever else the
// settings say about it.
func openVault(ctx context.Context, cfg config.Config, s *store.Store, key vault.Key) (*vault.Vault, error) {
	var options []vault.Option
	if cfg.MasterKey == "" {
		options = append(options, vault.Folder(cfg.DataDir))
	}
	if cfg.MasterKeyPrevious != "" {
		previous, err := vault.ParseKey(cfg.MasterKeyPrevious)
		if err != nil {
			return nil, errors.New(strings.ReplaceAll(err.Error(), "ASSAY_MASTER_KEY", "ASSAY_MASTER_KEY_PREVIOUS"))
		}
		options = append(options, vault.Previous(previous))
	}
	return vault.Open(ctx, s, key, options...)
}

// references returns what connections may refer to.
func references(cfg config.Config) *vault.References {
	return vault.NewReferences(vault.Sources{Env: cfg.Secrets, Folder: cfg.SecretsDir,
		Address: cfg.VaultAddr, Token: cfg.VaultToken, Namespace: cfg.VaultNamespace, Prefix: cfg.VaultPrefix})
}

// keysCommand is "assay keys rotate": new keys for stored secrets, beside a running server.
func keysCommand(ctx context.Context, c call) error {
	if len(c.args) == 0 || c.args[0] != "rotate" {
		return errors.New("usage: assay keys rotate [--master]")
	}
	flags := flag.NewFlagSet("keys rotate", flag.ContinueOnError)
	flags.SetOutput(c.errors)
	master := flags.Bool("master", false, "make a new master key file too")
	file := flags.String("config", "", "file of settings")
	dir := flags.String("data-dir", "", "data directory")
	if err := flags.Parse(c.args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not understood", strings.Join(flags.Args(), " "))
	}
	var args []string
	if *file != "" {
		args = append(args, "--config", *file)
	}
	if *dir != "" {
		args = append(args, "--data-dir", *dir)
	}
	cfg, _, _, err := config.Load(args, c.env, c.errors)
	if err != nil {
		return err
	}
	s, v, err := openStore(ctx, cfg, newLog(c.errors, cfg.LogFormat))
	if err != nil {
		return err
	}
	defer s.Close()
	ctx = audit.As(ctx, audit.Actor{Name: "system", Via: "command"})
	return rotateKeys(ctx, c.out, v, audit.Open(s, v), *master)
}

func rotateKeys(ctx context.Context, out io.Writer, v *vault.Vault, log *audit.Log, master bool) error {
	if master {
		key, err := v.RotateMaster(ctx)
		if err != nil {
			return plain(err)
		}
		fmt.Fprintf(out, "The file master.key holds a new master key, %s. Keep a copy of it apart from the data, and the old one for as long as you keep backups from before.\n", key.Name())
		if err := log.Write(ctx, audit.Event{Action: "keys.master", Object: audit.Object{Kind: "keys", ID: key.Name(), Name: key.String()}}); err != nil {
			return err
		}
	}
	r, err := v.Rotate(ctx)
	if r.Primary == "" {
		return plain(err)
	}
	tellRotation(out, r, err)
	event := audit.Event{Action: "keys.rotate", Object: audit.Object{Kind: "keys", ID: r.Primary, Name: "key " + r.Primary}, Detail: map[string]any{"live": r.Live, "removed": r.Removed, "failed": r.Failed()}}
	if err != nil {
		event.Outcome = audit.Failed
	}
	if problem := log.Write(ctx, event); problem != nil && err == nil {
		err = problem
	}
	if err != nil {
		return plain(err)
	}
	return nil
}

// tellRotation tells in words what a rotation did.
func tellRotation(out io.Writer, r vault.Report, err error) {
	if r.Added {
		fmt.Fprintf(out, "Key %s is new and seals from now on.\n", r.Primary)
	} else {
		fmt.Fprintf(out, "Key %s seals; an earlier rotation made it and did not get to its end, which this one does.\n", r.Primary)
	}
	for _, t := range r.Tables {
		if t.Read == 0 {
			fmt.Fprintf(out, "  %s: no values\n", t.Table)
			continue
		}
		fmt.Fprintf(out, "  %s: %d read, %d sealed anew, %d already new, %d failed\n", t.Table, t.Read, t.Sealed, t.Already, t.Failed)
		for _, id := range t.Damaged {
			fmt.Fprintf(out, "    %s does not open: it was changed, or sealed with a key that is gone\n", id)
		}
		if more := t.Failed - len(t.Damaged); more > 0 {
			fmt.Fprintf(out, "    and %d more\n", more)
		}
	}
	switch {
	case err != nil:
	case len(r.Removed) == 0:
		fmt.Fprintln(out, "All values open. No key was removed: the one before stays until the next rotation.")
	default:
		fmt.Fprintf(out, "All values open. Removed: %s.\n", keyList(r.Removed))
	}
	if len(r.Live) > 0 {
		fmt.Fprintf(out, "Live, the oldest first: %s.\n", keyList(r.Live))
	}
}

func keyList(ids []string) string {
	if len(ids) == 1 {
		return "key " + ids[0]
	}
	return "keys " + strings.Join(ids, ", ")
}
