package source

import "strings"

// truth reads a switch; known is false where the text is none.
func truth(s string) (on, known bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "yes", "on", "y", "t":
		return true, true
	case "false", "0", "no", "off", "n", "f":
		return false, true
	}
	return false, false
}

// modes maps the words of all drivers for TLS modes, as plain makes them.
var modes = map[string]TLSMode{
	"disable": TLSDisable, "disabled": TLSDisable, "none": TLSDisable,
	"allow": TLSPrefer, "prefer": TLSPrefer, "preferred": TLSPrefer, "optional": TLSPrefer,
	"require": TLSRequire, "required": TLSRequire, "noverify": TLSRequire, "skipverify": TLSRequire, "trust": TLSRequire, "acceptinvalidcerts": TLSRequire,
	"verifyca":   TLSVerifyCA,
	"verifyfull": TLSVerifyFull, "verifyidentity": TLSVerifyFull, "strict": TLSVerifyFull,
}

// wish returns the mode that the text asks for, TLSDefault for none; on says
// that it asks for encryption without saying whom to trust.
func (r *reading) wish(c *Config) (mode TLSMode, on bool) {
	strict := c.Kind == "sqlserver" && strings.EqualFold(r.values[wordEncrypt], "strict")
	if strict {
		c.set("encrypt", "strict")
	}
	for _, w := range []word{wordSSLMode, wordTLS, wordSSLAccept, wordSSL} {
		v := r.values[w]
		if v == "" {
			continue
		}
		if m, ok := modes[plain(v)]; ok {
			return m, false
		}
		yes, known := truth(v)
		switch {
		case strings.Contains(v, "rejectUnauthorized") && strings.Contains(strings.ReplaceAll(v, " ", ""), ":false"):
			return TLSRequire, false
		case strings.Contains(v, "rejectUnauthorized"):
			return TLSVerifyFull, false
		case w == wordTLS && known && yes:
			return TLSVerifyFull, false
		case known && !yes:
			return TLSDisable, false
		case !known:
			r.note("A TLS mode in the text is not known here and was left out")
			continue
		}
		on = true
		if verify, known := truth(r.values[wordVerify]); known && verify {
			return TLSVerifyCA, false
		} else if known {
			return TLSRequire, false
		}
	}
	if c.Kind != "sqlserver" || on {
		return TLSDefault, on
	}
	trust, said := truth(r.values[wordTrust])
	encrypt := strings.ToLower(r.values[wordEncrypt])
	yes, known := truth(encrypt)
	switch {
	case strict:
		return TLSVerifyFull, false
	case encrypt == "disable" || encrypt == "disabled":
		return TLSDisable, false
	case known && !yes || encrypt == "optional":
		r.note("encrypt=false was understood as: encrypted where the server can")
		return TLSPrefer, false
	case said && trust:
		return TLSRequire, false
	case known || encrypt == "mandatory" || said:
		return TLSVerifyFull, false
	}
	return TLSDefault, false
}

// encryption settles the TLS mode and tells where a certificate is needed.
func (r *reading) encryption(c *Config, preset Preset, found bool) {
	mode, on := r.wish(c)
	needs := found && preset.TLS != TLSDefault && preset.TLS != TLSPrefer
	switch {
	case mode != TLSDefault:
		if needs && (mode == TLSDisable || mode == TLSPrefer) {
			r.note(preset.Name + " asks for encrypted connections; the text does not, so raise TLS below if the test fails")
		}
	case needs:
		mode = preset.TLS
		if mode == TLSRequire {
			r.note("TLS was set to require, which suits " + preset.Name)
		} else {
			r.note("TLS was set to " + string(mode) + ", which suits " + preset.Name)
		}
	case on:
		mode = TLSVerifyFull
		r.note("TLS was set to verify-full; choose require if the server's certificate is signed by itself")
	}
	switch ca := r.values[wordCA]; {
	case ca == "":
	case strings.HasPrefix(ca, "-----BEGIN CERTIFICATE"):
		c.TLS.CA = ca
	case ca == "system":
		mode = TLSVerifyFull
	default:
		r.note("sslrootcert names a file on your machine; paste the certificate below instead")
	}
	c.TLS.Mode = mode
}
