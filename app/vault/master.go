package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

// Key is the master key: 32 bytes.
type Key [32]byte

// Name returns what a master key is called: a few hex digits that tell keys
// apart and nothing about them.
func (k Key) Name() string {
	sum := sha256.Sum256(append([]byte("assay master key "), k[:]...))
	return fmt.Sprintf("%x", sum[:4])
}

// String returns the key's name, so that no formatting shows the key itself.
func (k Key) String() string { return "master key " + k.Name() }

// GoString returns the key's name, as String does.
func (k Key) GoString() string { return k.String() }

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

// The files of the master key: the one in use, and its successor until the
// keyset is sealed with it.
const (
	keyFile = "master.key"
	newFile = "master.key.new"
)

func readKey(dir, name string) (Key, error) {
	path := filepath.Join(dir, name)
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("master key: %w", err)
	}
	key, err := ParseKey(string(b))
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return key, err
}

// draftKey writes a key whole to a file of its own in dir, with mode 0600, and returns its path.
func draftKey(dir string, key Key) (path string, err error) {
	f, err := os.CreateTemp(dir, keyFile+".*")
	if err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("master key: %w", err)
	}
	return f.Name(), nil
}

// settleDir makes what happened to the names in dir outlast a loss of power.
func settleDir(dir string) {
	if f, err := os.Open(dir); err == nil {
		f.Sync() // some systems cannot, and then there is nothing more to do
		f.Close()
	}
}

// LoadKey reads the master key from the file master.key under dir, or makes it
// with mode 0600; made says which.
func LoadKey(dir string) (key Key, path string, made bool, err error) {
	path = filepath.Join(dir, keyFile)
	for range 2 {
		for _, name := range []string{keyFile, newFile} {
			if key, err = readKey(dir, name); !errors.Is(err, os.ErrNotExist) {
				return key, filepath.Join(dir, name), false, err
			}
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return key, path, false, fmt.Errorf("master key: %w", err)
		}
		if _, err := rand.Read(key[:]); err != nil {
			return key, path, false, err
		}
		// Written whole beside it and linked into place: of two processes that
		// start together one wins, and neither reads half a key.
		draft, err := draftKey(dir, key)
		if err != nil {
			return key, path, false, err
		}
		defer os.Remove(draft)
		err = os.Link(draft, path)
		if err == nil {
			settleDir(dir)
			return key, path, true, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return key, path, false, fmt.Errorf("master key: %w", err)
		}
	}
	return key, path, false, errors.New("master key: the file comes and goes")
}

// masters returns the keys that may open the keyset, the likeliest first.
func (v *Vault) masters() []Key {
	v.mu.Lock()
	keys := []Key{v.key}
	v.mu.Unlock()
	if v.folder != "" {
		for _, name := range []string{keyFile, newFile, keyFile} { // the second may become the first meanwhile
			if key, err := readKey(v.folder, name); err == nil {
				keys = append(keys, key)
			}
		}
	}
	return append(keys, v.previous...)
}

// adopt seals a keyset that only a former master key opens with the present one,
// and ends the replacement of a key file that a crash cut short.
func (v *Vault) adopt(ctx context.Context) error {
	opened := v.current()
	if opened.master == v.key {
		return nil
	}
	if v.folder != "" {
		// A folder that cannot be written to, or a file that another process puts
		// in its place meanwhile, is no reason not to start: the key is there.
		_ = v.change(ctx, func(_ context.Context, _ bun.Tx, r *ring) (*row, error) { return nil, v.settleFiles(r.row) })
	}
	if !slices.Contains(v.previous, opened.master) {
		return nil
	}
	err := v.change(ctx, func(_ context.Context, _ bun.Tx, r *ring) (*row, error) {
		if !slices.Contains(v.previous, r.master) {
			return nil, nil // another process was first
		}
		changed, err := sealedRow(r.handle, v.key, r.row.CreatedAt)
		return &changed, err
	})
	if err != nil {
		return err
	}
	_, err = v.load(ctx, v.store.Read())
	return err
}

// settleFiles brings the key files in line with the keyset, which nobody changes
// meanwhile: a successor that opens it takes its place, one that does not is
// left over from a replacement that never came so far.
func (v *Vault) settleFiles(r row) error {
	next, err := readKey(v.folder, newFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	fresh := filepath.Join(v.folder, newFile)
	if err == nil && r.open(next) != nil {
		err = os.Rename(fresh, filepath.Join(v.folder, keyFile))
	} else if present, problem := readKey(v.folder, keyFile); problem == nil && r.open(present) != nil {
		err = os.Remove(fresh)
	}
	settleDir(v.folder)
	return err
}

// RotateMaster makes a new master key file, seals the keyset with it and returns
// its name. After a crash at any point one of the files opens the store. It
// works while others have the vault open, where they know the Folder too.
func (v *Vault) RotateMaster(ctx context.Context) (_ Key, err error) {
	defer fault.Wrap(&err, "vault.RotateMaster")
	if err := v.Closed(); err != nil {
		return Key{}, err
	}
	if v.folder == "" {
		return Key{}, fault.New(fault.Conflict, "The master key is a setting, not a file: give a new one as ASSAY_MASTER_KEY and the present one as ASSAY_MASTER_KEY_PREVIOUS, and start again")
	}
	var key Key
	if _, err := rand.Read(key[:]); err != nil {
		return Key{}, err
	}
	err = v.change(ctx, func(_ context.Context, _ bun.Tx, r *ring) (*row, error) {
		if err := v.settleFiles(r.row); err != nil {
			return nil, err
		}
		// Without the present key in its file, the new one could only be undone by hand.
		if present, err := readKey(v.folder, keyFile); err != nil {
			return nil, err
		} else if r.row.open(present) == nil {
			return nil, fault.New(fault.Conflict, "The file %s is not the key that opens the store; put that one in its place first", filepath.Join(v.folder, keyFile))
		}
		draft, err := draftKey(v.folder, key)
		if err != nil {
			return nil, err
		}
		if err := os.Rename(draft, filepath.Join(v.folder, newFile)); err != nil {
			os.Remove(draft)
			return nil, fmt.Errorf("master key: %w", err)
		}
		settleDir(v.folder)
		changed, err := sealedRow(r.handle, key, r.row.CreatedAt)
		return &changed, err
	})
	if err != nil {
		return Key{}, err
	}
	err = v.change(ctx, func(_ context.Context, _ bun.Tx, r *ring) (*row, error) { return nil, v.settleFiles(r.row) })
	if err != nil {
		return Key{}, err
	}
	v.mu.Lock()
	v.key = key
	v.mu.Unlock()
	_, err = v.load(ctx, v.store.Read())
	return key, err
}
