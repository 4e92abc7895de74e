package account

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Lives of the tokens a program holds.
const (
	AccessLife  = 15 * time.Minute
	RefreshLife = 30 * 24 * time.Hour
	// TokenLife is the longest an API token lives.
	TokenLife = 365 * 24 * time.Hour
)

// The kinds of tokens in the store.
const (
	kindAPI     = "api"
	kindRefresh = "refresh"
)

// tokenPrefix lets secret scanners recognise our API tokens.
const tokenPrefix = "assay_"

// Token is an API token as it is listed: its secret was shown once and is not kept.
type Token struct {
	ID         string     `bun:"id"`
	PersonID   string     `bun:"person_id"`
	Name       string     `bun:"name"`
	CreatedAt  time.Time  `bun:"created_at"`
	ExpiresAt  time.Time  `bun:"expires_at"`
	LastUsedAt *time.Time `bun:"last_used_at"`
}

// Grant is what a program gets for an address and a password.
type Grant struct {
	AccessToken  string
	RefreshToken string
	ExpiresIn    time.Duration
}

const (
	issuer   = "assay"
	audience = "assay-api"
)

// signer signs and verifies access tokens.
type signer struct {
	key ed25519.PrivateKey
	id  string
}

// signer reads the signing key on first use and keeps it.
func (s *Store) signer(ctx context.Context) (*signer, error) {
	s.signing.Lock()
	defer s.signing.Unlock()
	if s.signs == nil {
		seed, err := s.vault.Key(ctx, "jwt")
		if err != nil {
			return nil, err
		}
		key := ed25519.NewKeyFromSeed(seed[:])
		s.signs = &signer{key: key, id: hex.EncodeToString(key.Public().(ed25519.PublicKey)[:6])}
	}
	return s.signs, nil
}

func (s *Store) access(ctx context.Context, personID string) (string, error) {
	signer, err := s.signer(ctx)
	if err != nil {
		return "", err
	}
	now := s.now()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: personID,
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessLife)), ID: rand.Text(),
	})
	t.Header["kid"] = signer.id
	return t.SignedString(signer.key)
}

// Grant makes an access token and a refresh token for a person.
func (s *Store) Grant(ctx context.Context, personID string) (g Grant, err error) {
	defer fault.Wrap(&err, "account.Grant(%s)", personID)
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		g.RefreshToken, err = s.insertToken(ctx, tx, personID, "refresh", kindRefresh, RefreshLife)
		return err
	})
	if err != nil {
		return g, err
	}
	g.AccessToken, err = s.access(ctx, personID)
	g.ExpiresIn = AccessLife
	return g, err
}

func (s *Store) insertToken(ctx context.Context, tx bun.Tx, personID, name, kind string, life time.Duration) (string, error) {
	id := store.NewID()
	secret := tokenPrefix + strings.ToLower(rand.Text()+rand.Text())
	now := s.now()
	_, err := tx.NewRaw("INSERT INTO tokens (id, person_id, name, kind, secret_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		id, personID, name, kind, vault.Hash(secret), now, now.Add(life)).Exec(ctx)
	return secret, err
}

// Refresh trades a refresh token for a new grant; the old one ends.
func (s *Store) Refresh(ctx context.Context, refresh string) (g Grant, err error) {
	defer fault.Wrap(&err, "account.Refresh")
	var personID string
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw("DELETE FROM tokens WHERE secret_hash = ? AND kind = ? AND expires_at > ? RETURNING person_id",
			vault.Hash(refresh), kindRefresh, s.now()).Scan(ctx, &personID)
		if missing := store.Missing(err, "token"); missing != err {
			return fault.New(fault.SignIn, "The refresh token is not valid")
		}
		return err
	})
	if err != nil {
		return g, err
	}
	if _, err := s.active(ctx, personID); err != nil {
		return g, err
	}
	return s.Grant(ctx, personID)
}

// Revoke ends the API or refresh token with the secret; an unknown one is no error.
func (s *Store) Revoke(ctx context.Context, secret string) (err error) {
	defer fault.Wrap(&err, "account.Revoke")
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("DELETE FROM tokens WHERE secret_hash = ?", vault.Hash(secret)).Exec(ctx)
		return err
	})
}

// CreateToken makes an API token for a person and returns its secret, which is shown this once.
func (s *Store) CreateToken(ctx context.Context, personID, name string) (secret string, err error) {
	defer fault.Wrap(&err, "account.CreateToken(%s)", personID)
	if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > 100 {
		return "", fault.Field("name", "Give the token a name of at most 100 characters")
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		secret, err = s.insertToken(ctx, tx, personID, name, kindAPI, TokenLife)
		return err
	})
	return secret, err
}

// Tokens lists a person's API tokens, the newest first.
func (s *Store) Tokens(ctx context.Context, personID string) (list []Token, err error) {
	defer fault.Wrap(&err, "account.Tokens(%s)", personID)
	err = s.db.Read().NewRaw("SELECT id, person_id, name, created_at, expires_at, last_used_at FROM tokens WHERE person_id = ? AND kind = ? ORDER BY created_at DESC, id",
		personID, kindAPI).Scan(ctx, &list)
	return list, err
}

// DeleteToken ends one of a person's API tokens.
func (s *Store) DeleteToken(ctx context.Context, personID, id string) (err error) {
	defer fault.Wrap(&err, "account.DeleteToken(%s)", id)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("DELETE FROM tokens WHERE id = ? AND person_id = ? AND kind = ?", id, personID, kindAPI).Exec(ctx)
		return store.Changed(res, err, "token")
	})
}

// Bearer returns the person for whom a program speaks: by an API token or an access token.
func (s *Store) Bearer(ctx context.Context, token string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.Bearer")
	if len(token) > 4096 {
		return nil, errBearer(nil)
	}
	if strings.HasPrefix(token, tokenPrefix) {
		return s.bearerAPI(ctx, token)
	}
	if id, ok := s.proven.get(token, s.now()); ok {
		return s.active(ctx, id)
	}
	signer, err := s.signer(ctx)
	if err != nil {
		return nil, err
	}
	var claims jwt.RegisteredClaims
	_, err = jwt.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != signer.id {
			return nil, errors.New("unknown key")
		}
		return signer.key.Public(), nil
	}, jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(s.now))
	if err != nil {
		return nil, errBearer(err)
	}
	s.proven.put(token, claims.Subject, claims.ExpiresAt.Time)
	return s.active(ctx, claims.Subject)
}

func errBearer(cause error) error {
	return fault.Because(fault.SignIn, cause, "The token is not valid or has expired")
}

func (s *Store) bearerAPI(ctx context.Context, secret string) (*Person, error) {
	var t Token
	hash := vault.Hash(secret)
	err := s.db.Read().NewRaw("SELECT id, person_id, last_used_at FROM tokens WHERE secret_hash = ? AND kind = ? AND expires_at > ?",
		hash, kindAPI, s.now()).Scan(ctx, &t)
	if missing := store.Missing(err, "token"); missing != err {
		return nil, errBearer(err)
	}
	if err != nil {
		return nil, err
	}
	if now := s.now(); t.LastUsedAt == nil || now.Sub(*t.LastUsedAt) > seenEvery {
		err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("UPDATE tokens SET last_used_at = ? WHERE id = ?", now, t.ID).Exec(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return s.active(ctx, t.PersonID)
}

// active returns a person who may act: known and not disabled.
func (s *Store) active(ctx context.Context, id string) (*Person, error) {
	if p, ok := s.proven.person(id, s.now()); ok {
		return p, nil
	}
	p, err := s.Get(ctx, id)
	if fault.Is(err, fault.NotFound) || (err == nil && p.Disabled) {
		return nil, errBearer(err)
	}
	if err == nil {
		s.proven.keep(p, s.now())
	}
	return p, err
}
