package query

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"assay/app/source"
)

// digests names what catalogs say, so that one that was only read again names
// the same view of its database as before.
type digests struct {
	mu    sync.Mutex
	known map[string]knownDigest // by connection
}

type knownDigest struct {
	catalog *source.Catalog
	digest  string
}

// of returns the name of what a connection's catalog says but for when it was
// read and how many rows were guessed.
func (d *digests) of(connection string, c *source.Catalog) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.known[connection]; ok && known.catalog == c {
		return known.digest
	}
	plain := *c
	plain.ReadAt, plain.Tables = time.Time{}, slices.Clone(c.Tables)
	for i := range plain.Tables {
		plain.Tables[i].RowEstimate = nil
	}
	body, err := json.Marshal(plain)
	if err != nil {
		body = []byte(c.ReadAt.String())
	}
	sum := sha256.Sum256(body)
	if d.known == nil || len(d.known) >= 1000 {
		d.known = map[string]knownDigest{}
	}
	d.known[connection] = knownDigest{c, hex.EncodeToString(sum[:])}
	return d.known[connection].digest
}
