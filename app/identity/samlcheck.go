package identity

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/crewjam/saml"
)

const (
	samlNamespace     = "urn:oasis:names:tc:SAML:2.0:assertion"
	protocolNamespace = "urn:oasis:names:tc:SAML:2.0:protocol"
	bearer            = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	deepest           = 40
	mostElements      = 20_000
)

// plainXML refuses documents that two parsers may read differently or that grow
// when read: document types, processing instructions and, in what is signed,
// comments.
func plainXML(b []byte, comments bool) error {
	return scan(b, comments, func([]xml.Name, xml.StartElement) error { return nil })
}

// scan walks the elements of a plain document; path holds the names above.
func scan(b []byte, comments bool, see func(path []xml.Name, e xml.StartElement) error) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	var path []xml.Name
	elements := 0
	for {
		token, err := d.Token()
		switch {
		case err == io.EOF && elements > 0:
			return nil
		case err == io.EOF:
			return errors.New("there is no element")
		case err != nil:
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("a document type is not allowed")
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return errors.New("a processing instruction is not allowed")
			}
		case xml.Comment:
			if !comments {
				return errors.New("a comment is not allowed")
			}
		case xml.StartElement:
			if elements++; elements > mostElements || len(path) >= deepest {
				return errors.New("the document is too deep or too large")
			}
			if err := see(path, t); err != nil {
				return err
			}
			path = append(path, t.Name)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// plainResponse holds a response to the one shape that a sign-in has: a Response
// with one Assertion right inside, each id once, signatures only right inside
// the two, made with more than SHA-1. What is signed is then what is read.
func plainResponse(b []byte) error {
	ids := map[string]bool{}
	assertions := 0
	return scan(b, false, func(path []xml.Name, e xml.StartElement) error {
		for _, a := range e.Attr {
			if !strings.EqualFold(a.Name.Local, "id") {
				continue
			}
			if ids[a.Value] {
				return errors.New("an id occurs twice")
			}
			ids[a.Value] = true
		}
		response := xml.Name{Space: protocolNamespace, Local: "Response"}
		assertion := xml.Name{Space: samlNamespace, Local: "Assertion"}
		switch e.Name.Local {
		case "Response":
			if len(path) != 0 || e.Name != response {
				return errors.New("a response in another place than the root")
			}
		case "Assertion":
			if assertions++; assertions > 1 || len(path) != 1 || path[0] != response || e.Name != assertion {
				return errors.New("an assertion in another place than right inside the response, or a second one")
			}
		case "EncryptedAssertion", "EncryptedID", "EncryptedAttribute", "EncryptedData":
			return errors.New("encrypted assertions are not taken")
		case "Signature":
			if n := len(path); n == 0 || n > 2 || path[n-1] != response && path[n-1] != assertion {
				return errors.New("a signature in another place than right inside the response or the assertion")
			}
		case "Object", "Manifest", "RetrievalMethod":
			return fmt.Errorf("a signature with %s is not taken", e.Name.Local)
		case "SignatureMethod", "DigestMethod":
			for _, a := range e.Attr {
				if a.Name.Local == "Algorithm" && (strings.HasSuffix(a.Value, "sha1") || strings.Contains(a.Value, "md5") || strings.Contains(a.Value, "hmac")) {
					return fmt.Errorf("a signature made with %s is too weak", a.Value)
				}
			}
		}
		if len(path) == 0 && e.Name != response {
			return errors.New("the root is not a response")
		}
		return nil
	})
}

// soundAssertion checks what the library leaves open: that there is a condition,
// an audience, a bearer confirmation and a lasting name at all, and our leeway.
func soundAssertion(a *saml.Assertion, request, entity, recipient string, now time.Time) error {
	switch {
	case a == nil || a.Subject == nil || a.Subject.NameID == nil || strings.TrimSpace(a.Subject.NameID.Value) == "":
		return errors.New("the assertion names nobody")
	case a.Subject.NameID.Format == string(saml.TransientNameIDFormat):
		return errors.New("the NameID is transient, so nobody could be recognised by it")
	case a.Conditions == nil || a.Conditions.NotOnOrAfter.IsZero():
		return errors.New("the assertion does not say until when it holds")
	case !now.Before(a.Conditions.NotOnOrAfter.Add(leeway)):
		return errors.New("the assertion holds no more")
	case a.Conditions.NotBefore.After(now.Add(leeway)), a.IssueInstant.After(now.Add(leeway)):
		return errors.New("the assertion is from the future")
	case len(a.Conditions.AudienceRestrictions) == 0:
		return errors.New("the assertion is for nobody in particular")
	case len(a.AuthnStatements) == 0:
		return errors.New("the assertion does not say that somebody signed in")
	}
	for _, r := range a.Conditions.AudienceRestrictions {
		if r.Audience.Value != entity {
			return errors.New("the assertion is for another audience")
		}
	}
	for _, st := range a.AuthnStatements {
		if st.SessionNotOnOrAfter != nil && !now.Before(st.SessionNotOnOrAfter.Add(leeway)) {
			return errors.New("the session at the provider is over")
		}
	}
	for _, c := range a.Subject.SubjectConfirmations {
		d := c.SubjectConfirmationData
		if c.Method == bearer && d != nil && same(request, d.InResponseTo) && d.Recipient == recipient &&
			!d.NotOnOrAfter.IsZero() && now.Before(d.NotOnOrAfter.Add(leeway)) && !d.NotBefore.After(now.Add(leeway)) {
			return nil
		}
	}
	return errors.New("the assertion is not confirmed as an answer to our request")
}
