// Package vault keeps secrets at rest: values sealed by an authenticated cipher
// and bound to the place they belong to. A keyset, itself sealed by the master
// key, lies in our store; each sealed value names the key that opens it, so two
// keys can live at once. It also reads the secrets that a connection only refers
// to and that are kept elsewhere.
package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
)

// Vault seals and opens secrets. Its methods may be called from several
// goroutines and take notice of keys that another process changed.
type Vault struct {
	store    *store.Store
	previous []Key
	folder   string
	now      func() time.Time
	pace     pace

	mu      sync.Mutex
	key     Key
	ring    *ring     // the last keyset that opened; nil while the vault is closed
	checked time.Time // when ring was last seen to be the store's
	closed  error     // why the store's keyset does not open
}

// Option says more about where the master key may be.
type Option func(*Vault)

// Previous names a master key that was in use before: a keyset that only it
// opens is sealed anew with the present one.
func Previous(key Key) Option { return func(v *Vault) { v.previous = append(v.previous, key) } }

// Folder says that the master key is the file master.key under dir, which may be
// changed by RotateMaster while the vault is open.
func Folder(dir string) Option { return func(v *Vault) { v.folder = dir } }

// Open opens the keyset in the store with the master key, making it on the first
// start. Where the key does not open it, or the keyset is gone while sealed
// values are there, the vault is closed: nothing in the store is changed, and
// whatever needs a secret fails with a fault of the kind Unavailable until the
// right key is given. An error means that the store could not be read.
func Open(ctx context.Context, s *store.Store, key Key, options ...Option) (*Vault, error) {
	v := &Vault{store: s, key: key, now: time.Now, pace: defaultPace}
	for _, o := range options {
		o(v)
	}
	_, err := v.load(ctx, s.Read())
	if errors.Is(err, errNoKeyset) {
		if err = v.create(ctx); err == nil {
			_, err = v.load(ctx, s.Read())
		}
	}
	if err != nil {
		if v.Closed() != nil {
			err = nil
		}
		return v, err
	}
	return v, v.adopt(ctx)
}

// Closed says why the store's secrets cannot be opened; nil where they can.
func (v *Vault) Closed() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.closed
}

// Seal encrypts a value for one place, such as Place("connections", id,
// "secret"); it opens nowhere else. Inside a transaction that writes the value,
// SealIn is the better choice.
func (v *Vault) Seal(value []byte, place string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), v.pace.look)
	defer cancel()
	r, err := v.load(ctx, v.store.Read())
	if err != nil {
		// A store whose connections are all busy is no reason to fail: a keyset
		// seen a moment ago keeps its primary key for longer than that.
		v.mu.Lock()
		if ctx.Err() != nil && v.ring != nil && v.now().Sub(v.checked) < v.pace.fresh {
			r, err = v.ring, nil
		}
		v.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return r.values.Encrypt(value, []byte(place))
}

// SealIn is Seal for a value that the transaction writes: no rotation removes
// the key it is sealed with before the transaction has ended.
func (v *Vault) SealIn(ctx context.Context, tx bun.Tx, value []byte, place string) ([]byte, error) {
	if err := lock(ctx, tx, false); err != nil {
		return nil, err
	}
	r, err := v.load(ctx, tx)
	if err != nil {
		return nil, err
	}
	return r.values.Encrypt(value, []byte(place))
}

// Open decrypts a value sealed for the place.
func (v *Vault) Open(sealed []byte, place string) ([]byte, error) {
	r := v.current()
	if r == nil || !slices.Contains(r.ids, keyID(sealed)) {
		ctx, cancel := context.WithTimeout(context.Background(), v.pace.look)
		defer cancel()
		var err error
		if r, err = v.load(ctx, v.store.Read()); err != nil {
			return nil, err
		}
	}
	value, err := r.values.Decrypt(sealed, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("the secret of %s does not open: it was changed, moved or sealed with another key", place)
	}
	return value, nil
}

func (v *Vault) current() *ring {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ring
}

// keyID returns the id of the key that sealed a value; 0, which no key has, where it is no such value.
func keyID(sealed []byte) uint32 {
	if len(sealed) < prefixLength || sealed[0] != 1 {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:])
}

// prefixLength is how many bytes in front of a sealed value name its key: a 1
// and four of the id, as Tink writes them.
const prefixLength = 5

// Place names a column of a row.
func Place(table, id, column string) string { return table + "|" + id + "|" + column }

// Key returns 32 bytes for a purpose that never leave the process, the same
// after every start: made once, sealed in our store.
func (v *Vault) Key(ctx context.Context, purpose string) (key [32]byte, err error) {
	if purpose == keysetID || purpose == rotationID {
		return key, fmt.Errorf("a key may not be named %s", purpose)
	}
	place := Place("keys", purpose, "sealed")
	read := func(db bun.IDB) error {
		var sealed []byte
		if err := db.NewRaw("SELECT sealed FROM keys WHERE id = ?", purpose).Scan(ctx, &sealed); err != nil {
			return err
		}
		b, err := v.Open(sealed, place)
		if err == nil && len(b) != len(key) {
			err = fmt.Errorf("key %s is damaged", purpose)
		}
		copy(key[:], b)
		return err
	}
	err = read(v.store.Read())
	if store.Missing(err, "key") == err {
		return key, err
	}
	err = v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := read(tx); store.Missing(err, "key") == err {
			return err
		}
		if _, err := rand.Read(key[:]); err != nil {
			return err
		}
		sealed, err := v.SealIn(ctx, tx, key[:], place)
		if err != nil {
			return err
		}
		res, err := tx.NewRaw("INSERT INTO keys (id, purpose, sealed, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
			purpose, purpose, sealed, v.now().UTC()).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return read(tx) // another process made it first
	})
	if err != nil {
		return [32]byte{}, err
	}
	return key, nil
}

// Hash returns the hex SHA-256 of a random token, which is all that is stored of it.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return fmt.Sprintf("%x", sum)
}

// errClosed is why a vault is closed, and what helps.
func errClosed(format string, args ...any) error {
	return fault.New(fault.Unavailable, format, args...)
}

// same reports whether two keyset rows are one.
func (r row) same(o row) bool { return r.Purpose == o.Purpose && bytes.Equal(r.Sealed, o.Sealed) }
