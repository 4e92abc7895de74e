package schedule

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Channel is where results may be sent that is nobody's mailbox. Administrators
// make them; schedules and alerts name them.
type Channel struct {
	bun.BaseModel `bun:"table:channels,alias:channel"`

	ID   string `bun:"id,pk"`
	Name string `bun:"name"`
	Kind string `bun:"kind"` // ToSlack or ToWebhook
	// URL is written and never read: whoever knows it may post there. Empty in an
	// update keeps the stored one.
	URL string `bun:"-"`
	// Host is that of the URL, to be shown.
	Host      string    `bun:"host"`
	CreatedBy string    `bun:"created_by"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`

	Sealed []byte `bun:"secret" json:"-"`
}

// sealed is what of a channel nobody reads in the store.
type sealed struct {
	URL    string `json:"url"`
	Secret string `json:"secret,omitempty"` // what a webhook's messages are signed with
}

// Channels keeps channels; their addresses and secrets are sealed.
type Channels struct {
	db    *store.Store
	vault *vault.Vault
	log   *audit.Log
	now   func() time.Time
}

// NewChannels returns the channels of a store.
func NewChannels(s *store.Store, v *vault.Vault, log *audit.Log) *Channels {
	return &Channels{db: s, vault: v, log: log, now: func() time.Time { return time.Now().UTC() }}
}

func (c *Channel) check(create bool) error {
	var problems fault.Fields
	if c.Name = strings.TrimSpace(c.Name); c.Name == "" || utf8.RuneCountInString(c.Name) > 100 {
		problems.Add("name", "Give the channel a name of at most 100 characters")
	}
	if c.Kind != ToSlack && c.Kind != ToWebhook {
		problems.Add("kind", "A channel is slack or webhook")
	}
	c.URL = strings.TrimSpace(c.URL)
	if c.URL == "" && !create {
		return problems.Err()
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(c.URL) > 2000:
		problems.Add("url", "This is not an address such as https://example.com/hook")
	case u.User != nil || u.Fragment != "":
		problems.Add("url", "The address may hold no user and no #")
	case c.Kind == ToSlack && u.Scheme != "https" && !loopback(u.Hostname()):
		problems.Add("url", "Slack's address begins with https://")
	default:
		c.Host = u.Hostname()
	}
	return problems.Err()
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func mayEdit(by *account.Person) error { return account.Check(by, account.EditSettings) }

// newSecret makes what a webhook's messages are signed with.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return "whsec_" + base64.RawURLEncoding.EncodeToString(b)
}

// seal fills in the sealed column.
func (s *Channels) seal(ctx context.Context, tx bun.Tx, c *Channel, inside sealed) error {
	text, err := json.Marshal(inside)
	if err == nil {
		c.Sealed, err = s.vault.SealIn(ctx, tx, text, vault.Place("channels", c.ID, "secret"))
	}
	return err
}

func (c *Channel) event(action string) audit.Event {
	return audit.Event{Action: "channel." + action, Object: audit.Object{Kind: "channel", ID: c.ID, Name: c.Name}, Detail: map[string]any{"kind": c.Kind, "host": c.Host}}
}

// Create makes a channel. Of a webhook it returns the secret that its messages
// are signed with, which is told this once.
func (s *Channels) Create(ctx context.Context, c *Channel, by *account.Person) (secret string, err error) {
	defer fault.Wrap(&err, "channel.Create")
	if err := mayEdit(by); err != nil {
		return "", err
	}
	if err := c.check(true); err != nil {
		return "", err
	}
	c.ID, c.CreatedBy, c.CreatedAt, c.UpdatedAt = store.NewID(), by.ID, s.now(), s.now()
	if c.Kind == ToWebhook {
		secret = newSecret()
	}
	return secret, s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.seal(ctx, tx, c, sealed{c.URL, secret}); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(c).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is already a channel named %q", c.Name)
		}
		return s.log.Append(ctx, tx, c.event("create"))
	})
}

// Get returns a channel without its address and secret.
func (s *Channels) Get(ctx context.Context, id string) (c *Channel, err error) {
	defer fault.Wrap(&err, "channel.Get(%s)", id)
	c = new(Channel)
	if err := s.db.Read().NewSelect().Model(c).ExcludeColumn("secret").Where("id = ?", id).Scan(ctx); err != nil {
		return nil, store.Missing(err, "channel")
	}
	return c, nil
}

// List returns the channels by name, without their addresses and secrets.
func (s *Channels) List(ctx context.Context) (list []Channel, err error) {
	defer fault.Wrap(&err, "channel.List")
	return list, s.db.Read().NewSelect().Model(&list).ExcludeColumn("secret").Order("name").Scan(ctx)
}

// Update changes a channel's name and, where one is given, its address. A
// webhook that goes elsewhere gets another secret, which is returned.
func (s *Channels) Update(ctx context.Context, c *Channel, by *account.Person) (secret string, err error) {
	defer fault.Wrap(&err, "channel.Update(%s)", c.ID)
	if err := mayEdit(by); err != nil {
		return "", err
	}
	old, err := s.Get(ctx, c.ID)
	if err != nil {
		return "", err
	}
	c.Kind, c.Host, c.CreatedBy, c.CreatedAt, c.UpdatedAt = old.Kind, old.Host, old.CreatedBy, old.CreatedAt, s.now()
	if err := c.check(false); err != nil {
		return "", err
	}
	columns, inside := []string{"name", "host", "updated_at"}, sealed{URL: c.URL}
	if c.URL != "" {
		columns = append(columns, "secret")
		if c.Kind == ToWebhook && c.Host != old.Host {
			secret = newSecret()
			inside.Secret = secret
		} else if _, inside.Secret, err = s.opened(ctx, c.ID); err != nil {
			return "", err
		}
	}
	return secret, s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if c.URL != "" {
			if err := s.seal(ctx, tx, c, inside); err != nil {
				return err
			}
		}
		res, err := tx.NewUpdate().Model(c).Column(columns...).WherePK().Exec(ctx)
		if err := store.Changed(res, store.Duplicate(err, "There is already a channel named %q", c.Name), "channel"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, c.event("update"))
	})
}

// Renew gives a webhook another secret and returns it.
func (s *Channels) Renew(ctx context.Context, id string, by *account.Person) (secret string, err error) {
	defer fault.Wrap(&err, "channel.Renew(%s)", id)
	if err := mayEdit(by); err != nil {
		return "", err
	}
	c, _, err := s.opened(ctx, id)
	if err != nil {
		return "", err
	}
	if c.Kind != ToWebhook {
		return "", fault.New(fault.Invalid, "Slack knows no secret beside the address")
	}
	secret = newSecret()
	return secret, s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.seal(ctx, tx, c, sealed{c.URL, secret}); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(c).Column("secret").WherePK().Exec(ctx)
		if err := store.Changed(res, err, "channel"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, c.event("renew"))
	})
}

// Delete removes a channel; what still names it is told so in its runs.
func (s *Channels) Delete(ctx context.Context, id string, by *account.Person) (err error) {
	defer fault.Wrap(&err, "channel.Delete(%s)", id)
	if err := mayEdit(by); err != nil {
		return err
	}
	c, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("DELETE FROM channels WHERE id = ?", id).Exec(ctx)
		if err := store.Changed(res, err, "channel"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, c.event("delete"))
	})
}

// opened returns a channel with its address and its secret.
func (s *Channels) opened(ctx context.Context, id string) (c *Channel, secret string, err error) {
	c = new(Channel)
	if err := s.db.Read().NewSelect().Model(c).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, "", store.Missing(err, "channel")
	}
	text, err := s.vault.Open(c.Sealed, vault.Place("channels", c.ID, "secret"))
	if err != nil {
		return nil, "", err
	}
	var inside sealed
	if err := json.Unmarshal(text, &inside); err != nil {
		return nil, "", err
	}
	c.URL = inside.URL
	return c, inside.Secret, nil
}
