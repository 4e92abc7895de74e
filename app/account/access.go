package account

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Tokens is what a program gets for an address and a password.
type Tokens struct {
	Access    string
	Refresh   string
	ExpiresIn time.Duration
}

const (
	issuer   = "assay"
	audience = "assay-api"
	// keyLife is how long access tokens are signed with one key; the one before stays good for checking.
	keyLife = 30 * 24 * time.Hour
	// keyTrust is how long a key is used before the store is asked whether it was retired.
	keyTrust = time.Second
	// skew is by how much another machine's clock may differ.
	skew = time.Minute
)

// signer signs and verifies access tokens.
type signer struct {
	key  ed25519.PrivateKey
	id   string
	read time.Time
}

// keyID names the key of the period a time lies in.
func keyID(t time.Time) string {
	start := t.UTC().Truncate(keyLife)
	return "jwt-" + start.Format("20060102")
}

// signer returns the key with the id, which is made on first use where make says so.
func (s *Store) signer(ctx context.Context, id string, make bool) (*signer, error) {
	s.signing.Lock()
	defer s.signing.Unlock()
	if one := s.signs[id]; one != nil && s.now().Sub(one.read).Abs() < keyTrust {
		return one, nil
	}
	if !make {
		var n int
		if err := s.db.Read().NewRaw("SELECT count(*) FROM keys WHERE id = ?", id).Scan(ctx, &n); err != nil || n == 0 {
			return nil, err
		}
	}
	seed, err := s.vault.Key(ctx, id)
	if err != nil {
		return nil, err
	}
	one := &signer{key: ed25519.NewKeyFromSeed(seed[:]), id: id, read: s.now()}
	if s.signs == nil || len(s.signs) > 8 {
		s.signs = map[string]*signer{}
	}
	s.signs[id] = one
	return one, nil
}

func (s *Store) access(ctx context.Context, personID string) (string, error) {
	now := s.now()
	signer, err := s.signer(ctx, keyID(now), true)
	if err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, accessClaims{RegisteredClaims: jwt.RegisteredClaims{
		Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: personID,
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessLife)), ID: rand.Text(),
	}, Micros: now.UnixMicro()})
	t.Header["kid"] = signer.id
	t.Header["typ"] = accessType
	return t.SignedString(signer.key)
}

// accessClaims are what an access token says. Micros is when it was issued, in
// microseconds, since iat tells whole seconds alone: one that is issued in the
// second in which a person's tokens end must not live on.
type accessClaims struct {
	jwt.RegisteredClaims
	Micros int64 `json:"iat_us"`
}

// accessType tells access tokens from any other kind of signed token (RFC 9068).
const accessType = "at+jwt"

// RetireKeys makes every access token that was signed so far invalid; new ones get a new key.
func (s *Store) RetireKeys(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "account.RetireKeys")
	defer s.touched()
	s.signing.Lock()
	s.signs = nil
	s.signing.Unlock()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("DELETE FROM keys WHERE id LIKE 'jwt-%'").Exec(ctx)
		if err != nil {
			return err
		}
		n, _ := res.RowsAffected()
		return s.log.Append(ctx, tx, audit.Event{Action: "keys.retire", Object: audit.Object{Kind: "key", Name: "access tokens"}, Detail: map[string]any{"keys": n}})
	})
}

func (s *Store) bearerAccess(ctx context.Context, token string) (*Person, error) {
	proof, ok := s.proven.get(token, s.now())
	if !ok {
		var claims accessClaims
		_, err := jwt.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
			id, _ := t.Header["kid"].(string)
			now := s.now()
			if len(t.Header) != 3 { // alg, kid and typ: others, such as crit, would say what we do not do
				return nil, errors.New("unknown header")
			}
			if id != keyID(now) && id != keyID(now.Add(-keyLife)) && id != keyID(now.Add(skew)) || t.Header["typ"] != accessType {
				return nil, errors.New("unknown key")
			}
			signer, err := s.signer(ctx, id, false)
			if err != nil {
				return nil, err
			}
			if signer == nil {
				return nil, errors.New("retired key")
			}
			return signer.key.Public(), nil
		}, jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(s.now))
		if err != nil || claims.IssuedAt == nil || claims.Micros/1e6 != claims.IssuedAt.Unix() || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > AccessLife {
			return nil, errBearer(err)
		}
		until := s.now().Add(keyTrust) // a retired key counts within a moment
		if claims.ExpiresAt.Before(until) {
			until = claims.ExpiresAt.Time
		}
		proof = provenToken{person: claims.Subject, issued: time.UnixMicro(claims.Micros), until: until}
		s.proven.put(token, proof)
	}
	p, err := s.Active(ctx, proof.person)
	if err != nil {
		return nil, err
	}
	if p.ValidFrom != nil && proof.issued.Before(*p.ValidFrom) {
		return nil, errBearer(nil)
	}
	return p, nil
}

// Grant makes an access token and a refresh token for a person.
func (s *Store) Grant(ctx context.Context, personID string) (g Tokens, err error) {
	defer fault.Wrap(&err, "account.Grant(%s)", personID)
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, g.Refresh, err = s.insertToken(ctx, tx, personID, kindRefresh, NewToken{Name: "refresh", Life: RefreshLife, By: personID})
		if err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "access.start", Object: audit.Object{Kind: "person", ID: personID}})
	})
	if err != nil {
		return g, err
	}
	g.Access, err = s.access(ctx, personID)
	g.ExpiresIn = AccessLife
	return g, err
}

// Refresh trades a refresh token for new ones; the old one ends.
func (s *Store) Refresh(ctx context.Context, refresh string) (g Tokens, err error) {
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
	if _, err := s.Active(ctx, personID); err != nil {
		return g, err
	}
	return s.Grant(ctx, personID)
}
