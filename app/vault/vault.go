// Package vault keeps secrets at rest: values sealed by an authenticated cipher
// and bound to the place they belong to. A keyset, itself sealed by the master
// key, lies in our store; each sealed value names the key that opens it, so two
// keys can live at once.
package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"github.com/uptrace/bun"

	"assay/app/store"
)

// Vault seals and opens secrets.
type Vault struct {
	values tink.AEAD
	master tink.AEAD
	store  *store.Store
}

// Key is the master key: 32 bytes.
type Key [32]byte

// ParseKey reads a master key of 32 bytes in base64 and refuses a weak one.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		b, err := encoding.DecodeString(text)
		if err != nil || len(b) != len(Key{}) {
			continue
		}
		distinct := map[byte]bool{}
		for _, c := range b {
			distinct[c] = true
		}
		if len(distinct) < 12 {
			return Key{}, errors.New("ASSAY_MASTER_KEY is not random; make one with: openssl rand -base64 32")
		}
		return Key(b), nil
	}
	return Key{}, errors.New("ASSAY_MASTER_KEY must be 32 bytes in base64; make one with: openssl rand -base64 32")
}

// LoadKey reads the master key from the file master.key under dir, or makes it
// with mode 0600; made says which.
func LoadKey(dir string) (key Key, path string, made bool, err error) {
	path = filepath.Join(dir, "master.key")
	for range 2 {
		b, err := os.ReadFile(path)
		if err == nil {
			key, err = ParseKey(string(b))
			if err != nil {
				err = fmt.Errorf("%s: %w", path, err)
			}
			return key, path, false, err
		}
		if !errors.Is(err, os.ErrNotExist) {
			return key, path, false, fmt.Errorf("master key: %w", err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return key, path, false, fmt.Errorf("master key: %w", err)
		}
		if _, err := rand.Read(key[:]); err != nil {
			return key, path, false, err
		}
		// Written whole beside it and linked into place: of two processes that
		// start together one wins, and neither reads half a key.
		tmp, err := os.CreateTemp(dir, "master.key.*")
		if err != nil {
			return key, path, false, fmt.Errorf("master key: %w", err)
		}
		defer os.Remove(tmp.Name())
		_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
		err = errors.Join(err, tmp.Sync(), tmp.Close())
		if err != nil {
			return key, path, false, fmt.Errorf("master key: %w", err)
		}
		err = os.Link(tmp.Name(), path)
		if err == nil {
			return key, path, true, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return key, path, false, fmt.Errorf("master key: %w", err)
		}
	}
	return key, path, false, errors.New("master key: the file comes and goes")
}

// keysetID is where the keyset lies in our store.
const keysetID = "vault"

// Open opens the keyset in the store with the master key, making it on the
// first start. A wrong master key is an error, never an empty vault.
func Open(ctx context.Context, s *store.Store, key Key) (*Vault, error) {
	master, err := subtle.NewXChaCha20Poly1305(key[:])
	if err != nil {
		return nil, err
	}
	v := &Vault{master: master, store: s}
	handle, err := v.keyset(ctx)
	if err != nil {
		return nil, err
	}
	v.values, err = aead.New(handle)
	return v, err
}

func (v *Vault) keyset(ctx context.Context) (*keyset.Handle, error) {
	var handle *keyset.Handle
	err := v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var sealed []byte
		err := tx.NewRaw("SELECT sealed FROM keys WHERE id = ?", keysetID).Scan(ctx, &sealed)
		if err == nil {
			handle, err = keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(sealed)), v.master, []byte(keysetID))
			if err != nil {
				return errors.New("the master key does not open this store's secrets; give the key it was made with (ASSAY_MASTER_KEY, or master.key in the data directory)")
			}
			return nil
		}
		if missing := store.Missing(err, "key"); missing == err {
			return err
		}
		handle, err = keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), v.master, []byte(keysetID)); err != nil {
			return err
		}
		_, err = tx.NewRaw("INSERT INTO keys (id, purpose, sealed, created_at) VALUES (?, 'aead', ?, ?)", keysetID, b.Bytes(), time.Now().UTC()).Exec(ctx)
		return err
	})
	return handle, err
}

// Seal encrypts a value for one place, such as Place("connections", id,
// "password"); it opens nowhere else.
func (v *Vault) Seal(value []byte, place string) ([]byte, error) {
	return v.values.Encrypt(value, []byte(place))
}

// Open decrypts a value sealed for the place.
func (v *Vault) Open(sealed []byte, place string) ([]byte, error) {
	value, err := v.values.Decrypt(sealed, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("the secret of %s does not open: it was changed, moved or sealed with another key", place)
	}
	return value, nil
}

// Place names a column of a row.
func Place(table, id, column string) string { return table + "|" + id + "|" + column }

// Key returns 32 bytes for a purpose that never leave the process, the same
// after every start: made once, sealed in our store.
func (v *Vault) Key(ctx context.Context, purpose string) (key [32]byte, err error) {
	place := Place("keys", purpose, "sealed")
	err = v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var sealed []byte
		err := tx.NewRaw("SELECT sealed FROM keys WHERE id = ?", purpose).Scan(ctx, &sealed)
		if err == nil {
			b, err := v.Open(sealed, place)
			if err != nil || len(b) != len(key) {
				return errors.Join(err, fmt.Errorf("key %s is damaged", purpose))
			}
			key = [32]byte(b)
			return nil
		}
		if missing := store.Missing(err, "key"); missing == err {
			return err
		}
		if _, err := rand.Read(key[:]); err != nil {
			return err
		}
		sealed, err = v.Seal(key[:], place)
		if err != nil {
			return err
		}
		_, err = tx.NewRaw("INSERT INTO keys (id, purpose, sealed, created_at) VALUES (?, ?, ?, ?)", purpose, purpose, sealed, time.Now().UTC()).Exec(ctx)
		return err
	})
	return key, err
}

// Hash returns the hex SHA-256 of a random token, which is all that is stored of it.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return fmt.Sprintf("%x", sum)
}
