package web

import (
	"crypto/rand"
	"sync"
	"time"

	"assay/app/fault"
	"assay/app/source"
)

// keptSecrets are the passwords and keys of connections that somebody is filling
// in. A form that is shown again does not show them; it names them, and they are
// taken from here when it is sent without them.
type keptSecrets struct {
	mu   sync.Mutex
	kept []keptSecret
}

type keptSecret struct {
	id, person    string
	password, key string
	until         time.Time
}

const (
	keptLife = 30 * time.Minute
	mostKept = 8 // for one person
)

// keep remembers what a person typed and returns its name, "" where there is nothing.
func (k *keptSecrets) keep(person string, c source.Config) string {
	if c.Password == "" && c.TLS.Key == "" {
		return ""
	}
	one := keptSecret{id: rand.Text(), person: person, password: c.Password, key: c.TLS.Key, until: time.Now().Add(keptLife)}
	k.mu.Lock()
	defer k.mu.Unlock()
	left := mostKept - 1
	for i := len(k.kept) - 1; i >= 0; i-- { // the newest are last
		old := k.kept[i]
		if old.person == person {
			left--
		}
		if time.Now().After(old.until) || old.person == person && left < 0 {
			k.kept = append(k.kept[:i], k.kept[i+1:]...)
		}
	}
	k.kept = append(k.kept, one)
	return one.id
}

// fill puts what a person typed before into a configuration that was sent without it.
func (k *keptSecrets) fill(person, id string, c *source.Config) error {
	if id == "" || c.Password != "" && c.TLS.Key != "" {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, one := range k.kept {
		if one.id != id || one.person != person || time.Now().After(one.until) {
			continue
		}
		if c.Password == "" && c.PasswordRef == "" {
			c.Password = one.password
		}
		if c.TLS.Key == "" && c.TLS.Cert != "" {
			c.TLS.Key = one.key
		}
		return nil
	}
	if c.Password == "" && c.PasswordRef == "" {
		return fault.Field("password", "Enter the password again: it was typed too long ago")
	}
	return nil
}
