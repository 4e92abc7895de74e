package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// PendingLife is how long somebody has at the provider until the sign-in has to start again.
const PendingLife = 10 * time.Minute

// Pending is a sign-in between its two halves. It lies sealed in a cookie of the
// browser that began it, which binds the answer to that browser.
type Pending struct {
	Provider  string    `json:"p"`
	State     string    `json:"s"`
	Nonce     string    `json:"n"` // for SAML the request's id
	Verifier  string    `json:"v,omitempty"`
	Callback  string    `json:"c"`
	ExpiresAt time.Time `json:"e"`
	// Next is the path to show afterwards, set by the caller.
	Next string `json:"x,omitempty"`
	// LinkFor is the id of the signed-in person who asked for the identity to be
	// linked, set by the caller; whoever finishes must be that person.
	LinkFor string `json:"l,omitempty"`
	// ProveFor is the id of the signed-in person who proves again who they are, set
	// by the caller; whoever finishes must be that person.
	ProveFor string `json:"f,omitempty"`
	// Again says that the provider was told to ask who it is, though it may know.
	Again bool `json:"a,omitempty"`
}

var pendingPlace = vault.Place("identity", "pending", "cookie")

// secretText returns 256 random bits as 43 characters that need no escaping.
func secretText() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (s *Store) pend(providerID, callback string) Pending {
	return Pending{Provider: providerID, Callback: callback, State: secretText(), Nonce: secretText(), Verifier: secretText(), ExpiresAt: s.now().Add(PendingLife)}
}

// begun is when the sign-in was started.
func (p Pending) begun() time.Time { return p.ExpiresAt.Add(-PendingLife) }

// challenge is the PKCE challenge of the verifier (RFC 7636, S256).
func (p Pending) challenge() string {
	sum := sha256.Sum256([]byte(p.Verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Seal returns the pending sign-in as a cookie's value of some 700 characters.
func (p Pending) Seal(v *vault.Vault) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sealed, err := v.Seal(b, pendingPlace)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// OpenPending reads what Seal returned; anything else is a SignIn fault.
func OpenPending(v *vault.Vault, value string) (p Pending, err error) {
	lost := func(cause error) (Pending, error) {
		return Pending{}, fault.Because(fault.SignIn, cause, "This browser has no sign-in under way; start again")
	}
	if value == "" || len(value) > 4096 {
		return lost(nil)
	}
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return lost(err)
	}
	b, err := v.Open(sealed, pendingPlace)
	if fault.Is(err, fault.Unavailable) {
		return Pending{}, err // the vault itself is closed
	}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return lost(err)
	}
	return p, nil
}

// same compares in constant time and never takes two empty texts for the same.
func same(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// use marks the sign-in as finished, once: it is remembered in our store until it
// would have expired, so that neither a second server nor a restart forgets it.
func (s *Store) use(ctx context.Context, p Pending) error {
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("DELETE FROM links WHERE purpose = ? AND expires_at < ?", usedPurpose, s.now()).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("INSERT INTO links (token_hash, purpose, created_at, expires_at) VALUES (?, ?, ?, ?)",
			vault.Hash("identity "+p.Nonce), usedPurpose, s.now(), p.ExpiresAt.UTC()).Exec(ctx)
		if err = store.Duplicate(err, "This sign-in was finished already"); fault.Is(err, fault.Conflict) {
			return fault.Because(fault.SignIn, err, "This sign-in was finished already; start again")
		}
		return err
	})
}

// usedPurpose tells a finished sign-in from the one-time links in the same table.
const usedPurpose = "identity-used"
