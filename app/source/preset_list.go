package source

const (
	rdsBundle = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
	rdsGuide  = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html"
	rdsNote   = "Its certificates are signed by Amazon's own authority: paste the bundle from " + rdsBundle + " as the CA certificate below"
	rdsRemedy = "Let the address of this server in through the instance's security group, and make sure that the instance is reachable from here."

	azureRemedy = "Add the address of this server to the firewall rules of the server in the Azure portal."
)

// presets holds plain servers first, then clouds; a rule by matches stands before the suffixes it could share.
var presets = []Preset{
	{ID: "postgres", Name: "PostgreSQL", Kind: "postgres", Logo: "postgresql", HostHint: "db.example.com", UserHint: "assay_reader", DatabaseHint: "shop", Port: 5432,
		Remedy: "Check listen_addresses in postgresql.conf and the line for this server in pg_hba.conf.", DocumentationURL: "https://www.postgresql.org/docs/current/libpq-connect.html"},
	{ID: "mysql", Name: "MySQL", Kind: "mysql", Logo: "mysql", HostHint: "db.example.com", UserHint: "assay_reader", DatabaseHint: "shop", Port: 3306,
		Remedy: "Check bind_address on the server, and that the account may sign in from this server's host.", DocumentationURL: "https://dev.mysql.com/doc/refman/8.4/en/connecting.html"},
	{ID: "mariadb", Name: "MariaDB", Kind: "mysql", Logo: "mariadb", HostHint: "db.example.com", UserHint: "assay_reader", DatabaseHint: "shop", Port: 3306,
		Remedy: "Check bind_address on the server, and that the account may sign in from this server's host.", DocumentationURL: "https://mariadb.com/kb/en/connecting-to-mariadb/"},
	{ID: "sqlserver", Name: "SQL Server", Kind: "sqlserver", Logo: "sqlserver", HostHint: "db.example.com", UserHint: "assay_reader", DatabaseHint: "shop", Port: 1433,
		Remedy: "Check that TCP/IP is enabled in SQL Server Configuration Manager, and that logins with a password are allowed (mixed mode).", DocumentationURL: "https://learn.microsoft.com/en-us/sql/sql-server/"},
	{ID: "sqlite", Name: "SQLite", Kind: "sqlite", Logo: "sqlite", DatabaseHint: "/data/shop.db",
		Note: "The path is one of the machine that Assay runs on.", DocumentationURL: "https://www.sqlite.org/docs.html"},

	{ID: "heroku-postgres", Name: "Heroku Postgres", Kind: "postgres", Logo: "heroku", HostHint: "ec2-203-0-113-7.compute-1.amazonaws.com", Port: 5432, TLS: TLSRequire, matches: isHeroku,
		Note:   "Its certificates are signed by themselves and its address and password change from time to time: copy them again when they do",
		Remedy: "Copy the credentials again from the database's settings: Heroku changes them.", DocumentationURL: "https://devcenter.heroku.com/articles/connecting-heroku-postgres"},
	{ID: "amazon-rds-postgres", Name: "Amazon RDS or Aurora for PostgreSQL", Kind: "postgres", Logo: "amazon", HostHint: "shop.abcdefghijkl.eu-central-1.rds.amazonaws.com", UserHint: "postgres", DatabaseHint: "postgres", Port: 5432, TLS: TLSVerifyFull,
		Note: rdsNote, Remedy: rdsRemedy, CertificateURL: rdsBundle, DocumentationURL: rdsGuide, suffixes: []string{".rds.amazonaws.com"}},
	{ID: "amazon-rds-mysql", Name: "Amazon RDS or Aurora for MySQL", Kind: "mysql", Logo: "amazon", HostHint: "shop.abcdefghijkl.eu-central-1.rds.amazonaws.com", UserHint: "admin", Port: 3306, TLS: TLSVerifyFull,
		Note: rdsNote, Remedy: rdsRemedy, CertificateURL: rdsBundle, DocumentationURL: rdsGuide, suffixes: []string{".rds.amazonaws.com"}},
	{ID: "amazon-rds-sqlserver", Name: "Amazon RDS for SQL Server", Kind: "sqlserver", Logo: "amazon", HostHint: "shop.abcdefghijkl.eu-central-1.rds.amazonaws.com", UserHint: "admin", Port: 1433, TLS: TLSVerifyFull,
		Note: rdsNote, Remedy: rdsRemedy, CertificateURL: rdsBundle, DocumentationURL: rdsGuide, suffixes: []string{".rds.amazonaws.com"}},
	{ID: "azure-sql", Name: "Azure SQL", Kind: "sqlserver", Logo: "azure", HostHint: "shop.database.windows.net", UserHint: "assay_reader", DatabaseHint: "shop", Port: 1433, TLS: TLSVerifyFull,
		Remedy: azureRemedy, advice: azureAdvice,
		DocumentationURL: "https://learn.microsoft.com/en-us/azure/azure-sql/database/connect-query-content-reference-guide", suffixes: []string{".database.windows.net"}},
	{ID: "azure-postgres", Name: "Azure Database for PostgreSQL", Kind: "postgres", Logo: "azure", HostHint: "shop.postgres.database.azure.com", DatabaseHint: "postgres", Port: 5432, TLS: TLSVerifyFull,
		Remedy: azureRemedy, DocumentationURL: "https://learn.microsoft.com/en-us/azure/postgresql/", suffixes: []string{".postgres.database.azure.com"}},
	{ID: "azure-mysql", Name: "Azure Database for MySQL", Kind: "mysql", Logo: "azure", HostHint: "shop.mysql.database.azure.com", Port: 3306, TLS: TLSVerifyFull,
		Remedy: azureRemedy, DocumentationURL: "https://learn.microsoft.com/en-us/azure/mysql/", suffixes: []string{".mysql.database.azure.com"}},
	{ID: "google-cloud-sql-postgres", Name: "Google Cloud SQL for PostgreSQL", Kind: "postgres", Logo: "google", HostHint: "203.0.113.7", UserHint: "postgres", DatabaseHint: "postgres", Port: 5432, TLS: TLSRequire,
		Note:   "Use the instance's IP address, or localhost and the port of the Cloud SQL Auth Proxy with TLS disabled, since the proxy encrypts",
		Remedy: "Add the address of this server to the instance's authorized networks.", DocumentationURL: "https://cloud.google.com/sql/docs/postgres/connect-overview"},
	{ID: "google-cloud-sql-mysql", Name: "Google Cloud SQL for MySQL", Kind: "mysql", Logo: "google", HostHint: "203.0.113.7", UserHint: "root", Port: 3306, TLS: TLSRequire,
		Note:   "Use the instance's IP address, or localhost and the port of the Cloud SQL Auth Proxy with TLS disabled, since the proxy encrypts",
		Remedy: "Add the address of this server to the instance's authorized networks.", DocumentationURL: "https://cloud.google.com/sql/docs/mysql/connect-overview"},
	{ID: "neon", Name: "Neon", Kind: "postgres", Logo: "neon", HostHint: "ep-cool-rain-123456.eu-central-1.aws.neon.tech", DatabaseHint: "neondb", Port: 5432, TLS: TLSVerifyFull, advice: neonAdvice,
		Note: "A database that was asleep takes a moment to answer the first question", Remedy: "Check that the branch's compute endpoint exists, and the project's list of allowed addresses.",
		DocumentationURL: "https://neon.com/docs/connect/connect-from-any-app", suffixes: []string{".neon.tech"}},
	{ID: "supabase", Name: "Supabase", Kind: "postgres", Logo: "supabase", HostHint: "aws-0-eu-central-1.pooler.supabase.com", UserHint: "postgres.abcdefghijklmnopqrst", DatabaseHint: "postgres", Port: 5432, TLS: TLSRequire, advice: supabaseAdvice,
		Note: "To check whose server it is, paste the certificate from the project's database settings and choose verify-full", Remedy: "From an IPv4 network use the session pooler's address; check the project's network restrictions.",
		DocumentationURL: "https://supabase.com/docs/guides/database/connecting-to-postgres", suffixes: []string{".supabase.co", ".pooler.supabase.com"}},
	{ID: "cockroachdb", Name: "CockroachDB Cloud", Kind: "postgres", Logo: "cockroachdb", HostHint: "shop-1234.abc.cockroachlabs.cloud", DatabaseHint: "defaultdb", Port: 26257, TLS: TLSVerifyFull,
		Note: "If its certificate is not trusted, paste the CA certificate that the cluster's Connect dialog offers", Remedy: "Add the address of this server to the cluster's IP allowlist.",
		DocumentationURL: "https://www.cockroachlabs.com/docs/cockroachcloud/connect-to-your-cluster", suffixes: []string{".cockroachlabs.cloud"}},
	{ID: "planetscale", Name: "PlanetScale", Kind: "mysql", Logo: "planetscale", HostHint: "aws.connect.psdb.cloud", Port: 3306, TLS: TLSVerifyFull,
		Remedy: "Make a password with the role Read-only for the branch, and check its IP restrictions.", DocumentationURL: "https://planetscale.com/docs", suffixes: []string{".psdb.cloud"}},
	{ID: "tidb-cloud", Name: "TiDB Cloud", Kind: "mysql", Logo: "tidb", HostHint: "gateway01.eu-central-1.prod.aws.tidbcloud.com", UserHint: "3pTAoNNegb47Uc8.root", DatabaseHint: "test", Port: 4000, TLS: TLSVerifyFull, advice: tidbAdvice,
		Remedy: "Check that the user's name has the cluster's prefix, and that public access is on.", DocumentationURL: "https://docs.pingcap.com/tidbcloud/secure-connections-to-serverless-clusters", suffixes: []string{".tidbcloud.com"}},
	{ID: "digitalocean-postgres", Name: "DigitalOcean Managed PostgreSQL", Kind: "postgres", Logo: "digitalocean", HostHint: "shop-do-user-1234567-0.db.ondigitalocean.com", UserHint: "doadmin", DatabaseHint: "defaultdb", Port: 25060, TLS: TLSRequire,
		Note: "To check whose server it is, paste the CA certificate from its overview page and choose verify-full", Remedy: "Add this server to the cluster's trusted sources.",
		DocumentationURL: "https://docs.digitalocean.com/products/databases/postgresql/how-to/connect/", suffixes: []string{".db.ondigitalocean.com"}},
	{ID: "digitalocean-mysql", Name: "DigitalOcean Managed MySQL", Kind: "mysql", Logo: "digitalocean", HostHint: "shop-do-user-1234567-0.db.ondigitalocean.com", UserHint: "doadmin", DatabaseHint: "defaultdb", Port: 25060, TLS: TLSRequire,
		Note: "To check whose server it is, paste the CA certificate from its overview page and choose verify-full", Remedy: "Add this server to the cluster's trusted sources.",
		DocumentationURL: "https://docs.digitalocean.com/products/databases/mysql/how-to/connect/", suffixes: []string{".db.ondigitalocean.com"}},
	{ID: "aiven-postgres", Name: "Aiven for PostgreSQL", Kind: "postgres", Logo: "aiven", HostHint: "shop-project.aivencloud.com", UserHint: "avnadmin", DatabaseHint: "defaultdb", TLS: TLSRequire,
		Note: "Each service has a port of its own. To check whose server it is, paste the project's CA certificate and choose verify-full", Remedy: "Check the port and the service's list of allowed addresses.",
		DocumentationURL: "https://aiven.io/docs/platform/concepts/tls-ssl-certificates", suffixes: []string{".aivencloud.com"}},
	{ID: "aiven-mysql", Name: "Aiven for MySQL", Kind: "mysql", Logo: "aiven", HostHint: "shop-project.aivencloud.com", UserHint: "avnadmin", DatabaseHint: "defaultdb", TLS: TLSRequire,
		Note: "Each service has a port of its own. To check whose server it is, paste the project's CA certificate and choose verify-full", Remedy: "Check the port and the service's list of allowed addresses.",
		DocumentationURL: "https://aiven.io/docs/platform/concepts/tls-ssl-certificates", suffixes: []string{".aivencloud.com"}},
	{ID: "crunchy-bridge", Name: "Crunchy Bridge", Kind: "postgres", Logo: "crunchy", HostHint: "p.abcdefghijklmnop.db.postgresbridge.com", UserHint: "application", DatabaseHint: "postgres", Port: 5432, TLS: TLSRequire,
		Note: "To check whose server it is, paste the team's certificate and choose verify-full", Remedy: "Check the cluster's network firewall rules.",
		DocumentationURL: "https://docs.crunchybridge.com/", suffixes: []string{".db.postgresbridge.com"}},
	{ID: "render", Name: "Render Postgres", Kind: "postgres", Logo: "render", HostHint: "dpg-abc123-a.frankfurt-postgres.render.com", Port: 5432, TLS: TLSRequire,
		Remedy: "Use the external address, and add this server's address to the database's access control.", DocumentationURL: "https://render.com/docs/postgresql-creating-connecting", suffixes: []string{"-postgres.render.com"}},
}
