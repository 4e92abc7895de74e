package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	"assay/app/account"
	"assay/app/api"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/report"
	"assay/app/scim"
	"assay/app/web"
	"assay/config"
	"assay/static"
)

func serveCommand(ctx context.Context, c call) error {
	cfg, print, err := settings(c)
	if err != nil {
		return err
	}
	if print {
		return cfg.Print(c.out)
	}
	return serve(ctx, c, cfg, nil)
}

// serve answers until ctx ends. ready, where given, is called with the address
// before the first request is answered, and returns who is about to come, if anybody.
func serve(ctx context.Context, c call, cfg config.Config, ready func(ctx context.Context, r *rooms, address string) (*account.Person, error)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	log := newLog(c.errors, cfg.LogFormat)
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; another program may use the port, choose one with ASSAY_ADDR", cfg.Addr, err)
	}
	defer listener.Close()
	at := listener.Addr().(*net.TCPAddr).AddrPort()
	ours := []netip.AddrPort{at}
	var monitor net.Listener
	if cfg.MetricsAddr != "" {
		if monitor, err = net.Listen("tcp", cfg.MetricsAddr); err != nil {
			return fmt.Errorf("listen on %s: %w; another program may use the port, choose one with ASSAY_METRICS_ADDR", cfg.MetricsAddr, err)
		}
		defer monitor.Close()
		ours = append(ours, monitor.Addr().(*net.TCPAddr).AddrPort())
	}
	r, err := openRooms(ctx, cfg, log, ours...)
	if err != nil {
		return err
	}
	defer r.close()

	address := cfg.BaseURL
	if address == "" {
		address = "http://" + visible(at)
	}
	if ready == nil {
		ready = firstPerson
	}
	expected, err := ready(ctx, r, address)
	if err != nil {
		return err
	}
	var kept sync.WaitGroup
	defer kept.Wait() // what was asked last is written before the store closes
	defer stop()      // also where the start fails or panics
	kept.Go(func() { r.questions.KeepHistory(ctx) })
	kept.Go(func() { r.runner.Watch(ctx) })
	kept.Go(func() { r.audit.Keep(ctx, log) })

	paper := printer(cfg, address)
	works, err := r.openWorks(cfg, address, paper)
	if err != nil {
		return err
	}
	defer works.Stop()
	e := web.New(web.Deps{
		PDF:    paper,
		Config: web.Config{BaseURL: cfg.BaseURL, Local: at.Addr().IsLoopback(), Demo: c.sample, RequireFactor: cfg.RequireFactor},
		Store:  r.store, People: r.people, Identities: r.identities, Throttle: r.throttle, Connections: r.connections, Pools: r.pools,
		Questions: r.questions, Shares: r.shares, Dashboards: r.dashboards, Works: works, Rules: r.rules, Runner: r.runner, Charts: r.charts, Log: log, Audit: r.audit, Installation: r.installation(), Expected: expected,
	})
	api.Mount(e, api.Deps{PDF: paper, Schedules: works.Schedules, Alerts: works.Alerts, Jobs: jobs(works),
		DashboardMaker: &dashboard.Maker{Figures: r.figures, Questions: r.questions}, ReportMaker: &report.Maker{Figures: r.figures, Questions: r.questions},
		People: r.people, Throttle: r.throttle, Connections: r.connections, Pools: r.pools,
		Questions: r.questions, Dashboards: r.dashboards, Reports: r.reports, Shares: r.shares, Rules: r.rules, Runner: r.runner, Charts: r.charts, Log: log, Audit: r.audit, RequireFactor: cfg.RequireFactor, BaseURL: address, Version: version, Stylesheet: static.Path("css/app.css")})
	scim.Mount(e, scim.Deps{People: r.people, Throttle: r.throttle, Audit: r.audit, Log: log, BaseURL: address})
	server := &http.Server{
		Handler:           front(e),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	defer server.Close()
	fmt.Fprintf(c.out, "Assay listens on %s\n", address)
	log.Info("listening", "address", address, "version", version)
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(bound(listener, usual)) }()
	works.Start(ctx)
	if monitor != nil {
		metrics := &http.Server{Handler: r.metrics(), ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: server.ErrorLog}
		log.Info("metrics", "address", "http://"+visible(monitor.Addr().(*net.TCPAddr).AddrPort())+"/metrics")
		go func() { failed <- metrics.Serve(bound(monitor, usual)) }()
		defer metrics.Close()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
	defer cancel()
	kept.Go(works.Stop)
	if err := server.Shutdown(closing); err != nil && !errors.Is(err, http.ErrServerClosed) {
		server.Close()
	}
	return nil
}

// visible spells a listener's address so that a browser on this machine reaches it.
func visible(at netip.AddrPort) string {
	if at.Addr().IsUnspecified() {
		return fmt.Sprintf("localhost:%d", at.Port())
	}
	return at.String()
}

// firstPerson makes the first administrator from the settings, or prints a
// one-time link that makes one, while there is nobody.
func firstPerson(ctx context.Context, r *rooms, address string) (*account.Person, error) {
	if any, err := r.people.Any(ctx); err != nil || any {
		return nil, err
	}
	if r.config.AdminEmail != "" {
		_, err := r.people.Create(ctx, account.NewPerson{Email: r.config.AdminEmail, Role: account.Admin, Password: r.config.AdminPassword})
		if fault.Is(err, fault.Conflict) {
			err = nil // another process that started with us was first
		}
		return nil, err
	}
	token, err := r.people.NewLink(ctx, account.Setup, "")
	if err != nil {
		return nil, err
	}
	r.log.Warn("nobody has an account yet; open this link within an hour to make the first administrator", "link", address+"/setup?token="+token)
	return nil, nil
}

// metrics serves what a monitor wants to know, as Prometheus text.
func (r *rooms) metrics() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		running, waiting := r.runner.Load()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		var b strings.Builder
		for _, one := range []struct {
			name, help string
			value      float64
		}{
			{"assay_queries_running", "Questions that run now.", float64(running)},
			{"assay_queries_waiting", "Questions that wait for a place.", float64(waiting)},
			{"go_goroutines", "Goroutines.", float64(runtime.NumGoroutine())},
			{"go_memstats_heap_inuse_bytes", "Heap in use.", float64(m.HeapInuse)},
			{"go_memstats_sys_bytes", "Memory taken from the system.", float64(m.Sys)},
		} {
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n%s %g\n", one.name, one.help, one.name, one.name, one.value)
		}
		fmt.Fprint(w, b.String())
	})
	return mux
}
