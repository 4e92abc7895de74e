package main

import (
	"path/filepath"
	"strings"

	"assay/app/web"
	"assay/views"
)

// installation tells administrators how this server runs.
func (r *rooms) installation() web.Installation {
	in := web.Installation{Version: version, Store: "SQLite, in " + filepath.Join(r.config.DataDir, "assay.db"), Vault: r.vault.Closed}
	if r.config.DatabaseURL != "" {
		in.Store = "PostgreSQL"
	}
	for _, s := range r.config.Shown() {
		in.Settings = append(in.Settings, views.Setting{Name: s.Name, Value: s.Value, Usage: s.Usage})
	}
	for _, c := range commands() {
		switch c.name {
		case "keys", "backup", "restore", "audit":
			words, does, ok := strings.Cut(c.does, ": ")
			if !ok {
				words, does = "", c.does
			}
			in.Commands = append(in.Commands, views.Command{Line: strings.TrimSpace("assay " + c.name + " " + words), Does: does})
		}
	}
	return in
}
