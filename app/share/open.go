package share

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/vault"
)

// Opening is a link that can be opened: what it leads to, and for whom that is
// asked, its maker as they were when they made it.
type Opening struct {
	*Share
	Person *account.Person
	Object *Object
}

// Open returns the link of a token. Whatever the reason why it cannot be opened,
// it is the same NotFound; Check tells its maker more.
func (s *Store) Open(ctx context.Context, token string) (_ *Opening, err error) {
	defer fault.Wrap(&err, "share.Open")
	if !Token(token) {
		return nil, gone(nil)
	}
	one, err := s.get(ctx, "token_hash = ?", vault.Hash(token))
	if fault.Is(err, fault.NotFound) {
		return nil, gone(err)
	}
	if err != nil {
		return nil, err
	}
	o, err := s.Check(ctx, one)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Denied, fault.SignIn:
		return nil, gone(err)
	}
	return o, err
}

func gone(why error) error {
	return fault.Because(fault.NotFound, why, "This link leads nowhere. It may have ended, or it was not copied whole.")
}

// Token reports whether a text is spelled as tokens are.
func Token(text string) bool {
	return len(text) == tokenLength && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// Check opens a link without its token, or tells why it cannot be opened now, in
// words for its maker.
func (s *Store) Check(ctx context.Context, one *Share) (*Opening, error) {
	switch one.State(s.now()) {
	case "revoked":
		return nil, fault.New(fault.NotFound, "The link was revoked")
	case "expired":
		return nil, fault.New(fault.NotFound, "The link has expired")
	}
	p, err := s.people.Thaw(ctx, one.subject)
	if err != nil {
		return nil, err
	}
	o, err := s.objects.Find(ctx, one.Kind, one.ObjectID)
	if err != nil {
		return nil, err
	}
	if err := account.Check(p, account.Look, account.InFolder(o.Folder)); err != nil {
		return nil, err
	}
	if lost := one.lost(o); lost != "" {
		return nil, fault.New(fault.Denied, "%s", lost)
	}
	if p, err = o.shaped(ctx, p.Lend(one.CreatedAt)); err != nil {
		return nil, err
	}
	if one.Kind == Question { // cards and blocks say it in their places
		for _, id := range o.Connections {
			if err := account.Check(p, account.Look, account.OnConnection(id)); err != nil {
				return nil, err
			}
		}
	}
	return &Opening{Share: one, Person: p, Object: o}, nil
}

// lost says which of the fixed values would have no effect on the object as it
// is now, "" for none: without it a visitor would see more than was given.
func (s *Share) lost(o *Object) string {
	for _, name := range slices.Sorted(maps.Keys(s.Settings.Fixed)) {
		i := slices.IndexFunc(o.Parameters, func(p Parameter) bool { return p.Name == name })
		if i < 0 {
			return fmt.Sprintf("The %s has no parameter %q any more, which the link fixes", s.Kind, clip(name))
		}
		if value := strings.TrimSpace(s.Settings.Fixed[name]); !o.Parameters[i].takes(s.Kind, value) {
			return fmt.Sprintf("The value %q, which the link fixes, is not among those of the parameter %q any more", clip(value), clip(name))
		}
	}
	return ""
}

// takes reports whether a value is shown as it is. A report shows its parameter's
// own value in place of one that is not in the list.
func (p *Parameter) takes(kind Kind, value string) bool {
	return kind != Report || len(p.Values) == 0 || value == "" || slices.Contains(p.Values, value)
}

// Still returns nil where a link that was opened still opens, and NotFound where
// it was ended meanwhile.
func (s *Store) Still(ctx context.Context, one *Share) (err error) {
	defer fault.Wrap(&err, "share.Still(%s)", one.ID)
	now, err := s.get(ctx, "id = ?", one.ID)
	if err == nil {
		_, err = s.Check(ctx, now)
	}
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Denied, fault.SignIn:
		return gone(err)
	}
	return err
}

// Holding returns a context that ends when the link does, looked at every two
// seconds; end gives it back.
func (s *Store) Holding(ctx context.Context, one *Share) (held context.Context, end func()) {
	held, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(holdEvery)
		defer tick.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-tick.C:
			}
			if err := s.Still(held, one); fault.Is(err, fault.NotFound) {
				cancel(err)
			}
		}
	}()
	return held, func() { cancel(nil) }
}

// holdEvery is how often a link is looked at while an answer is made for it.
const holdEvery = 2 * time.Second

// Wrong passwords of one link, from everywhere: so many at once, and one more
// after each pause.
const (
	wrongPasswords = 30
	passwordPause  = time.Minute
)

// CheckPassword tells whether a password is the link's. A wrong one is a SignIn
// fault; an address that was wrong too often has to wait, as a TooMany fault says.
func (s *Store) CheckPassword(ctx context.Context, one *Share, password, address string) (err error) {
	defer fault.Wrap(&err, "share.CheckPassword(%s)", one.ID)
	if !one.HasPassword {
		return nil
	}
	key := "share:" + one.ID + ":" + network(address)
	if err := s.throttle.Allow(key); err != nil {
		return err
	}
	// Taken before it is known to be wrong, so that many at once are no way around.
	if !s.passwords.take(one.ID) {
		return fault.New(fault.TooMany, "Too many wrong passwords were tried for this link; wait a few minutes and try again")
	}
	ok := false
	if len(password) <= 4*longestPassword {
		if ok, err = s.people.PasswordMatches(ctx, password, one.password); err != nil {
			return err
		}
	}
	if !ok {
		s.throttle.Failed(key)
		return fault.New(fault.SignIn, "This is not the password of the link")
	}
	s.throttle.Succeeded(key)
	s.passwords.give(one.ID)
	return nil
}

// ProofLife is how long somebody who knew the password need not tell it again.
const ProofLife = 12 * time.Hour

// Prove returns a text that shows for ProofLife that its holder knew the link's
// password. It means nothing for another link, nor after the password changed.
func (s *Store) Prove(ctx context.Context, one *Share) (string, error) {
	until := make([]byte, 8)
	binary.BigEndian.PutUint64(until, uint64(s.now().Add(ProofLife).Unix()))
	mac, err := s.seal(ctx, one, until)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(until, mac...)), nil
}

// Proven reports whether a text is a proof for the link that still counts; a
// link without a password needs none.
func (s *Store) Proven(ctx context.Context, one *Share, proof string) bool {
	if !one.HasPassword {
		return true
	}
	b, err := base64.RawURLEncoding.DecodeString(proof)
	if err != nil || len(b) != 8+sha256.Size {
		return false
	}
	mac, err := s.seal(ctx, one, b[:8])
	return err == nil && hmac.Equal(mac, b[8:]) && s.now().Unix() < int64(binary.BigEndian.Uint64(b[:8]))
}

func (s *Store) seal(ctx context.Context, one *Share, until []byte) ([]byte, error) {
	key, err := s.vault.Key(ctx, "share")
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key[:])
	for _, part := range []string{"password known", one.ID, one.password, string(until)} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil), nil
}
