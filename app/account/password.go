package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id: RFC 9106's second recommendation with one lane, 64 MiB
// and three passes.
const (
	argonMemory = 64 << 10 // KiB
	argonPasses = 3
	argonLanes  = 1
	argonSalt   = 16
	argonKey    = 32
)

// hasher bounds how many hashes are computed at once, so that a burst of
// sign-ins takes time instead of memory, and gives each hash's memory back to
// the system at once: it is more than the rest of the process needs.
type hasher struct {
	slots chan struct{}
	// decoy is compared for addresses nobody has, so that they take as long as known ones.
	decoy string
}

func newHasher() *hasher {
	salt, key := make([]byte, argonSalt), make([]byte, argonKey)
	rand.Read(salt)
	rand.Read(key)
	return &hasher{slots: make(chan struct{}, 2), decoy: phc(salt, key)}
}

func phc(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func (h *hasher) take(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hasher) give() {
	debug.FreeOSMemory()
	<-h.slots
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.take(ctx); err != nil {
		return "", err
	}
	defer h.give()
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	return phc(salt, argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKey)), nil
}

// matches reports whether the password gives the hash; an empty hash costs as much and never matches.
func (h *hasher) matches(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = h.decoy
	}
	if err := h.take(ctx); err != nil {
		return false, err
	}
	defer h.give()
	var version, memory, passes int
	var lanes uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("unknown password hash")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil || version != argon2.Version {
		return false, fmt.Errorf("unknown password hash")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false, fmt.Errorf("damaged password hash")
	}
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), lanes, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1 && known, nil
}

// HashPassword returns the argon2id hash of a password that is no person's, in PHC form.
func (s *Store) HashPassword(ctx context.Context, password string) (string, error) {
	return s.hasher.hash(ctx, password)
}

// PasswordMatches reports whether a password gives the hash; an empty hash costs
// as much time as another and never matches.
func (s *Store) PasswordMatches(ctx context.Context, password, hash string) (bool, error) {
	return s.hasher.matches(ctx, password, hash)
}

// passwordProblem says what is wrong with a new password, or "".
func passwordProblem(password, email string) string {
	name, _, _ := strings.Cut(email, "@")
	lower := strings.ToLower(password)
	switch n := utf8.RuneCountInString(password); {
	case n < 12:
		return "A password needs at least 12 characters; a few words do well"
	case n > 256:
		return "A password has at most 256 characters"
	case lower == strings.ToLower(email), len(name) > 3 && strings.TrimSuffix(strings.TrimPrefix(lower, name), name) == "":
		return "A password must not be the address"
	case fewDistinct(lower), commonPasswords[lower]:
		return "This password is too easy to guess"
	}
	return ""
}

func fewDistinct(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 5
}

// commonPasswords are the usual ones that pass the length rule.
var commonPasswords = map[string]bool{
	"password1234": true, "passwordpassword": true, "123456789012": true, "1234567890123": true,
	"12345678901234": true, "qwertyuiop12": true, "qwertyuiopasdf": true, "qwertyuiop123": true,
	"adminadminadmin": true, "administrator": true, "administrator1": true, "changemechangeme": true,
	"letmeinletmein": true, "iloveyou1234": true, "welcome12345": true, "abcdefghijkl": true,
	"abcdefghijklm": true, "abc123abc123": true, "1q2w3e4r5t6y": true, "q1w2e3r4t5y6": true,
	"passw0rd1234": true, "password12345": true, "password123456": true, "football1234": true,
	"baseball1234": true, "monkey123456": true, "sunshine1234": true, "princess1234": true,
	"correcthorsebatterystaple": true, "correct horse battery staple": true, "assayassayassay": true,
}
