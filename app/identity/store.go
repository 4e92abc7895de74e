package identity

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Store keeps providers and the identities linked to people, and signs in.
type Store struct {
	db      *store.Store
	vault   *vault.Vault
	log     *audit.Log
	http    *http.Client
	fixed   *Provider
	now     func() time.Time
	timeout time.Duration

	mu    sync.Mutex
	known map[string]*described // by provider id
}

// NewStore returns the providers of a store. Everything that is asked of a
// provider goes through the client's transport, which guards where it goes.
// fixed, where given, is the provider of the settings; what is wrong with it is
// an Invalid fault. Nothing is asked of the network yet.
func NewStore(s *store.Store, v *vault.Vault, l *audit.Log, client *http.Client, fixed *Provider) (*Store, error) {
	if client == nil {
		client = &http.Client{}
	}
	made := &Store{db: s, vault: v, log: l, http: client, timeout: outboundTimeout,
		now: func() time.Time { return time.Now().UTC() }, known: map[string]*described{}}
	if fixed != nil {
		p := *fixed
		p.ID, p.Enabled, p.FromSettings = SettingsID, true, true
		if p.Kind == "" {
			p.Kind = OIDC
		}
		if p.Name == "" {
			p.Name = "Single sign-on"
		}
		if err := p.check(); err != nil {
			return nil, err
		}
		p.HasSecret = p.ClientSecret != ""
		made.fixed = &p
	}
	return made, nil
}

type row struct {
	bun.BaseModel `bun:"table:providers,alias:provider"`

	ID        string    `bun:"id,pk"`
	Kind      Kind      `bun:"kind"`
	Name      string    `bun:"name"`
	Enabled   bool      `bun:"enabled"`
	Config    string    `bun:"config"`
	Secret    []byte    `bun:"secret"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`
}

// secrets are the parts of a provider that are sealed.
type secrets struct {
	ClientSecret string `json:"client_secret,omitempty"`
	SigningKey   string `json:"signing_key,omitempty"` // PKCS #8 in PEM
}

func (s *Store) place(id string) string { return vault.Place("providers", id, "secret") }

// row is the provider as it is stored, its secrets sealed for the transaction that writes it.
func (s *Store) row(ctx context.Context, tx bun.Tx, p Provider, sealed secrets) (*row, error) {
	config, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(sealed)
	if err != nil {
		return nil, err
	}
	r := &row{ID: p.ID, Kind: p.Kind, Name: p.Name, Enabled: p.Enabled, Config: string(config), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
	r.Secret, err = s.vault.SealIn(ctx, tx, plain, s.place(p.ID))
	return r, err
}

// provider reads a row; the secrets stay sealed.
func (r *row) provider() (p Provider, err error) {
	err = json.Unmarshal([]byte(r.Config), &p)
	p.ID, p.Kind, p.Name, p.Enabled, p.CreatedAt, p.UpdatedAt = r.ID, r.Kind, r.Name, r.Enabled, r.CreatedAt, r.UpdatedAt
	return p, err
}

func (s *Store) open(r *row) (out secrets, err error) {
	plain, err := s.vault.Open(r.Secret, s.place(r.ID))
	if err == nil {
		err = json.Unmarshal(plain, &out)
	}
	return out, err
}

// List returns the provider of the settings, where there is one, and then all
// others by name. Secrets are left out.
func (s *Store) List(ctx context.Context) (list []Provider, err error) {
	defer fault.Wrap(&err, "identity.List")
	if s.fixed != nil {
		p := *s.fixed
		p.ClientSecret = ""
		list = append(list, p)
	}
	var rows []row
	if err := s.db.Read().NewSelect().Model(&rows).Order("name", "id").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range rows {
		p, err := rows[i].provider()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// Get returns a provider without its secrets.
func (s *Store) Get(ctx context.Context, id string) (p *Provider, err error) {
	defer fault.Wrap(&err, "identity.Get(%s)", id)
	if s.fixed != nil && id == SettingsID {
		p := *s.fixed
		p.ClientSecret = ""
		return &p, nil
	}
	r, err := s.read(ctx, s.db.Read(), id)
	if err != nil {
		return nil, err
	}
	got, err := r.provider()
	return &got, err
}

func (s *Store) read(ctx context.Context, db bun.IDB, id string) (*row, error) {
	r := new(row)
	err := db.NewSelect().Model(r).Where("id = ?", id).Scan(ctx)
	return r, store.Missing(err, "identity provider")
}

// whole returns a provider that is switched on, with its secrets.
func (s *Store) whole(ctx context.Context, id string) (p Provider, sealed secrets, err error) {
	if s.fixed != nil && id == SettingsID {
		return *s.fixed, secrets{ClientSecret: s.fixed.ClientSecret}, nil
	}
	r, err := s.read(ctx, s.db.Read(), id)
	if err != nil {
		return p, sealed, err
	}
	if p, err = r.provider(); err != nil {
		return p, sealed, err
	}
	if !p.Enabled {
		return p, sealed, fault.New(fault.NotFound, "Signing in with %s is switched off", p.Name)
	}
	sealed, err = s.open(r)
	return p, sealed, err
}

// Create keeps a new provider and gives it its id; a SAML provider gets a
// signing key of its own.
func (s *Store) Create(ctx context.Context, p *Provider) (err error) {
	defer fault.Wrap(&err, "identity.Create")
	p.HasSecret, p.FromSettings, p.Certificate = false, false, ""
	if err := p.check(); err != nil {
		return err
	}
	p.ID, p.CreatedAt, p.UpdatedAt = store.NewID(), s.now(), s.now()
	sealed := secrets{ClientSecret: p.ClientSecret}
	if p.Kind == SAML {
		if sealed.SigningKey, p.Certificate, err = newSigningKey(p.Name, s.now()); err != nil {
			return err
		}
	}
	p.HasSecret = p.ClientSecret != ""
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := s.row(ctx, tx, *p, sealed)
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is already an identity provider named %s", p.Name)
		}
		return s.log.Append(ctx, tx, p.event("provider.create", nil))
	})
	p.ClientSecret = ""
	return err
}

// Update changes a provider; an empty ClientSecret keeps the stored one, which
// has to be given again where it would go to another address.
func (s *Store) Update(ctx context.Context, p *Provider) (err error) {
	defer fault.Wrap(&err, "identity.Update(%s)", p.ID)
	if p.ID == SettingsID {
		return errSettings()
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := s.read(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		old, err := r.provider()
		if err != nil {
			return err
		}
		p.HasSecret, p.FromSettings, p.Certificate, p.CreatedAt, p.UpdatedAt = old.HasSecret, false, old.Certificate, old.CreatedAt, s.now()
		if p.Kind == "" {
			p.Kind = old.Kind
		}
		if err := p.check(); err != nil {
			return err
		}
		if p.Kind != old.Kind {
			return fault.Field("kind", "The kind stays; add another provider instead")
		}
		sealed, err := s.open(r)
		switch {
		case err != nil && fault.Is(err, fault.Unavailable):
			return err
		case p.ClientSecret != "":
			sealed.ClientSecret = p.ClientSecret
		case err != nil:
			return err
		case old.HasSecret && old.Issuer != p.Issuer:
			return fault.Field("client_secret", "Give the client secret again: it would go to another address")
		}
		p.HasSecret = sealed.ClientSecret != ""
		if r, err = s.row(ctx, tx, *p, sealed); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(r).ExcludeColumn("created_at", "kind").WherePK().Exec(ctx)
		if err = store.Duplicate(err, "There is already an identity provider named %s", p.Name); err != nil {
			return err
		}
		if err := store.Changed(res, nil, "identity provider"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, p.event("provider.update", &old))
	})
	p.ClientSecret = ""
	s.forget(p.ID)
	return err
}

// Delete removes a provider and what it knows people as; the people stay.
func (s *Store) Delete(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "identity.Delete(%s)", id)
	if id == SettingsID {
		return errSettings()
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := s.read(ctx, tx, id)
		if err != nil {
			return err
		}
		p, err := r.provider()
		if err != nil {
			return err
		}
		if _, err := tx.NewRaw("DELETE FROM identities WHERE provider_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		res, err := tx.NewDelete().Model(r).WherePK().Exec(ctx)
		if err := store.Changed(res, err, "identity provider"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, p.event("provider.delete", nil))
	})
	s.forget(id)
	return err
}

func errSettings() error {
	return fault.New(fault.Denied, "This provider comes from the settings ASSAY_OIDC_ISSUER, ASSAY_OIDC_CLIENT_ID and ASSAY_OIDC_CLIENT_SECRET; change it there")
}

// event tells what was done to the provider; of an update also what changed.
func (p Provider) event(action string, old *Provider) audit.Event {
	detail := map[string]any{"kind": string(p.Kind), "enabled": p.Enabled, "issuer": p.Issuer}
	if old != nil {
		changed := []string{}
		before, after := fieldsOf(*old), fieldsOf(p)
		for name := range after {
			if before[name] != after[name] {
				changed = append(changed, name)
			}
		}
		for name := range before {
			if _, ok := after[name]; !ok {
				changed = append(changed, name)
			}
		}
		slices.Sort(changed)
		detail["changed"] = changed
	}
	return audit.Event{Action: action, Object: audit.Object{Kind: "provider", ID: p.ID, Name: p.Name}, Detail: detail}
}

// fieldsOf returns what is stored of a provider, each field as JSON; no secrets.
func fieldsOf(p Provider) map[string]string {
	out := map[string]string{"name": p.Name}
	if p.Enabled {
		out["enabled"] = "true"
	}
	b, err := json.Marshal(p)
	var raw map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(b, &raw)
	}
	if err == nil {
		for name, value := range raw {
			out[name] = string(value)
		}
	}
	return out
}
