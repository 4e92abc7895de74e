// Package identitytest runs identity providers for tests, in process: an OpenID
// Connect one and a SAML one, each with a login form that a browser can fill in.
package identitytest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Password is what every person of the test providers signs in with.
const Password = "three quiet herons"

// Person is somebody a test provider knows. They sign in with Username and Password.
type Person struct {
	Subject       string
	Username      string
	Email         string
	EmailVerified bool
	FirstName     string
	LastName      string
	Groups        []string
}

// Ada is the person every test provider knows from the start.
func Ada() Person {
	return Person{Subject: "5f1c0ada", Username: "ada", Email: "ada@example.com", EmailVerified: true, FirstName: "Ada", LastName: "Byron", Groups: []string{"analysts", "everyone"}}
}

// OP is a running OpenID Connect provider. Its login form has the fields
// "username" and "password"; it takes callbacks of any address on this machine.
type OP struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	people       *people
}

// StartOP starts an OpenID Connect provider that knows Ada and ends with the test.
func StartOP(t testing.TB) *OP {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	o := &OP{Issuer: server.URL, ClientID: "assay", ClientSecret: "the client's secret", people: &people{byID: map[string]Person{}}}
	o.Add(Ada())
	clients := map[string]*storage.Client{o.ClientID: storage.WebClient(o.ClientID, o.ClientSecret, "http://127.0.0.1/unused")}
	handler = exampleop.SetupServer(o.Issuer, &opStorage{storage.NewStorageWithClients(o.people, clients), o.people}, nil, false)
	return o
}

// Add makes a person known, or changes the one with the same subject.
func (o *OP) Add(p Person) { o.people.add(p) }

// people is the provider's list of people.
type people struct {
	mu   sync.Mutex
	byID map[string]Person
}

func (p *people) add(one Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byID[one.Subject] = one
}

func (p *people) find(match func(Person) bool) (Person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.byID {
		if match(one) {
			return one, true
		}
	}
	return Person{}, false
}

func (p *people) user(match func(Person) bool) *storage.User {
	one, ok := p.find(match)
	if !ok {
		return nil
	}
	return &storage.User{ID: one.Subject, Username: one.Username, Password: Password, FirstName: one.FirstName, LastName: one.LastName, Email: one.Email, EmailVerified: one.EmailVerified}
}

// GetUserByID serves the provider's storage.
func (p *people) GetUserByID(id string) *storage.User {
	return p.user(func(one Person) bool { return one.Subject == id })
}

// GetUserByUsername serves the provider's storage.
func (p *people) GetUserByUsername(name string) *storage.User {
	return p.user(func(one Person) bool { return one.Username == name })
}

// ExampleClientID serves the provider's storage.
func (p *people) ExampleClientID() string { return "service" }

// opStorage adds groups to what the provider tells and takes callbacks on this machine.
type opStorage struct {
	*storage.Storage
	people *people
}

func (s *opStorage) withGroups(info *oidc.UserInfo, err error) error {
	if err != nil {
		return err
	}
	one, ok := s.people.find(func(p Person) bool { return p.Subject == info.Subject })
	if !ok {
		return errors.New("nobody has this subject")
	}
	info.AppendClaims("groups", one.Groups)
	return nil
}

// SetUserinfoFromToken answers the user information endpoint.
func (s *opStorage) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	return s.withGroups(info, s.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin))
}

// GetClientByClientID returns a client whose callbacks may be anywhere on this machine.
func (s *opStorage) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return localClient{c}, nil
}

type localClient struct{ op.Client }

// RedirectURIGlobs lists the callbacks that are taken.
func (localClient) RedirectURIGlobs() []string {
	return []string{"http://127.0.0.1:*/**", "http://localhost:*/**", "https://127.0.0.1:*/**", "https://localhost:*/**"}
}

// PostLogoutRedirectURIGlobs lists where a logout may lead.
func (localClient) PostLogoutRedirectURIGlobs() []string {
	return []string{"http://127.0.0.1:*/*", "http://localhost:*/*", "https://127.0.0.1:*/*", "https://localhost:*/*", "http://127.0.0.1:*", "http://localhost:*"}
}
