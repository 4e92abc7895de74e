package vault

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"assay/app/fault"
)

// Sources are the places outside our store from which a secret may be read
// because the operator set them aside for it. Whoever may make connections may
// use them all, and nothing else of the machine.
type Sources struct {
	// Env holds environment variables by their whole names; only those that
	// begin with ASSAY_SECRET_ are used.
	Env map[string]string
	// Folder holds a file a secret; empty for none.
	Folder string
	// Address is where a HashiCorp Vault or OpenBao answers, such as
	// https://vault.example.com:8200; empty for none. Plain HTTP is for this
	// machine only.
	Address          string
	Token, Namespace string
	// Prefix is the path under which it may be read, "secret/data/assay" where empty.
	Prefix string
	// TLS, where set, says whom to trust beyond the system's authorities.
	TLS *tls.Config
}

// References reads secrets that connections refer to. The zero value and nil read none.
type References struct {
	sources Sources
	kv      *kv
	now     func() time.Time

	asking singleflight.Group
	mu     sync.Mutex
	kept   map[string]kept
}

type kept struct {
	value string
	until time.Time
}

// ReferenceLife is how long a value is used without being read again.
const ReferenceLife = time.Minute

// envPrefix begins the names of the variables set aside.
const envPrefix = "ASSAY_SECRET_"

// NewReferences returns the references into the sources.
func NewReferences(s Sources) *References {
	if s.Prefix == "" {
		s.Prefix = "secret/data/assay"
	}
	r := &References{sources: s, now: time.Now, kept: map[string]kept{}}
	if s.Address != "" {
		r.kv = newKV(s)
	}
	return r
}

// reference is a reference taken apart.
type reference struct {
	text, kind, name, field string
}

var (
	envName   = regexp.MustCompile(`^` + envPrefix + `[A-Za-z0-9_]{1,200}$`)
	fileName  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)
	pathPart  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,200}$`)
	fieldName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,200}$`)
)

// Check returns why a reference cannot be one, in a sentence; nil where it is
// well-formed and its source was set aside. It reads nothing.
func (r *References) Check(ref string) error {
	_, err := r.parse(ref)
	return err
}

func (r *References) parse(text string) (ref reference, err error) {
	refuse := func(format string, args ...any) (reference, error) {
		return reference{}, fault.New(fault.Invalid, format, args...)
	}
	// The text is shown in messages; one with a password by mistake must not be.
	kind, rest, ok := strings.Cut(text, ":")
	if !ok || len(text) > 1000 {
		return refuse("A reference is env:NAME, file:NAME or vault:PATH#FIELD")
	}
	var none Sources
	sources := &none
	if r != nil {
		sources = &r.sources
	}
	ref = reference{text: text, kind: kind, name: rest}
	switch kind {
	case "env":
		if !envName.MatchString(rest) {
			return refuse("A reference to the environment names a variable that begins with " + envPrefix + ", such as env:" + envPrefix + "SHOP")
		}
	case "file":
		if !fileName.MatchString(rest) {
			return refuse("A reference to a file is its plain name: letters, digits, _ and -, such as file:shop-password")
		}
		if sources.Folder == "" {
			return refuse("No folder is set aside for secrets; the operator names one as ASSAY_SECRETS_DIR")
		}
	case "vault":
		ref.name, ref.field, ok = strings.Cut(rest, "#")
		if !ok || !fieldName.MatchString(ref.field) || !plainPath(ref.name) {
			return refuse("A reference to Vault is vault:PATH#FIELD, such as vault:secret/data/assay/shop#password")
		}
		if sources.Address == "" {
			return refuse("No Vault is set; the operator names it as ASSAY_VAULT_ADDR and ASSAY_VAULT_TOKEN")
		}
		if prefix := strings.Trim(sources.Prefix, "/"); !strings.HasPrefix(ref.name, prefix+"/") {
			return refuse("Only paths under %s can be read from Vault", prefix)
		}
	default:
		return refuse("A reference is env:NAME, file:NAME or vault:PATH#FIELD")
	}
	return ref, nil
}

// plainPath reports whether a path is nothing but names between slashes, so that
// it is the same path before and after whoever reads it cleans it.
func plainPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if !pathPart.MatchString(part) || strings.Trim(part, ".") == "" {
			return false
		}
	}
	return true
}

// unreadable is why a reference leads to no value, and what helps.
func (ref reference) unreadable(cause error, format string, args ...any) error {
	text := "The password reference " + ref.text + " cannot be read: "
	return fault.Because(fault.Unavailable, cause, "%s"+format, append([]any{text}, args...)...)
}

// Resolve returns the value a reference leads to. What goes wrong is a fault of
// the kind Unavailable that names the reference, never a value. A value from
// Vault may be a minute old.
func (r *References) Resolve(ctx context.Context, text string) (string, error) {
	ref, err := r.parse(text)
	if err != nil {
		return "", fault.Because(fault.Unavailable, err, "The password reference of this connection cannot be used: %s", fault.MessageOf(err))
	}
	switch ref.kind {
	case "env":
		value, ok := r.env(ref.name)
		if !ok {
			return "", ref.unreadable(nil, "the server was started without this variable")
		}
		return value, nil
	case "file":
		return r.file(ref)
	}
	return r.cached(ctx, ref)
}

func (r *References) env(name string) (string, bool) {
	if r == nil {
		return "", false
	}
	value, ok := r.sources.Env[name]
	return value, ok && value != ""
}

// maxSecret is the longest secret read, in bytes.
const maxSecret = 64 << 10

func (r *References) file(ref reference) (string, error) {
	root, err := os.OpenRoot(r.sources.Folder)
	if err != nil {
		return "", ref.unreadable(err, "the folder ASSAY_SECRETS_DIR does not open")
	}
	defer root.Close()
	// Looked at before it is opened: a pipe would keep us waiting.
	info, err := root.Stat(ref.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ref.unreadable(err, "there is no such file in the folder ASSAY_SECRETS_DIR")
	case err != nil:
		return "", ref.unreadable(err, "the file does not open, or is a link that leads out of the folder ASSAY_SECRETS_DIR")
	case !info.Mode().IsRegular():
		return "", ref.unreadable(nil, "it is no plain file")
	}
	f, err := root.Open(ref.name)
	if err != nil {
		return "", ref.unreadable(err, "the file does not open; the server's account needs the right to read it")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", ref.unreadable(err, "the file cannot be read")
	}
	value := strings.TrimRight(string(b), "\r\n")
	switch {
	case len(b) > maxSecret:
		return "", ref.unreadable(nil, "the file is longer than a secret can be")
	case value == "":
		return "", ref.unreadable(nil, "the file is empty")
	}
	return value, nil
}

// cached asks Vault at most once a minute for each reference, once for all who wait.
func (r *References) cached(ctx context.Context, ref reference) (string, error) {
	r.mu.Lock()
	k, ok := r.kept[ref.text]
	r.mu.Unlock()
	if ok && r.now().Before(k.until) {
		return k.value, nil
	}
	answer := r.asking.DoChan(ref.text, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), kvTimeout)
		defer cancel()
		asked := r.now()
		value, err := r.kv.read(ctx, ref)
		if err != nil {
			return "", err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for text, k := range r.kept {
			if !asked.Before(k.until) {
				delete(r.kept, text)
			}
		}
		r.kept[ref.text] = kept{value, asked.Add(ReferenceLife)}
		return value, nil
	})
	select {
	case a := <-answer:
		return a.Val.(string), a.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
