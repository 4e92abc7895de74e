package vault

import "time"

// Hurry lets a vault's rotations wait for nothing but what is running: who seals
// inside a transaction needs no more.
func Hurry(v *Vault) *Vault {
	v.pace.settle, v.pace.look, v.pace.life, v.pace.poll = 0, 10*time.Second, 500*time.Millisecond, 2*time.Millisecond
	return v
}

// SetClock gives a vault another clock.
func SetClock(v *Vault, now func() time.Time) { v.now = now }

// Settle is how long a rotation waits after the one before it.
const Settle = 20 * time.Second

// LiveKeys returns the names of the keys of a vault as it last saw them, the oldest first.
func LiveKeys(v *Vault) []string { return keyNames(v.current().ids) }

// SealedColumns returns "table.column" for each registered column.
func SealedColumns() (list []string) {
	for _, c := range sealedColumns {
		list = append(list, c.table+"."+c.value)
	}
	return list
}

// SealedBy returns the name of the key that sealed a value.
func SealedBy(sealed []byte) string { return keyName(keyID(sealed)) }

// SetReferenceClock gives references another clock.
func SetReferenceClock(r *References, now func() time.Time) { r.now = now }
