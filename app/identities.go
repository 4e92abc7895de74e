package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"assay/app/fault"
	"assay/app/identity"
	"assay/config"
)

// openIdentities opens the identity providers. What is asked of them goes where
// connections may go and nowhere else, past no proxy.
func openIdentities(cfg config.Config, r *rooms) (*identity.Store, error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: r.reach.Dial, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 4, MaxResponseHeaderBytes: 64 << 10,
	}}
	s, err := identity.NewStore(r.store, r.vault, r.audit, client, fixedProvider(cfg))
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		return nil, fmt.Errorf("ASSAY_OIDC_ISSUER, ASSAY_OIDC_CLIENT_ID, ASSAY_OIDC_CLIENT_SECRET, ASSAY_OIDC_DOMAINS: %w", err)
	}
	return s, err
}

// fixedProvider returns the provider of the settings, or nil. Whoever it knows
// comes in, except where that would be half the world.
func fixedProvider(cfg config.Config) *identity.Provider {
	if cfg.OIDCIssuer == "" {
		return nil
	}
	p := &identity.Provider{Kind: identity.OIDC, Issuer: cfg.OIDCIssuer, ClientID: cfg.OIDCClientID, ClientSecret: cfg.OIDCClientSecret,
		DefaultRole: cfg.OIDCDefaultRole, JustInTime: true}
	p.AllowedDomains = strings.FieldsFunc(cfg.OIDCDomains, func(r rune) bool { return r == ',' || r == ' ' })
	p.TrustEmail = len(p.AllowedDomains) == 0
	if strings.TrimSuffix(strings.TrimSpace(cfg.OIDCIssuer), "/") == "https://accounts.google.com" {
		p.Kind, p.Issuer, p.Name = identity.Google, "", "Google"
		p.TrustEmail, p.JustInTime = false, len(p.AllowedDomains) > 0
	}
	return p
}
