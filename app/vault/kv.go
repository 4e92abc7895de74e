package vault

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// kvTimeout bounds one answer of Vault.
const kvTimeout = 5 * time.Second

// maxAnswer is the longest answer read from Vault, in bytes.
const maxAnswer = 1 << 20

// kv reads the key-value engines, version 1 and 2, of HashiCorp Vault. It is one
// GET request; Vault's own client would bring some twenty modules for it.
type kv struct {
	sources Sources
	client  *http.Client
}

func newKV(s Sources) *kv {
	return &kv{sources: s, client: &http.Client{
		Timeout: kvTimeout,
		// The token goes to the address that the operator gave and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig:        s.TLS,
			DialContext:            (&net.Dialer{Timeout: kvTimeout}).DialContext,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           2,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		},
	}}
}

// errPlain refuses to send a token in the clear.
var errPlain = errors.New("ASSAY_VAULT_ADDR must be an https address, or http on this machine")

// checkAddress returns why Vault may not be asked at an address; nil where it may.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errPlain
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
	}
	return errPlain
}

func (k *kv) read(ctx context.Context, ref reference) (string, error) {
	if err := checkAddress(k.sources.Address); err != nil {
		return "", ref.unreadable(err, "ASSAY_VAULT_ADDR must be an https address, or http on this machine")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(k.sources.Address, "/")+"/v1/"+ref.name, nil)
	if err != nil {
		return "", ref.unreadable(nil, "the address ASSAY_VAULT_ADDR is not one")
	}
	req.Header.Set("X-Vault-Request", "true")
	req.Header.Set("X-Vault-Token", k.sources.Token)
	if k.sources.Namespace != "" {
		req.Header.Set("X-Vault-Namespace", k.sources.Namespace)
	}
	res, err := k.client.Do(req)
	if err != nil {
		return "", ref.unreadable(knownCause(err), "Vault does not answer at ASSAY_VAULT_ADDR")
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusOK:
	case res.StatusCode == http.StatusNotFound:
		return "", ref.unreadable(nil, "Vault has nothing there, or its last version was deleted")
	case res.StatusCode == http.StatusForbidden:
		return "", ref.unreadable(nil, "Vault refuses; the token ASSAY_VAULT_TOKEN is no longer valid or may not read this path")
	case res.StatusCode/100 == 3:
		return "", ref.unreadable(nil, "Vault answers with a redirect, which is not followed; set ASSAY_VAULT_ADDR to where it leads")
	case res.StatusCode == http.StatusServiceUnavailable:
		return "", ref.unreadable(nil, "Vault is sealed or not ready")
	default:
		return "", ref.unreadable(nil, "Vault answers with the status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return "", ref.unreadable(knownCause(err), "Vault's answer breaks off")
	}
	if len(body) > maxAnswer {
		return "", ref.unreadable(nil, "Vault's answer is too long")
	}
	return ref.pick(body)
}

// pick takes the field out of an answer. Nothing of the answer is told where that fails.
func (ref reference) pick(body []byte) (string, error) {
	var answer struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Data == nil {
		return "", ref.unreadable(nil, "what answers at ASSAY_VAULT_ADDR does not speak as Vault does")
	}
	fields := answer.Data
	// Version 2 has the fields one level deeper, beside their metadata.
	var metadata map[string]json.RawMessage
	if json.Unmarshal(fields["metadata"], &metadata) == nil && metadata != nil {
		var deeper map[string]json.RawMessage
		if json.Unmarshal(fields["data"], &deeper) == nil && fields["data"] != nil {
			fields = deeper
		}
	}
	raw, ok := fields[ref.field]
	if !ok {
		return "", ref.unreadable(nil, "the secret has no field of this name")
	}
	var value string
	if err := json.Unmarshal(raw, &value); err != nil || value == "" || len(value) > maxSecret {
		return "", ref.unreadable(nil, "the field holds no text")
	}
	return value, nil
}

// knownCause returns what may be logged of a failed request: a peer that is not
// Vault may have answered with anything, and some errors quote it. It is text
// alone: the end of our own patience is not the end of whoever asks.
func knownCause(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return errors.New(e.Error())
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New(e.Error())
	}
	return nil
}
