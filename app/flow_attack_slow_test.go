package main

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAttackSlowClients holds some hundred connections open and lets bytes drip,
// each from an address of its own.
func TestAttackSlowClients(t *testing.T) {
	t.Parallel()
	h := start(t, "serve")
	to := strings.TrimPrefix(h.base, "http://")
	before := runtime.NumGoroutine()
	kinds := []struct {
		name, begin string
		drip        bool
		within      time.Duration
	}{
		{"silent", "", false, 8 * time.Second},
		{"slow line", "G", true, 8 * time.Second},
		{"slow headers", "GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", true, 8 * time.Second},
		{"slow form", "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\nemail=", true, 14 * time.Second},
		{"slow JSON", "POST /api/v1/auth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{\"email\": \"", true, 14 * time.Second},
	}
	const each = 50 // of a kind; the API bounds how many tries a network has
	var wait sync.WaitGroup
	var mu sync.Mutex
	var slowest time.Duration
	held, late := 0, map[string]int{}
	begun := time.Now()
	for i, kind := range kinds {
		for n := range each {
			wait.Go(func() {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(i+1), byte(n+1))}}
				c, err := d.Dial("tcp", to)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				mu.Lock()
				held++
				mu.Unlock()
				io.WriteString(c, kind.begin)
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					io.Copy(io.Discard, c)
				}()
				tick := time.NewTicker(500 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-ended:
						return
					case <-tick.C:
					}
					if kind.drip {
						io.WriteString(c, "a")
					}
					if time.Since(begun) > kind.within {
						mu.Lock()
						late[kind.name]++
						mu.Unlock()
						return
					}
				}
			})
		}
	}
	dropped := make(chan struct{})
	go func() { wait.Wait(); close(dropped) }()
	good := http.Client{Timeout: patience, Transport: &http.Transport{}}
	asked := 0
	for done := false; !done; {
		select {
		case <-dropped:
			done = true
		default:
		}
		at := time.Now()
		res, err := good.Get(h.base + "/login")
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("a good client gets %v %v", res, err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		asked++
		slowest = max(slowest, time.Since(at))
		time.Sleep(20 * time.Millisecond)
	}
	if held != each*len(kinds) || asked < 20 {
		t.Errorf("only %d connections were held and %d good requests made", held, asked)
	}
	for name, n := range late {
		t.Errorf("%d connections with a %s were still open", n, name)
	}
	if slowest > 2*time.Second {
		t.Errorf("a good client waited %s", slowest)
	}
	good.CloseIdleConnections()
	eventually(t, "the goroutines of dropped connections to end", func() bool { return runtime.NumGoroutine() < before+50 })
	t.Logf("%d slow connections were dropped after %s at most; the slowest of %d good answers took %s", held, time.Since(begun).Round(time.Second), asked, slowest.Round(time.Millisecond))
}

var runningGauge = regexp.MustCompile(`(?m)^assay_queries_running (\d+)$`)

// TestAttackDownloadThatIsNotRead asks for a download without an end and reads
// none of it: the question ends in the database all the same.
func TestAttackDownloadThatIsNotRead(t *testing.T) {
	t.Parallel()
	h := start(t, "serve", "ASSAY_METRICS_ADDR=127.0.0.1:0")
	metrics := regexp.MustCompile(`msg=metrics address=(\S+)`).FindStringSubmatch(h.log.String())[1]
	running := func() string {
		res, err := http.Get(metrics)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return runningGauge.FindStringSubmatch(string(text))[1]
	}
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	eventually(t, "the catalog to be read", func() bool { return running() == "0" })
	sql := "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000000) select i, 'some text to carry, again and again' as words from n"
	c, err := net.Dial("tcp", strings.TrimPrefix(h.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, get(h, "/sql.csv?"+url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "sql": {sql}}.Encode(), "Cookie: assay_session="+v.cookie()))
	head := make([]byte, 64)
	if _, err := io.ReadFull(c, head); err != nil || !strings.HasPrefix(string(head), "HTTP/1.1 200 ") {
		t.Fatalf("%q %v", head, err)
	}
	if got := running(); got != "1" {
		t.Fatalf("%s questions run", got)
	}
	stopped := time.Now()
	eventually(t, "the question to end", func() bool { return running() == "0" })
	if took := time.Since(stopped); took > 30*time.Second || took < 5*time.Second {
		t.Errorf("the question ended %s after its reader stopped, want some 25 s", took)
	}
	if rest, _ := io.ReadAll(c); strings.HasSuffix(string(rest), "\r\n0\r\n\r\n") {
		t.Error("the half of a file passes for a whole one")
	}
}
