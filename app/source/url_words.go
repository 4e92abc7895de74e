package source

import "strings"

// word is what a setting means, whatever the driver it was spelled for.
type word string

const (
	wordHost       word = "host"
	wordHostAddr   word = "hostaddr"
	wordPort       word = "port"
	wordDatabase   word = "database"
	wordUser       word = "user"
	wordPassword   word = "password"
	wordPath       word = "path"
	wordInstance   word = "instance"
	wordKind       word = "kind"
	wordSSLMode    word = "sslmode"
	wordSSL        word = "ssl"
	wordVerify     word = "verify"
	wordTLS        word = "tls"
	wordSSLAccept  word = "sslaccept"
	wordEncrypt    word = "encrypt"
	wordTrust      word = "trust"
	wordServerName word = "server_name"
	wordCA         word = "sslrootcert"
	wordZone       word = "time_zone"
	wordLoc        word = "loc"
	wordOptions    word = "options"
	wordSearchPath word = "search_path"
	wordAppName    word = "application_name"
	wordBinding    word = "channel_binding"
	wordTimeout    word = "connect_timeout"
	wordTimeoutMS  word = "connect_timeout_ms"
	wordIntent     word = "application_intent"
	wordIsolation  word = "isolation"
	wordImmutable  word = "immutable"
	wordWindows    word = "windows"
	wordEntra      word = "entra"
)

// class says what becomes of a setting.
type class int

const (
	used      class = iota
	quiet           // says nothing that matters here
	localFile       // names a file of the person's machine
	dangerous       // makes some driver read files, run code or go elsewhere
	unneeded        // is left out, which the person may want to know
)

type meaning struct {
	class class
	word  word
	// show is our own spelling, for the notes.
	show string
}

var usedNames = map[word]string{
	wordHost:       "host server datasource address addr networkaddress servername hostname",
	wordHostAddr:   "hostaddr",
	wordPort:       "port portnumber tcpport",
	wordDatabase:   "database dbname initialcatalog databasename db",
	wordUser:       "user userid uid username login",
	wordPassword:   "password pwd pass passwd",
	wordInstance:   "instance instancename",
	wordKind:       "driver provider adapter engine dialect kind connection",
	wordSSLMode:    "sslmode",
	wordSSL:        "ssl usessl requiressl",
	wordVerify:     "verifyservercertificate sslverifyservercert",
	wordTLS:        "tls",
	wordSSLAccept:  "sslaccept",
	wordEncrypt:    "encrypt",
	wordTrust:      "trustservercertificate",
	wordServerName: "hostnameincertificate",
	wordCA:         "sslrootcert sslca sslcafile cafile rootcertificate cacert certificate servercertificate servercert serversslcert",
	wordZone:       "timezone servertimezone connectiontimezone tz",
	wordLoc:        "loc",
	wordOptions:    "options",
	wordSearchPath: "searchpath currentschema schema",
	wordAppName:    "applicationname appname app fallbackapplicationname",
	wordBinding:    "channelbinding",
	wordTimeout:    "connecttimeout connectiontimeout logintimeout dialtimeout",
	wordTimeoutMS:  "connecttimeoutms",
	wordIntent:     "applicationintent",
	wordIsolation:  "isolation",
	wordImmutable:  "immutable",
	wordWindows:    "integratedsecurity trustedconnection",
	wordEntra:      "authentication fedauth activedirectory",
}

var otherNames = map[class]string{
	quiet: "mode cache version characterencoding useunicode charset encoding clientencoding parsetime persistsecurityinfo pooling " +
		"multipleactiveresultsets allowpublickeyretrieval columnencryptionsetting connectretrycount connectretryinterval " +
		"workstationid packetsize allowzerodatetime convertzerodatetime checkservertidentity rewritebatchedstatements " +
		"binaryparameters preparethreshold pgbouncer supa poolmode connectionlimit pooltimeout statementcachesize schemaname " +
		"maxpoolsize minpoolsize maximumpoolsize minimumpoolsize poolmaxconns poolminconns keepalives keepalivesidle sslsni " +
		"gssencmode gssencryptionmode targetsessionattrs targetservertype foreignkeys journalmode busytimeout " +
		"checksamethread timeout readtimeout writetimeout sockettimeout commandtimeout collation clientfoundrows interpolateparams " +
		"maxallowedpacket uselegacydatetimecode nullcatalogmeansall protocol network allownativepasswords checkconnliveness " +
		"serverversion failoverpartner multisubnetfailover tcpkeepalive loadbalancehosts prefix strict",
	localFile: "service servicefile passfile sslcert sslkey sslcrl sslcrldir sslpassword sslcertmode sslclientcert sslclientkey " +
		"sslidentity clientcertificate clientcertificatekey sslcertpath sslkeypath certificatefile certificatepassword " +
		"truststore truststorepassword truststoretype keystore keystorepassword trustcertificatekeystoreurl trustcertificatekeystorepassword " +
		"clientcertificatekeystoreurl clientcertificatekeystorepassword clientkey clientkeypassword krb5conf krb5keytabfile krb5credcachefile " +
		"serverrsapublickeyfile serverpubkey credentialspath",
	dangerous: "allowallfiles allowloadlocalinfile allowloadlocalinfileinpath allowurlinlocalinfile localinfile allowlocalinfile autodeserialize " +
		"queryinterceptors statementinterceptors exceptioninterceptors connectionlifecycleinterceptors init initsql initcommand sessionvariables socketfactory socketfactoryarg " +
		"socketfactoryclass socketfactoryconstructorarg sslfactory sslfactoryarg sslhostnameverifier sslpasswordcallback authenticationpluginclassname " +
		"authenticationplugins disabledauthenticationplugins defaultauthenticationplugin allowcleartextpasswords allowoldpasswords allowmultiqueries multistatements " +
		"loggerlevel loggerfile logger propertiestransform jaasloginmodulename jaasapplicationname attachdbfilename proxy requireauth unixsocket " +
		"krbsrvname gsslib kerberosservername useconfigs detectcustomcollations galeraallowedstate includeinnodbstatusindeadlockexceptions",
	unneeded: "endpoint statementtimeout locktimeout defaultrowfetchsize cluster project sslnegotiation cloudsqlinstance iptypes " +
		"transactionisolation isolationlevel tx searchall readonly",
}

// vocabulary maps each name, as plain makes it, to its meaning.
var vocabulary = func() map[string]meaning {
	m := map[string]meaning{}
	for w, names := range usedNames {
		for name := range strings.FieldsSeq(names) {
			m[name] = meaning{word: w, show: name}
		}
	}
	for c, names := range otherNames {
		for name := range strings.FieldsSeq(names) {
			m[name] = meaning{class: c, show: name}
		}
	}
	return m
}()

// plain is a setting's name without letters' case, spaces, "_", "-" and ".".
func plain(name string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case ' ', '_', '-', '.', '\t':
			return -1
		}
		return c
	}, strings.ToLower(name))
}

type pair struct{ name, value string }

// put notes one setting; the last of a name counts, but an empty one never hides another.
func (r *reading) put(name, value string) {
	name = plain(name)
	if name == "" {
		return
	}
	r.seen[name] = true
	m, known := vocabulary[name]
	switch {
	case !known:
		r.unknown++
	case m.class != used:
		if m.class != quiet {
			r.left[m.class] = append(r.left[m.class], m.show)
		}
	case value != "":
		if m.word == wordTimeout && r.form == formJDBC && r.kind == "mysql" {
			m.word = wordTimeoutMS
		}
		r.values[m.word] = value
	}
}

func (r *reading) putAll(list []pair) {
	for _, p := range list {
		r.put(p.name, p.value)
	}
}
