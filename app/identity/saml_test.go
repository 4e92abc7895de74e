package identity

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/identity/identitytest"
)

// samlPair is a store and a SAML provider that know each other.
func samlPair(t *testing.T) (*Store, Provider, *identitytest.IdP) {
	t.Helper()
	idp := identitytest.StartIdP(t)
	s := newIdentities(t, nil)
	p := create(t, s, Provider{Kind: SAML, MetadataXML: idp.MetadataXML, TrustEmail: true})
	metadata, err := s.Metadata(t.Context(), p.ID, base+"/")
	if err != nil {
		t.Fatal(err)
	}
	idp.Know(t, metadata)
	return s, p, idp
}

func TestSignInBySAML(t *testing.T) {
	s, p, idp := samlPair(t)
	want := Identity{ProviderID: p.ID, Issuer: idp.MetadataURL, Subject: "5f1c0ada", Email: "ada@example.com", EmailVerified: true, Name: "Ada Byron", Groups: []string{"analysts", "everyone"}}
	i, err := signIn(t, s, p, "ada")
	if err != nil {
		t.Fatal(err)
	}
	i.Claims = nil
	if diff := cmp.Diff(want, i); diff != "" {
		t.Error(diff)
	}

	byAddress := create(t, s, Provider{Kind: SAML, Name: "By address", MetadataURL: idp.MetadataURL, EntityID: "urn:example:assay"})
	metadata, err := s.Metadata(t.Context(), byAddress.ID, base)
	if err != nil {
		t.Fatal(err)
	}
	idp.Know(t, metadata)
	if i, err := signIn(t, s, byAddress, "ada"); err != nil || i.Subject != "5f1c0ada" || i.EmailVerified {
		t.Errorf("%+v %v", i, err)
	}
}

func TestSAMLMetadataTellsHowWeAreReached(t *testing.T) {
	s, p, _ := samlPair(t)
	b, err := s.Metadata(t.Context(), p.ID, "https://assay.example.com")
	if err != nil {
		t.Fatal(err)
	}
	var entity saml.EntityDescriptor
	if err := xml.Unmarshal(b, &entity); err != nil {
		t.Fatal(err)
	}
	d := entity.SPSSODescriptors[0]
	if entity.EntityID != "https://assay.example.com"+MetadataPath(p.ID) || len(d.AssertionConsumerServices) != 1 || d.AssertionConsumerServices[0].Location != "https://assay.example.com"+CallbackPath(p.ID) ||
		d.AssertionConsumerServices[0].Binding != saml.HTTPPostBinding || !*d.WantAssertionsSigned || !*d.AuthnRequestsSigned || len(d.KeyDescriptors) != 1 {
		t.Errorf("%s", b)
	}
	if bytes.Contains(b, []byte("PRIVATE")) {
		t.Error("the metadata holds the private key")
	}
}

func TestSAMLRequestIsSigned(t *testing.T) {
	s, p, _ := samlPair(t)
	redirect, pending, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	signed, _, _ := strings.Cut(u.RawQuery, "&Signature=")
	sig, err := base64.StdEncoding.DecodeString(u.Query().Get("Signature"))
	if err != nil {
		t.Fatal(err)
	}
	_, cert, err := readSigningKey(readKey(t, s, p.ID), p.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], sig); err != nil {
		t.Error(err)
	}
	deflated, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	request, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil || !strings.Contains(string(request), `ID="`+pending.Nonce+`"`) || u.Query().Get("RelayState") != pending.State {
		t.Errorf("%s %v", request, err)
	}
}

func readKey(t *testing.T, s *Store, id string) string {
	t.Helper()
	_, sealed, err := s.whole(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return sealed.SigningKey
}

// answerSAML makes the provider answer a request; change changes the assertion
// before it is signed.
func answerSAML(t *testing.T, idp *identitytest.IdP, redirect string, change func(a *saml.Assertion)) []byte {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, redirect, nil)
	req, err := saml.NewIdpAuthnRequest(idp.Provider, r)
	if err == nil {
		err = req.Validate()
	}
	if err == nil {
		err = saml.DefaultAssertionMaker{}.MakeAssertion(req, idp.Session(identitytest.Ada()))
	}
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req.Assertion)
	}
	// The metadata gives no key to encrypt with, so the assertion is signed and plain.
	if err := req.MakeResponse(); err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	doc.SetRoot(req.ResponseEl)
	b, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sendSAML begins a sign-in and finishes it with the provider's answer, changed
// before it is signed, rewritten afterwards, or spoiled as text.
func sendSAML(t *testing.T, s *Store, p Provider, idp *identitytest.IdP, change func(*saml.Assertion), rewrite func(doc *etree.Document), raw func(string) string) (Identity, error) {
	t.Helper()
	redirect, pending, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	b := answerSAML(t, idp, redirect, change)
	if rewrite != nil {
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(b); err != nil {
			t.Fatal(err)
		}
		rewrite(doc)
		if b, err = doc.WriteToBytes(); err != nil {
			t.Fatal(err)
		}
	}
	if raw != nil {
		b = []byte(raw(string(b)))
	}
	return s.Finish(t.Context(), pending, url.Values{"RelayState": {pending.State}, "SAMLResponse": {base64.StdEncoding.EncodeToString(b)}})
}

// unsignResponse takes the signature off the response; the assertion's stays.
func unsignResponse(doc *etree.Document) {
	if sig := doc.Root().SelectElement("Signature"); sig != nil {
		doc.Root().RemoveChild(sig)
	}
}

func TestForgedAssertions(t *testing.T) {
	s, p, idp := samlPair(t)
	if _, err := sendSAML(t, s, p, idp, nil, nil, nil); err != nil {
		t.Fatal("the good answer must pass, or the table proves nothing: ", err)
	}
	if _, err := sendSAML(t, s, p, idp, nil, unsignResponse, nil); err != nil {
		t.Fatal("an assertion signed by itself must pass too: ", err)
	}
	stranger := identitytest.StartIdP(t)
	stranger.Provider.MetadataURL, stranger.Provider.SSOURL = idp.Provider.MetadataURL, idp.Provider.SSOURL
	metadata, err := s.Metadata(t.Context(), p.ID, base)
	if err != nil {
		t.Fatal(err)
	}
	stranger.Know(t, metadata)

	assertion := func(doc *etree.Document) *etree.Element { return doc.Root().SelectElement("Assertion") }
	past := time.Now().Add(-time.Hour)
	type forged struct {
		idp     *identitytest.IdP
		change  func(*saml.Assertion)
		rewrite func(*etree.Document)
		raw     func(string) string
	}
	tests := map[string]forged{
		"signed by a stranger": {idp: stranger},
		"unsigned": {rewrite: func(doc *etree.Document) {
			unsignResponse(doc)
			a := assertion(doc)
			a.RemoveChild(a.SelectElement("Signature"))
		}},
		"another person after signing": {raw: func(s string) string { return strings.Replace(s, "5f1c0ada", "5f1c0eve", 1) }},
		"comment in the NameID": {change: func(a *saml.Assertion) { a.Subject.NameID.Value = "5f1c0ada.evil" },
			raw: func(s string) string { return strings.Replace(s, "5f1c0ada.evil", "5f1c0ada<!---->.evil", 1) }},
		"comment anywhere":       {raw: func(s string) string { return strings.Replace(s, "<saml:Issuer", "<!-- x --><saml:Issuer", 1) }},
		"processing instruction": {raw: func(s string) string { return strings.Replace(s, "<saml:Issuer", "<?x y?><saml:Issuer", 1) }},
		"entities": {raw: func(s string) string {
			return `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>` + strings.Replace(s, "5f1c0ada", "&c;", 1)
		}},
		"file entity": {raw: func(s string) string {
			return `<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + strings.Replace(s, "5f1c0ada", "&a;", 1)
		}},
		"ten thousand levels": {raw: func(string) string { return strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000) }},
		"wrapped: the signed one moved aside": {rewrite: func(doc *etree.Document) {
			unsignResponse(doc)
			signed := assertion(doc)
			evil := signed.Copy()
			evil.RemoveChild(evil.SelectElement("Signature"))
			evil.CreateAttr("ID", "evil")
			evil.FindElement("./Subject/NameID").SetText("5f1c0eve")
			doc.Root().RemoveChild(signed)
			doc.Root().CreateElement("Extensions").AddChild(signed)
			doc.Root().AddChild(evil)
		}},
		"wrapped: the signed one inside the other's signature": {rewrite: func(doc *etree.Document) {
			unsignResponse(doc)
			signed := assertion(doc)
			evil := signed.Copy()
			evil.CreateAttr("ID", "evil")
			evil.FindElement("./Subject/NameID").SetText("5f1c0eve")
			doc.Root().RemoveChild(signed)
			evil.SelectElement("Signature").CreateElement("Object").AddChild(signed)
			doc.Root().AddChild(evil)
		}},
		"a second assertion first": {rewrite: func(doc *etree.Document) {
			unsignResponse(doc)
			evil := assertion(doc).Copy()
			evil.RemoveChild(evil.SelectElement("Signature"))
			evil.CreateAttr("ID", "evil")
			doc.Root().InsertChildAt(0, evil)
		}},
		"the same id twice": {rewrite: func(doc *etree.Document) {
			doc.Root().CreateElement("Extensions").CreateAttr("ID", assertion(doc).SelectAttrValue("ID", ""))
		}},
		"encrypted":      {raw: func(s string) string { return strings.ReplaceAll(s, "saml:Assertion", "saml:EncryptedAssertion") }},
		"no assertion":   {rewrite: func(doc *etree.Document) { doc.Root().RemoveChild(assertion(doc)) }},
		"not a response": {raw: func(string) string { return "<html/>" }},
		"not XML":        {raw: func(string) string { return "{}" }},
		"empty":          {raw: func(string) string { return "" }},
		"SHA-1": {raw: func(s string) string {
			return strings.ReplaceAll(s, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")
		}},
		"wrong audience": {change: func(a *saml.Assertion) {
			a.Conditions.AudienceRestrictions[0].Audience.Value = "https://other.example.com"
		}},
		"one audience more": {change: func(a *saml.Assertion) {
			a.Conditions.AudienceRestrictions = append(a.Conditions.AudienceRestrictions, saml.AudienceRestriction{Audience: saml.Audience{Value: "x"}})
		}},
		"no audience":            {change: func(a *saml.Assertion) { a.Conditions.AudienceRestrictions = nil }},
		"no conditions":          {change: func(a *saml.Assertion) { a.Conditions = nil }},
		"expired":                {change: func(a *saml.Assertion) { a.Conditions.NotOnOrAfter = past }},
		"expired by two minutes": {change: func(a *saml.Assertion) { a.Conditions.NotOnOrAfter = time.Now().Add(-2 * time.Minute) }},
		"no end":                 {change: func(a *saml.Assertion) { a.Conditions.NotOnOrAfter = time.Time{} }},
		"not yet":                {change: func(a *saml.Assertion) { a.Conditions.NotBefore = time.Now().Add(2 * time.Minute) }},
		"issued long ago":        {change: func(a *saml.Assertion) { a.IssueInstant = past }},
		"issued in future":       {change: func(a *saml.Assertion) { a.IssueInstant = time.Now().Add(time.Hour) }},
		"other issuer":           {change: func(a *saml.Assertion) { a.Issuer.Value = "https://evil.example.com" }},
		"no confirmation":        {change: func(a *saml.Assertion) { a.Subject.SubjectConfirmations = nil }},
		"confirmation of another kind": {change: func(a *saml.Assertion) {
			a.Subject.SubjectConfirmations[0].Method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
		}},
		"confirmation without data": {change: func(a *saml.Assertion) { a.Subject.SubjectConfirmations[0].SubjectConfirmationData = nil }},
		"answer to another request": {change: func(a *saml.Assertion) {
			a.Subject.SubjectConfirmations[0].SubjectConfirmationData.InResponseTo = "id-other"
		}},
		"answer to no request": {change: func(a *saml.Assertion) { a.Subject.SubjectConfirmations[0].SubjectConfirmationData.InResponseTo = "" }},
		"for another recipient": {change: func(a *saml.Assertion) {
			a.Subject.SubjectConfirmations[0].SubjectConfirmationData.Recipient = "https://other.example.com"
		}},
		"confirmation expired":            {change: func(a *saml.Assertion) { a.Subject.SubjectConfirmations[0].SubjectConfirmationData.NotOnOrAfter = past }},
		"nobody":                          {change: func(a *saml.Assertion) { a.Subject.NameID = nil }},
		"empty name":                      {change: func(a *saml.Assertion) { a.Subject.NameID.Value = " " }},
		"no subject":                      {change: func(a *saml.Assertion) { a.Subject = nil }},
		"transient name":                  {change: func(a *saml.Assertion) { a.Subject.NameID.Format = string(saml.TransientNameIDFormat) }},
		"no statement of a sign-in":       {change: func(a *saml.Assertion) { a.AuthnStatements = nil }},
		"session at the provider is over": {change: func(a *saml.Assertion) { a.AuthnStatements[0].SessionNotOnOrAfter = &past }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			from := idp
			if tt.idp != nil {
				from = tt.idp
			}
			i, err := sendSAML(t, s, p, from, tt.change, tt.rewrite, tt.raw)
			if !fault.Is(err, fault.SignIn) || i.Subject != "" {
				t.Errorf("got %+v, %v; want a refusal", i, err)
			}
		})
	}
}

func TestSAMLAnswersAreTakenOnceAndOnlyWhenAskedFor(t *testing.T) {
	s, p, idp := samlPair(t)
	redirect, pending, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	answer := base64.StdEncoding.EncodeToString(answerSAML(t, idp, redirect, nil))
	form := url.Values{"RelayState": {pending.State}, "SAMLResponse": {answer}}
	if _, err := s.Finish(t.Context(), pending, form); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Finish(t.Context(), pending, form); !fault.Is(err, fault.SignIn) {
		t.Errorf("replayed: %v", err)
	}
	_, fresh, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Finish(t.Context(), fresh, url.Values{"RelayState": {fresh.State}, "SAMLResponse": {answer}}); !fault.Is(err, fault.SignIn) {
		t.Errorf("replayed into another sign-in: %v", err)
	}
	if _, err := s.Finish(t.Context(), Pending{Provider: p.ID, Callback: base + CallbackPath(p.ID), ExpiresAt: time.Now().Add(time.Minute)}, url.Values{"SAMLResponse": {answer}}); !fault.Is(err, fault.SignIn) {
		t.Errorf("begun by the provider: %v", err)
	}
}

func TestBadMetadataIsToldByField(t *testing.T) {
	idp := identitytest.StartIdP(t)
	good := idp.MetadataXML
	s := newIdentities(t, nil)
	for name, bad := range map[string]string{
		"nothing": "", "not XML": "metadata", "a page": "<html></html>", "entities": `<!DOCTYPE x [<!ENTITY a "b">]>` + good,
		"no provider":     `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"></EntityDescriptor>`,
		"no entity id":    strings.Replace(good, "entityID=", "x=", 1),
		"no certificate":  strings.ReplaceAll(good, "signing", "encryption"),
		"bad certificate": strings.ReplaceAll(good, "MII", "AAA"),
		"plain address":   strings.ReplaceAll(good, idp.Provider.SSOURL.String(), "http://sso.example.com/"),
		"script":          strings.ReplaceAll(good, idp.Provider.SSOURL.String(), "javascript:alert(1)"),
	} {
		err := s.Create(t.Context(), &Provider{Kind: SAML, Name: "x", MetadataXML: bad})
		if fault.FieldsOf(err)["metadata_xml"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Create(t.Context(), &Provider{Kind: SAML, Name: "x", MetadataURL: "http://sso.example.com/metadata"}); fault.FieldsOf(err)["metadata_url"] == "" {
		t.Errorf("address without TLS: %v", err)
	}
}
