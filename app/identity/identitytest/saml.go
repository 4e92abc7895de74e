package identitytest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"html/template"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// IdP is a running SAML 2.0 identity provider. Its login form has the fields
// "username" and "password". The NameID is the person's subject; the address is
// in "mail", the name in "cn", the groups in "groups".
type IdP struct {
	MetadataURL string
	MetadataXML string
	// Provider makes the assertions, for tests that change them.
	Provider *saml.IdentityProvider

	people *people
	mu     sync.Mutex
	ours   map[string]*saml.EntityDescriptor
}

// StartIdP starts a SAML identity provider that knows Ada and ends with the test.
// It answers only to services made known by Know.
func StartIdP(t testing.TB) *IdP {
	t.Helper()
	i := &IdP{people: &people{byID: map[string]Person{}}, ours: map[string]*saml.EntityDescriptor{}}
	i.people.add(Ada())
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "identity provider of the tests"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	i.Provider = &saml.IdentityProvider{Key: key, Certificate: cert, Logger: log.New(io.Discard, "", 0), MetadataURL: *base.JoinPath("metadata"), SSOURL: *base.JoinPath("sso"),
		ServiceProviderProvider: i, SessionProvider: i, SignatureMethod: dsig.RSASHA256SignatureMethod}
	mux.HandleFunc("/metadata", i.Provider.ServeMetadata)
	mux.HandleFunc("/sso", i.Provider.ServeSSO)
	b, err := xml.Marshal(i.Provider.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	i.MetadataURL, i.MetadataXML = i.Provider.MetadataURL.String(), string(b)
	return i
}

// Add makes a person known, or changes the one with the same subject.
func (i *IdP) Add(p Person) { i.people.add(p) }

// Know makes a service known by its metadata.
func (i *IdP) Know(t testing.TB, metadata []byte) {
	t.Helper()
	var entity saml.EntityDescriptor
	if err := xml.Unmarshal(metadata, &entity); err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ours[entity.EntityID] = &entity
}

// GetServiceProvider serves the identity provider.
func (i *IdP) GetServiceProvider(_ *http.Request, id string) (*saml.EntityDescriptor, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e, ok := i.ours[id]; ok {
		return e, nil
	}
	return nil, os.ErrNotExist
}

var loginForm = template.Must(template.New("login").Parse(`<!doctype html><title>Sign in</title><form method="post" action="{{.Action}}">
<input type="hidden" name="SAMLRequest" value="{{.Request}}"><input type="hidden" name="RelayState" value="{{.RelayState}}">
<label>Name <input name="username"></label> <label>Password <input name="password" type="password"></label> <button type="submit">Sign in</button></form>`))

// GetSession serves the identity provider: it shows the login form until it is filled in rightly.
func (i *IdP) GetSession(w http.ResponseWriter, r *http.Request, req *saml.IdpAuthnRequest) *saml.Session {
	if r.Method == http.MethodPost {
		one, ok := i.people.find(func(p Person) bool { return p.Username == r.PostFormValue("username") })
		if ok && subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(Password)) == 1 {
			return i.Session(one)
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	loginForm.Execute(w, map[string]string{"Action": i.Provider.SSOURL.String(), "RelayState": req.RelayState, "Request": base64.StdEncoding.EncodeToString(req.RequestBuffer)})
	return nil
}

// Session returns what the provider says about a person who signed in.
func (i *IdP) Session(p Person) *saml.Session {
	groups := saml.Attribute{Name: "groups", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}
	for _, g := range p.Groups {
		groups.Values = append(groups.Values, saml.AttributeValue{Type: "xs:string", Value: g})
	}
	return &saml.Session{ID: "session", CreateTime: time.Now(), ExpireTime: time.Now().Add(time.Hour), Index: "1",
		NameID: p.Subject, NameIDFormat: string(saml.PersistentNameIDFormat), UserName: p.Username, UserEmail: p.Email,
		UserCommonName: p.FirstName + " " + p.LastName, CustomAttributes: []saml.Attribute{groups}}
}
