package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crewjam/saml"
	xrv "github.com/mattermost/xml-roundtrip-validator"
	dsig "github.com/russellhaering/goxmldsig"

	"assay/app/fault"
)

// newSigningKey makes the key that signs our requests to a SAML provider, with a
// certificate of ten years; both in PEM.
func newSigningKey(name string, now time.Time) (key, certificate string, err error) {
	k, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "Assay, " + cut(name, 40)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		return "", "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

func readSigningKey(key, certificate string) (*rsa.PrivateKey, *x509.Certificate, error) {
	k, _ := pem.Decode([]byte(key))
	c, _ := pem.Decode([]byte(certificate))
	if k == nil || c == nil {
		return nil, nil, errors.New("the signing key is missing")
	}
	private, err := x509.ParsePKCS8PrivateKey(k.Bytes)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(c.Bytes)
	own, ok := private.(*rsa.PrivateKey)
	if err == nil && !ok {
		err = errors.New("the signing key is of another kind")
	}
	return own, cert, err
}

func (p *Provider) checkSAML(problems *fault.Fields) {
	p.Issuer, p.ClientID, p.ClientSecret, p.Scopes = "", "", "", nil
	switch {
	case p.MetadataXML == "" && p.MetadataURL == "":
		problems.Add("metadata_xml", "Paste the provider's metadata or give its address")
	case p.MetadataXML != "" && p.MetadataURL != "":
		problems.Add("metadata_url", "Give the metadata or its address, not both")
	case p.MetadataXML != "":
		entity, err := readMetadata([]byte(p.MetadataXML))
		if err != nil {
			problems.Add("metadata_xml", "%s", fault.MessageOf(err))
		} else {
			p.Issuer = entity.EntityID
		}
	default:
		// The address of a document may well have a query.
		bare, _, _ := strings.Cut(p.MetadataURL, "?")
		if problem := addressProblem(bare); problem != "" || strings.Contains(p.MetadataURL, "#") {
			problems.Add("metadata_url", "This is not an address that begins with https://")
		}
	}
	if len(p.EntityID) > 1000 || strings.ContainsAny(p.EntityID, " \t\r\n") {
		problems.Add("entity_id", "An entity id is one word, usually an address")
	}
}

// readMetadata reads a SAML provider's metadata and refuses what no sign-in could use.
func readMetadata(b []byte) (*saml.EntityDescriptor, error) {
	bad := func(cause error, format string, args ...any) (*saml.EntityDescriptor, error) {
		return nil, fault.Because(fault.Invalid, cause, format, args...)
	}
	if len(b) > outboundBytes {
		return bad(nil, "The metadata is larger than 1 MiB")
	}
	if err := plainXML(b, true); err != nil {
		return bad(err, "This is not SAML metadata: it is not plain XML")
	}
	if err := xrv.Validate(bytes.NewReader(b)); err != nil {
		return bad(err, "This is not SAML metadata: the XML is not well formed")
	}
	entity := &saml.EntityDescriptor{}
	if err := xml.Unmarshal(b, entity); err != nil {
		several := &saml.EntitiesDescriptor{}
		if xml.Unmarshal(b, several) != nil {
			return bad(err, "This is not SAML metadata: it describes no entity")
		}
		var found []*saml.EntityDescriptor
		for i := range several.EntityDescriptors {
			if len(several.EntityDescriptors[i].IDPSSODescriptors) > 0 {
				found = append(found, &several.EntityDescriptors[i])
			}
		}
		if len(found) != 1 {
			return bad(nil, "The metadata describes %d identity providers; give that of one", len(found))
		}
		entity = found[0]
	}
	if entity.EntityID == "" || len(entity.EntityID) > 1000 || strings.ContainsAny(entity.EntityID, " \t\r\n") {
		return bad(nil, "The metadata names no entity id")
	}
	if len(entity.IDPSSODescriptors) == 0 {
		return bad(nil, "The metadata describes no identity provider")
	}
	sp := saml.ServiceProvider{IDPMetadata: entity}
	if problem := addressProblemWithQuery(sp.GetSSOBindingLocation(saml.HTTPRedirectBinding)); problem != "" {
		return bad(nil, "The metadata names no address for signing in by redirect that begins with https://")
	}
	if n, err := signingCertificates(entity); err != nil || n == 0 {
		return bad(err, "The metadata holds no certificate that can be read")
	}
	return entity, nil
}

func addressProblemWithQuery(address string) string {
	bare, _, _ := strings.Cut(address, "?")
	return addressProblem(bare)
}

func signingCertificates(entity *saml.EntityDescriptor) (n int, err error) {
	for _, d := range entity.IDPSSODescriptors {
		for _, k := range d.KeyDescriptors {
			if k.Use != "" && k.Use != "signing" {
				continue
			}
			for _, c := range k.KeyInfo.X509Data.X509Certificates {
				der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Data), ""))
				if err != nil {
					return n, err
				}
				if _, err := x509.ParseCertificate(der); err != nil {
					return n, err
				}
				n++
			}
		}
	}
	return n, nil
}

// ours describes us to the provider; the assertions come to callback.
func (p Provider) ours(sealed secrets, callback string) (*saml.ServiceProvider, error) {
	key, certificate, err := readSigningKey(sealed.SigningKey, p.Certificate)
	if err != nil {
		return nil, err
	}
	acs, err := url.Parse(callback)
	if err != nil {
		return nil, err
	}
	metadata, err := url.Parse(strings.TrimSuffix(callback, "/callback") + "/metadata")
	if err != nil {
		return nil, err
	}
	entity := p.EntityID
	if entity == "" {
		entity = metadata.String()
	}
	return &saml.ServiceProvider{EntityID: entity, Key: key, Certificate: certificate, MetadataURL: *metadata, AcsURL: *acs,
		AuthnNameIDFormat: saml.PersistentNameIDFormat, SignatureMethod: dsig.RSASHA256SignatureMethod, MetadataValidDuration: 365 * 24 * time.Hour}, nil
}

// Metadata returns our SAML metadata for a provider, as XML; base is the address
// under which this installation is reached.
func (s *Store) Metadata(ctx context.Context, providerID, base string) (_ []byte, err error) {
	defer fault.Wrap(&err, "identity.Metadata(%s)", providerID)
	r, err := s.read(ctx, s.db.Read(), providerID)
	if err != nil {
		return nil, err
	}
	p, err := r.provider()
	if err != nil {
		return nil, err
	}
	if p.Kind != SAML {
		return nil, fault.New(fault.NotFound, "%s does not speak SAML", p.Name)
	}
	sealed, err := s.open(r)
	if err != nil {
		return nil, err
	}
	sp, err := p.ours(sealed, strings.TrimSuffix(base, "/")+CallbackPath(p.ID))
	if err != nil {
		return nil, err
	}
	entity := sp.Metadata()
	for i := range entity.SPSSODescriptors {
		d := &entity.SPSSODescriptors[i]
		// Assertions are neither taken encrypted nor fetched.
		keys := d.KeyDescriptors[:0]
		for _, k := range d.KeyDescriptors {
			if k.Use == "signing" {
				keys = append(keys, k)
			}
		}
		d.KeyDescriptors, d.AssertionConsumerServices = keys, d.AssertionConsumerServices[:1]
	}
	out, err := xml.MarshalIndent(entity, "", "  ")
	return append([]byte(xml.Header), out...), err
}

// saml returns us with what the provider says about itself, which is read once
// an hour where it lies at an address.
func (f *flow) saml(callback string) (*saml.ServiceProvider, error) {
	sp, err := f.p.ours(f.secret, callback)
	if err != nil {
		return nil, err
	}
	document := []byte(f.p.MetadataXML)
	if f.p.MetadataURL != "" {
		d := f.recall(f.p.ID, f.p.MetadataURL)
		if d == nil {
			d = &described{address: f.p.MetadataURL, until: f.now().Add(describedFor)}
			err := f.retry(func(_ context.Context, client *http.Client) (err error) {
				d.xml, err = get(client, f.p.MetadataURL)
				return err
			})
			if err != nil {
				return nil, fault.Because(fault.Unavailable, errors.New(cut(err.Error(), 300)), "The metadata of %s cannot be read at the moment; try again in a while", f.p.Name)
			}
		}
		document = d.xml
		if sp.IDPMetadata, err = readMetadata(document); err != nil {
			return nil, fault.Because(fault.Unavailable, err, "The metadata of %s cannot be used: %s", f.p.Name, fault.MessageOf(err))
		}
		f.remember(f.p.ID, d)
		return sp, nil
	}
	sp.IDPMetadata, err = readMetadata(document)
	return sp, err
}

func (f *flow) beginSAML(p *Pending) (string, error) {
	sp, err := f.saml(p.Callback)
	if err != nil {
		return "", err
	}
	req, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(saml.HTTPRedirectBinding), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	if err != nil {
		return "", err
	}
	p.Nonce, p.Verifier = req.ID, ""
	if p.Again {
		req.ForceAuthn = &p.Again
	}
	u, err := req.Redirect(p.State, sp)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func (f *flow) finishSAML(p Pending, form url.Values) (i Identity, err error) {
	sp, err := f.saml(p.Callback)
	if err != nil {
		return i, err
	}
	document, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(form.Get("SAMLResponse")), ""))
	if err != nil || len(document) == 0 {
		return i, errors.New("SAMLResponse is missing or not base64")
	}
	if err := plainResponse(document); err != nil {
		return i, err
	}
	acs, err := url.Parse(p.Callback)
	if err != nil {
		return i, err
	}
	assertion, err := sp.ParseXMLResponse(document, []string{p.Nonce}, *acs)
	if invalid, ok := errors.AsType[*saml.InvalidResponseError](err); ok && invalid.PrivateErr != nil {
		err = invalid.PrivateErr
	}
	if bad, ok := errors.AsType[saml.ErrBadStatus](err); ok {
		return i, fault.Because(fault.SignIn, err, "%s did not let you in (%s)", f.p.Name, cut(bad.Status[strings.LastIndexByte(bad.Status, ':')+1:], 40))
	}
	if err != nil {
		return i, err
	}
	if err := soundAssertion(assertion, p.Nonce, sp.EntityID, p.Callback, f.now()); err != nil {
		return i, err
	}
	for _, st := range assertion.AuthnStatements {
		if p.Again && st.AuthnInstant.Before(p.begun().Add(-leeway)) {
			return i, fault.New(fault.SignIn, "%s did not ask who you are again; sign out there and try again", f.p.Name)
		}
	}
	return FromClaims(f.p, samlClaims(assertion)), nil
}

// samlClaims turns an assertion's attributes into claims by their names and
// friendly names; the NameID is the subject.
func samlClaims(a *saml.Assertion) map[string]any {
	claims := map[string]any{}
	add := func(name string, v any) {
		if _, taken := claims[name]; name != "" && !taken {
			claims[name] = v
		}
	}
	for _, friendly := range []bool{false, true} {
		for _, st := range a.AttributeStatements {
			for _, attribute := range st.Attributes {
				list := []any{}
				for _, v := range attribute.Values {
					list = append(list, strings.TrimSpace(v.Value))
				}
				var v any = list
				if len(list) == 1 {
					v = list[0]
				}
				name := attribute.Name
				if friendly {
					name = attribute.FriendlyName
				}
				add(name, v)
			}
		}
	}
	claims["iss"], claims["sub"] = a.Issuer.Value, strings.TrimSpace(a.Subject.NameID.Value)
	delete(claims, "email_verified") // an attribute of that name is nobody's promise
	return claims
}
