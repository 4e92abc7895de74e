package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/chart"
	"assay/app/dashboard"
	"assay/app/figure"
	"assay/app/identity"
	"assay/app/query"
	"assay/app/report"
	"assay/app/share"
	"assay/app/source"
	"assay/app/source/mysql"
	"assay/app/source/postgres"
	"assay/app/source/sqlite"
	"assay/app/source/sqlserver"
	"assay/app/store"
	"assay/app/vault"
	"assay/config"
	"assay/static"
)

// rooms is everything behind the pages and the API, wired once.
type rooms struct {
	config      config.Config
	log         *slog.Logger
	store       *store.Store
	people      *account.Store
	throttle    *account.Throttle
	identities  *identity.Store
	connections *source.Store
	reach       source.Reach
	pools       *source.Pools
	questions   *query.Store
	rules       *query.Rules
	audit       *audit.Log
	vault       *vault.Vault
	runner      *query.Runner
	charts      *chart.Drawer
	figures     *figure.Maker
	dashboards  *dashboard.Store
	reports     *report.Store
	shares      *share.Store
}

func drivers() source.Drivers {
	return source.NewDrivers(postgres.New(), mysql.New(), sqlserver.New(), sqlite.New())
}

// openRooms opens the store and what stands on it. No connection may reach the listeners.
func openRooms(ctx context.Context, cfg config.Config, log *slog.Logger, listeners ...netip.AddrPort) (_ *rooms, err error) {
	r := &rooms{config: cfg, log: log}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.store, r.vault, err = openStore(ctx, cfg, log); err != nil {
		return nil, err
	}
	r.reach = source.Reach{Private: cfg.PrivateHosts, Never: listeners}
	r.audit = audit.Open(r.store, r.vault).In(cfg.DataDir)
	r.people = account.NewStore(r.store, r.vault, r.audit)
	if r.throttle, err = account.NewThrottle(ctx, r.store); err != nil {
		return nil, err
	}
	if r.identities, err = openIdentities(cfg, r); err != nil {
		return nil, err
	}
	r.connections = source.NewStore(r.store, r.vault, drivers(), r.audit).WithReferences(references(cfg))
	r.pools = source.NewPools(r.connections, r.reach.Dial, own(cfg))
	r.questions, r.rules = query.NewStore(r.store, r.audit), query.NewRules(r.store, r.pools, r.audit)
	r.runner = query.NewRunner(query.Rooms{Pools: r.pools, Questions: r.questions, Rules: r.rules, People: r.people, Log: r.audit}, query.Limits{Timeout: cfg.QueryTimeout, Rows: cfg.QueryRows, Bytes: cfg.QueryBytes, Concurrency: cfg.Concurrency, Cache: cfg.Cache})
	r.charts = chart.NewDrawer(chart.Config{Script: static.EChartsServer(), Fonts: map[int][]byte{400: static.FontTTF(400), 600: static.FontTTF(600)}})
	r.figures = &figure.Maker{Runner: r.runner, Connections: r.connections, Charts: r.charts}
	r.dashboards, r.reports = dashboard.NewStore(r.store, r.audit), report.NewStore(r.store, r.audit)
	r.shares = share.NewStore(share.Rooms{Store: r.store, Vault: r.vault, Log: r.audit, People: r.people, Throttle: r.throttle,
		Objects: share.Objects{Questions: r.questions, Dashboards: r.dashboards, Reports: r.reports}})
	return r, r.tellUnopened(ctx)
}

// tellUnopened logs which connections' stored secrets cannot be read.
func (r *rooms) tellUnopened(ctx context.Context) error {
	if why := r.vault.Closed(); why != nil {
		r.log.Error("stored secrets stay closed; nothing of them is changed", "err", why)
	}
	names, err := r.connections.Unopened(ctx)
	if len(names) > 0 {
		r.log.Error("these connections cannot be opened", "connections", names)
	}
	return err
}

// own names what is ours and no connection may open.
func own(cfg config.Config) source.Own {
	var o source.Own
	for _, name := range []string{"assay.db", "assay.db-wal", "assay.db-shm", "master.key", "master.key.new", "audit.checkpoint"} {
		o.Files = append(o.Files, filepath.Join(cfg.DataDir, name))
	}
	if u, err := url.Parse(cfg.DatabaseURL); err == nil && u.Host != "" {
		o.Host, o.Database, o.Port = u.Hostname(), strings.Trim(u.Path, "/"), 5432
		if port, err := strconv.Atoi(u.Port()); err == nil {
			o.Port = port
		}
	}
	return o
}

// openStore opens our own database and the vault of what is sealed in it.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.Store, *vault.Vault, error) {
	key, err := masterKey(cfg, log)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, cfg.DatabaseURL, cfg.DataDir)
	if err != nil {
		return nil, nil, err
	}
	v, err := openVault(ctx, cfg, s, key)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, v, nil
}

func masterKey(cfg config.Config, log *slog.Logger) (vault.Key, error) {
	if cfg.MasterKey != "" {
		return vault.ParseKey(cfg.MasterKey)
	}
	key, path, made, err := vault.LoadKey(cfg.DataDir)
	if made {
		log.Warn("made a master key that encrypts stored passwords; keep a copy of it apart from the data", "file", path)
	}
	return key, err
}

func (r *rooms) close() {
	if r.charts != nil {
		r.charts.Close()
	}
	if r.runner != nil {
		r.runner.Close()
	}
	if r.pools != nil {
		r.pools.Close()
	}
	if r.store != nil {
		if err := r.store.Close(); err != nil {
			r.log.Error("store not closed", "err", err)
		}
	}
}

func newLog(w io.Writer, format string) *slog.Logger {
	if strings.EqualFold(format, "json") {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// settings loads the configuration of a command that takes no further words.
func settings(c call) (cfg config.Config, print bool, err error) {
	cfg, rest, print, err := config.Load(c.args, c.env, c.errors)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%q is not understood", strings.Join(rest, " "))
	}
	return cfg, print, err
}
