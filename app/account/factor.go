package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image/png"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Factor is a second factor on its way to being set up: a time-based one-time
// password (RFC 6238), six digits every thirty seconds.
type Factor struct {
	Secret string // in base32, as people type it where they cannot scan
	Link   string // the otpauth address
	QR     []byte // the same as a PNG
}

const (
	factorPeriod   = 30 // seconds
	recoveryCodes  = 10
	factorQRPixels = 220
)

// NewFactor returns a new secret for a person; it counts once SetFactor was given a code of it.
func (s *Store) NewFactor(p *Person) (f Factor, err error) {
	defer fault.Wrap(&err, "account.NewFactor(%s)", p.ID)
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Assay", AccountName: p.Email, Period: factorPeriod, SecretSize: 20})
	if err != nil {
		return f, err
	}
	return factorOf(key)
}

// FactorFrom returns the factor of a secret that NewFactor gave.
func (s *Store) FactorFrom(p *Person, secret string) (f Factor, err error) {
	defer fault.Wrap(&err, "account.FactorFrom(%s)", p.ID)
	key, err := otp.NewKeyFromURL("otpauth://totp/Assay:" + p.Email + "?issuer=Assay&period=30&digits=6&algorithm=SHA1&secret=" + secret)
	if err != nil {
		return f, err
	}
	return factorOf(key)
}

func factorOf(key *otp.Key) (Factor, error) {
	image, err := key.Image(factorQRPixels, factorQRPixels)
	if err != nil {
		return Factor{}, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, image); err != nil {
		return Factor{}, err
	}
	return Factor{Secret: key.Secret(), Link: key.URL(), QR: b.Bytes()}, nil
}

// SetFactor makes the secret a person's second factor, once they gave a code of
// it, and returns recovery codes, each of which stands in for a code once.
func (s *Store) SetFactor(ctx context.Context, personID, secret, code string) (recovery []string, err error) {
	defer fault.Wrap(&err, "account.SetFactor(%s)", personID)
	defer s.touched()
	period, ok := s.matchCode(secret, code, 0)
	if !ok {
		return nil, fault.Field("code", "This is not the code that the app shows now")
	}
	hashes := make([]string, recoveryCodes)
	for i := range hashes {
		text := strings.ToLower(rand.Text()[:16])
		recovery = append(recovery, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes[i] = vault.Hash(text)
	}
	p, err := s.Get(ctx, personID)
	if err != nil {
		return nil, err
	}
	return recovery, s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		sealed, err := s.vault.SealIn(ctx, tx, []byte(secret), vault.Place("people", personID, "totp"))
		if err != nil {
			return err
		}
		res, err := tx.NewRaw("UPDATE people SET totp = ?, totp_used = ?, recovery = ?, updated_at = ? WHERE id = ?", sealed, period, strings.Join(hashes, " "), s.now(), personID).Exec(ctx)
		if err := store.Changed(res, err, "person"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "person.factor", Object: p.object(), Detail: map[string]any{"second_factor": true}})
	})
}

// RemoveFactor takes a person's second factor away.
func (s *Store) RemoveFactor(ctx context.Context, personID string) (err error) {
	defer fault.Wrap(&err, "account.RemoveFactor(%s)", personID)
	defer s.touched()
	p, err := s.Get(ctx, personID)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE people SET totp = NULL, totp_used = 0, recovery = '', updated_at = ? WHERE id = ?", s.now(), personID).Exec(ctx)
		if err := store.Changed(res, err, "person"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "person.factor", Object: p.object(), Detail: map[string]any{"second_factor": false}})
	})
}

// CheckFactor takes a code of a person's second factor, or a recovery code, each
// once; a wrong or used one is a SignIn fault.
func (s *Store) CheckFactor(ctx context.Context, personID, code string) (err error) {
	defer fault.Wrap(&err, "account.CheckFactor(%s)", personID)
	p, err := s.Get(ctx, personID)
	if err != nil {
		return err
	}
	if !p.HasFactor() {
		return nil
	}
	wrong := fault.New(fault.SignIn, "This code is not right, or was used already")
	typed := strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(strings.TrimSpace(code)))
	used := false
	if len(typed) == 16 {
		used, err = s.useRecovery(ctx, p, vault.Hash(typed))
	} else {
		used, err = s.useCode(ctx, p, typed)
	}
	if err != nil {
		return err
	}
	if !used {
		return errors.Join(s.refused(ctx, "session.start", p.Email, "second factor"), wrong)
	}
	return nil
}

func (s *Store) useCode(ctx context.Context, p *Person, code string) (bool, error) {
	secret, err := s.vault.Open(p.TOTP, vault.Place("people", p.ID, "totp"))
	if err != nil {
		return false, err
	}
	period, ok := s.matchCode(string(secret), code, p.TOTPUsed)
	if !ok {
		return false, nil
	}
	// Of two that use the same code at once one succeeds.
	return s.changedOne(ctx, "UPDATE people SET totp_used = ? WHERE id = ? AND totp_used < ?", period, p.ID, period)
}

func (s *Store) useRecovery(ctx context.Context, p *Person, hash string) (bool, error) {
	left := strings.Fields(p.Recovery)
	if !slices.Contains(left, hash) {
		return false, nil
	}
	rest := strings.Join(without(left, []string{hash}), " ")
	return s.changedOne(ctx, "UPDATE people SET recovery = ? WHERE id = ? AND recovery = ?", rest, p.ID, p.Recovery)
}

func (s *Store) changedOne(ctx context.Context, statement string, args ...any) (changed bool, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw(statement, args...).Exec(ctx)
		if err == nil {
			n, _ := res.RowsAffected()
			changed = n == 1
		}
		return err
	})
	return changed, err
}

// matchCode returns the period of a code that is right now, or was or will be
// half a minute away, and later than the one used last.
func (s *Store) matchCode(secret, code string, last int64) (period int64, ok bool) {
	if len(code) != 6 {
		return 0, false
	}
	now := s.now().Unix() / factorPeriod
	for p := now - 1; p <= now+1; p++ {
		valid, err := totp.ValidateCustom(code, secret, time.Unix(p*factorPeriod, 0), totp.ValidateOpts{Period: factorPeriod, Digits: otp.DigitsSix})
		if err == nil && valid && p > last {
			return p, true
		}
	}
	return 0, false
}
