package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"assay/app/store"
)

// keysetID is where the keyset lies among the keys in our store.
const keysetID = "vault"

// lockKey is the advisory lock of PostgreSQL that whoever seals inside a
// transaction shares and whoever changes the keyset has alone: "vault" in ASCII.
const lockKey = 0x7661756c74

// errNoKeyset says that the store has no keyset.
var errNoKeyset = errors.New("the store has no keyset")

// row is the keyset as it lies in our store.
type row struct {
	// Purpose is "aead" and, in the clear, the ids of the keys, the primary one
	// first: who cannot open the keyset any more sees whether it is still the same.
	Purpose   string    `bun:"purpose"`
	Sealed    []byte    `bun:"sealed"`
	CreatedAt time.Time `bun:"created_at"` // when the primary key was added
}

// ring is a keyset that was opened.
type ring struct {
	row     row
	handle  *keyset.Handle
	values  tink.AEAD
	ids     []uint32 // the oldest first
	primary uint32
	master  Key // what opened it
}

// lock keeps the keyset as it is until the transaction ends, alone or with
// others. SQLite's write lock, which each transaction of ours begins with, does
// the same. A queue of its own, unlike a lock on the row, lets no stream of
// writers starve a rotation.
func lock(ctx context.Context, tx bun.Tx, alone bool) error {
	if tx.Dialect().Name() != dialect.PG {
		return nil
	}
	call := "SELECT pg_advisory_xact_lock_shared(?)"
	if alone {
		call = "SELECT pg_advisory_xact_lock(?)"
	}
	_, err := tx.NewRaw(call, lockKey).Exec(ctx)
	return err
}

func readRow(ctx context.Context, db bun.IDB) (r row, err error) {
	err = db.NewRaw("SELECT purpose, sealed, created_at FROM keys WHERE id = ?", keysetID).Scan(ctx, &r)
	if err != nil && store.Missing(err, "key") != err {
		err = errNoKeyset
	}
	return r, err
}

// load returns the store's keyset, opened; it opens it only where it changed
// since the last time. The error is a fault of the kind Unavailable where the
// master key does not open it, and then Closed says so too.
func (v *Vault) load(ctx context.Context, db bun.IDB) (*ring, error) {
	var opened *ring
	for range 3 { // a master key may be replaced between the two readings
		r, err := readRow(ctx, db)
		if errors.Is(err, errNoKeyset) {
			return nil, v.shut(err)
		}
		if err != nil {
			return nil, err
		}
		v.mu.Lock()
		if v.ring != nil && v.ring.row.same(r) {
			v.checked, v.closed = v.now(), nil
			defer v.mu.Unlock()
			return v.ring, nil
		}
		v.mu.Unlock()
		if opened = r.open(v.masters()...); opened != nil {
			break
		}
		v.mu.Lock()
		if v.ring != nil && r.names(v.ring.primary) {
			// Sealed with a master key that is not known here yet, as another
			// server with newer settings does; the keys in it are the same.
			v.checked, v.closed = v.now(), nil
			defer v.mu.Unlock()
			return v.ring, nil
		}
		v.mu.Unlock()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if opened == nil {
		v.closed = errClosed("The master key does not open this store's secrets; start with the key they were sealed with (ASSAY_MASTER_KEY, or the file master.key in the data directory)")
		return nil, v.closed
	}
	v.ring, v.checked, v.closed = opened, v.now(), nil
	return opened, nil
}

// shut closes a vault whose keyset is gone. A store without one is not told from
// a new one here, so that Open can make the keyset.
func (v *Vault) shut(err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed == nil && v.ring == nil {
		return err
	}
	v.closed = errClosed("The keyset that opens this store's secrets is missing from it; restore the store from a backup")
	return v.closed
}

// open returns the keyset opened by the first of the keys that does, or nil.
func (r row) open(keys ...Key) *ring {
	for _, key := range keys {
		master, err := subtle.NewXChaCha20Poly1305(key[:])
		if err != nil {
			continue
		}
		handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(r.Sealed)), master, []byte(keysetID))
		if err != nil {
			continue
		}
		if opened, err := newRing(r, handle, key); err == nil {
			return opened
		}
	}
	return nil
}

func newRing(r row, handle *keyset.Handle, master Key) (*ring, error) {
	values, err := aead.New(handle)
	if err != nil {
		return nil, err
	}
	opened := &ring{row: r, handle: handle, values: values, master: master}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, err
		}
		opened.ids = append(opened.ids, entry.KeyID())
		if entry.IsPrimary() {
			opened.primary = entry.KeyID()
		}
	}
	return opened, nil
}

// sealedRow returns the row of a keyset sealed with a master key.
func sealedRow(handle *keyset.Handle, key Key, at time.Time) (row, error) {
	master, err := subtle.NewXChaCha20Poly1305(key[:])
	if err != nil {
		return row{}, err
	}
	var b bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), master, []byte(keysetID)); err != nil {
		return row{}, err
	}
	opened, err := newRing(row{}, handle, key)
	if err != nil {
		return row{}, err
	}
	ids := slices.DeleteFunc(slices.Clone(opened.ids), func(id uint32) bool { return id == opened.primary })
	return row{Purpose: strings.Join(append([]string{"aead", keyName(opened.primary)}, keyNames(ids)...), " "), Sealed: b.Bytes(), CreatedAt: at.UTC()}, nil
}

// names reports whether the row says in the clear that the key is the primary one.
func (r row) names(primary uint32) bool {
	words := strings.Fields(r.Purpose)
	return len(words) > 1 && words[1] == keyName(primary)
}

func keyName(id uint32) string { return fmt.Sprintf("%08x", id) }

func keyNames(ids []uint32) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = keyName(id)
	}
	return names
}

func keyNamed(name string) uint32 {
	id, err := strconv.ParseUint(name, 16, 32)
	if err != nil {
		return 0
	}
	return uint32(id)
}

// create makes the keyset of a new store. Where the store holds sealed values it
// is not new: another keyset would hide that theirs is lost, so the vault closes.
func (v *Vault) create(ctx context.Context) error {
	handle, err := keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		return err
	}
	r, err := sealedRow(handle, v.key, v.now())
	if err != nil {
		return err
	}
	return v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := lock(ctx, tx, true); err != nil {
			return err
		}
		if _, err := readRow(ctx, tx); !errors.Is(err, errNoKeyset) {
			return err // another process made it meanwhile
		}
		for _, t := range sealedColumns {
			n, err := t.count(ctx, tx)
			if err != nil {
				return err
			}
			if n > 0 {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.closed = errClosed("The keyset that opens this store's secrets is missing from it; restore the store from a backup")
				return v.closed
			}
		}
		_, err := tx.NewRaw("INSERT INTO keys (id, purpose, sealed, created_at) VALUES (?, ?, ?, ?)", keysetID, r.Purpose, r.Sealed, r.CreatedAt).Exec(ctx)
		return err
	})
}

// change replaces the keyset by what f makes of it, alone with it; f's nil row
// leaves it as it is.
func (v *Vault) change(ctx context.Context, f func(ctx context.Context, tx bun.Tx, r *ring) (*row, error)) error {
	return v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := lock(ctx, tx, true); err != nil {
			return err
		}
		stored, err := readRow(ctx, tx)
		if err != nil {
			return err
		}
		opened := stored.open(v.masters()...)
		if opened == nil {
			return errClosed("The master key does not open this store's secrets; nothing was changed")
		}
		changed, err := f(ctx, tx, opened)
		if err != nil || changed == nil {
			return err
		}
		_, err = tx.NewRaw("UPDATE keys SET purpose = ?, sealed = ?, created_at = ? WHERE id = ?", changed.Purpose, changed.Sealed, changed.CreatedAt, keysetID).Exec(ctx)
		return err
	})
}
