package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	outboundTimeout = 10 * time.Second
	outboundBytes   = 1 << 20
)

var (
	errOversized = errors.New("the answer is larger than 1 MiB")
	errElsewhere = errors.New("the provider redirects to another host")
)

// outbound is the way to a provider for one sign-in: it ends with the caller's
// context, though the library that uses it knows of none, reads a bounded
// amount, stays on the host it was sent to, and notes whether the provider was
// at fault.
type outbound struct {
	ctx  context.Context
	base http.RoundTripper
	// each changes a request before it is sent, where given.
	each func(*http.Request) error
	// broken says that the provider could not be reached or did not answer properly.
	broken atomic.Bool
}

// client returns an HTTP client that stands for the sign-in of ctx.
func (s *Store) client(ctx context.Context) (*http.Client, *outbound) {
	o := &outbound{ctx: ctx, base: s.http.Transport}
	if o.base == nil {
		o.base = http.DefaultTransport
	}
	return &http.Client{Transport: o, Timeout: s.timeout, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme || len(via) > 3 {
			o.broken.Store(true)
			return errElsewhere
		}
		return nil
	}}, o
}

// RoundTrip sends the request within both contexts.
func (o *outbound) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	stop := context.AfterFunc(o.ctx, func() { cancel(context.Cause(o.ctx)) })
	end := func() { stop(); cancel(nil) }
	req = req.Clone(ctx)
	if o.each != nil {
		if err := o.each(req); err != nil {
			end()
			return nil, err
		}
	}
	resp, err := o.base.RoundTrip(req)
	if err != nil {
		o.broken.Store(true)
		end()
		return nil, err
	}
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		o.broken.Store(true)
	}
	resp.Body = &bounded{body: resp.Body, left: outboundBytes, end: end, o: o}
	return resp, nil
}

type bounded struct {
	body io.ReadCloser
	left int64
	end  func()
	o    *outbound
}

// Read reads on until the bound is passed.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errOversized
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		err = errOversized
	}
	if err != nil && err != io.EOF {
		b.o.broken.Store(true)
	}
	return n, err
}

// Close ends the request.
func (b *bounded) Close() error {
	defer b.end()
	return b.body.Close()
}

// get reads a document of a provider.
func get(client *http.Client, address string) ([]byte, error) {
	resp, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}
