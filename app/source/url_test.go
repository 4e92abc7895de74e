package source

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

func pg(host string, port int, database, user, password string) Config {
	return Config{Kind: "postgres", Host: host, Port: port, Database: database, User: user, Password: password}
}

func my(host string, port int, database, user, password string) Config {
	return Config{Kind: "mysql", Host: host, Port: port, Database: database, User: user, Password: password}
}

func ms(host string, port int, database, user, password string) Config {
	return Config{Kind: "sqlserver", Host: host, Port: port, Database: database, User: user, Password: password}
}

func lite(path string) Config { return Config{Kind: "sqlite", Path: path} }

func (c Config) tls(mode TLSMode) Config {
	c.TLS.Mode = mode
	return c
}

func (c Config) zone(name string) Config {
	c.TimeZone = name
	return c
}

func (c Config) with(name, value string) Config {
	c.set(name, value)
	return c
}

// spellings are texts with what they mean.
var spellings = []struct {
	text string
	want Config
	// notes holds a part of each note that must be there.
	notes []string
}{
	// URLs.
	{text: "postgres://u:p@h.example.com:5432/db", want: pg("h.example.com", 5432, "db", "u", "p")},
	{text: "  postgresql://u:p@h.example.com/db \n", want: pg("h.example.com", 5432, "db", "u", "p")},
	{text: "\"postgres://u:p@h/db\"", want: pg("h", 5432, "db", "u", "p")},
	{text: "POSTGRES://u:p@h/db", want: pg("h", 5432, "db", "u", "p")},
	{text: "postgres://u:p@h/db;", want: pg("h", 5432, "db", "u", "p")},
	{text: "postgres://u@h/db", want: pg("h", 5432, "db", "u", ""), notes: []string{"no password"}},
	{text: "postgres://h/db", want: pg("h", 5432, "db", "", ""), notes: []string{"no user"}},
	{text: "postgres:///db?user=u&password=p", want: pg("localhost", 5432, "db", "u", "p"), notes: []string{"localhost was assumed"}},
	{text: "postgres://u:p@h/db?sslmode=require", want: pg("h", 5432, "db", "u", "p").tls(TLSRequire)},
	{text: "postgres://u:p@h/db?sslmode=verify-full&sslrootcert=/etc/ca.pem", want: pg("h", 5432, "db", "u", "p").tls(TLSVerifyFull), notes: []string{"sslrootcert names a file"}},
	{text: "postgres://u:p@h/db?sslrootcert=system", want: pg("h", 5432, "db", "u", "p").tls(TLSVerifyFull)},
	{text: "postgres://u:p@h/db?sslmode=allow", want: pg("h", 5432, "db", "u", "p").tls(TLSPrefer)},
	{text: "postgres://u:p@h/db?sslmode=no-verify", want: pg("h", 5432, "db", "u", "p").tls(TLSRequire)},
	{text: "postgres://u:p@h/db?ssl=true", want: pg("h", 5432, "db", "u", "p").tls(TLSVerifyFull), notes: []string{"choose require"}},
	{text: "postgres://u:p@h/db?ssl=false", want: pg("h", 5432, "db", "u", "p").tls(TLSDisable)},
	{text: "postgres://u:p@h/db?sslmode=whatever", want: pg("h", 5432, "db", "u", "p"), notes: []string{"TLS mode"}},
	{text: "postgres://u:p@h/db?options=-c%20search_path%3Dsales,public", want: pg("h", 5432, "db", "u", "p").with("search_path", "sales,public")},
	{text: "postgres://u:p@h/db?options=-csearch_path=sales+-c+TimeZone=Europe/Berlin", want: pg("h", 5432, "db", "u", "p").with("search_path", "sales").zone("Europe/Berlin")},
	{text: "postgres://u:p@h/db?schema=sales&pgbouncer=true&connection_limit=1", want: pg("h", 5432, "db", "u", "p").with("search_path", "sales")},
	{text: "postgres://u:p@h/db?application_name=x&connect_timeout=10&channel_binding=require&timezone=UTC",
		want: pg("h", 5432, "db", "u", "p").with("application_name", "x").with("connect_timeout", "10").with("channel_binding", "require").zone("UTC")},
	{text: "postgres://u:p@h/db?service=prod&passfile=/home/me/.pgpass&sslcert=c.pem&sslkey=k.pem", want: pg("h", 5432, "db", "u", "p"), notes: []string{"passfile, service, sslcert, sslkey"}},
	{text: "postgres://u:p@h/db?hostaddr=169.254.169.254", want: pg("h", 5432, "db", "u", "p"), notes: []string{"hostaddr was left out"}},
	{text: "postgres://u:p@h/db?host=/var/lib", want: Config{}},
	{text: "postgresql+psycopg2://u:p@h/db", want: pg("h", 5432, "db", "u", "p")},
	{text: "postgresql+asyncpg://u:p@h:6432/db", want: pg("h", 6432, "db", "u", "p")},
	{text: "postgres://u:p@[2001:db8::1]:5433/db", want: pg("2001:db8::1", 5433, "db", "u", "p")},
	{text: "postgres://u:p@[::1]/db", want: pg("::1", 5432, "db", "u", "p")},
	{text: "postgres://u:p@2001:db8::1/db", want: pg("2001:db8::1", 5432, "db", "u", "p")},
	{text: "mysql://u:p@h/db", want: my("h", 3306, "db", "u", "p")},
	{text: "mysql2://u:p@h/db", want: my("h", 3306, "db", "u", "p")},
	{text: "mariadb://u:p@h:3307/db?ssl-mode=VERIFY_IDENTITY", want: my("h", 3307, "db", "u", "p").tls(TLSVerifyFull)},
	{text: "mysql+pymysql://u:p@h/db?charset=utf8mb4", want: my("h", 3306, "db", "u", "p")},
	{text: "mysql+mysqldb://u:p@h/db?ssl_ca=/etc/ca.pem&ssl_mode=REQUIRED", want: my("h", 3306, "db", "u", "p").tls(TLSRequire), notes: []string{"names a file"}},
	{text: "mysql://u:p@h/db?sslaccept=strict", want: my("h", 3306, "db", "u", "p").tls(TLSVerifyFull)},
	{text: "mysql://u:p@h/db?sslaccept=accept_invalid_certs", want: my("h", 3306, "db", "u", "p").tls(TLSRequire)},
	{text: `mysql://u:p@h/db?ssl={"rejectUnauthorized":true}`, want: my("h", 3306, "db", "u", "p").tls(TLSVerifyFull)},
	{text: `mysql://u:p@h/db?ssl={"rejectUnauthorized":false}`, want: my("h", 3306, "db", "u", "p").tls(TLSRequire)},
	{text: "mysql://u:p@h/db?allowAllFiles=true&allowLoadLocalInfile=true&autoDeserialize=true", want: my("h", 3306, "db", "u", "p"), notes: []string{"allowallfiles, allowloadlocalinfile, autodeserialize"}},
	{text: "sqlserver://u:p@h?database=db", want: ms("h", 1433, "db", "u", "p")},
	{text: "sqlserver://u:p@h/SQLEXPRESS?database=db", want: ms("h", 0, "db", "u", "p").with("instance", "SQLEXPRESS")},
	{text: "sqlserver://u:p@h:1433;database=db;encrypt=true", want: ms("h", 1433, "db", "u", "p").tls(TLSVerifyFull)},
	{text: "mssql://u:p@h/db?encrypt=disable", want: ms("h", 1433, "db", "u", "p").tls(TLSDisable)},
	{text: "mssql+pyodbc://u:p@h:1433/db?driver=ODBC+Driver+18+for+SQL+Server&TrustServerCertificate=yes", want: ms("h", 1433, "db", "u", "p").tls(TLSRequire)},
	{text: "mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC+Driver+17+for+SQL+Server%7D%3BSERVER%3Dh%3BDATABASE%3Ddb%3BUID%3Du%3BPWD%3Dp", want: ms("h", 1433, "db", "u", "p")},

	// Files.
	{text: "sqlite:///data/shop.db", want: lite("/data/shop.db")},
	{text: "sqlite:////data/shop.db", want: lite("/data/shop.db")},
	{text: "sqlite://shop.db", want: lite("shop.db")},
	{text: "sqlite:shop.db?mode=ro&immutable=1", want: lite("shop.db").with("immutable", "true")},
	{text: "sqlite:///C:/data/shop.db", want: lite("C:/data/shop.db")},
	{text: "sqlite+aiosqlite:///data/my%20shop.db", want: lite("/data/my shop.db")},
	{text: "file:/data/shop.db?cache=shared", want: lite("/data/shop.db")},
	{text: "file:///data/shop.db", want: lite("/data/shop.db")},
	{text: "file://localhost/data/shop.db", want: lite("/data/shop.db")},
	{text: "/data/my shop.sqlite3", want: lite("/data/my shop.sqlite3")},
	{text: "shop.sqlite", want: lite("shop.sqlite")},
	{text: `C:\data\shop.db`, want: lite(`C:\data\shop.db`)},
	{text: "jdbc:sqlite:/data/shop.db", want: lite("/data/shop.db")},
	{text: "Data Source=/data/shop.db;Version=3;", want: lite("/data/shop.db")},

	// JDBC.
	{text: "jdbc:postgresql://h:5432/db?user=u&password=p", want: pg("h", 5432, "db", "u", "p")},
	{text: "jdbc:postgresql://h/db?user=u&password=a%26b&ssl=true&currentSchema=sales", want: pg("h", 5432, "db", "u", "a&b").tls(TLSVerifyFull).with("search_path", "sales"), notes: []string{"verify-full"}},
	{text: "jdbc:postgresql://h/db?password=a&b&user=u", want: pg("h", 5432, "db", "u", "a&b")},
	{text: "jdbc:postgresql:db?user=u&password=p", want: pg("localhost", 5432, "db", "u", "p"), notes: []string{"localhost was assumed"}},
	{text: "jdbc:postgresql://h/db?user=u&password=p&socketFactory=org.example.Run&socketFactoryArg=x&loggerFile=/tmp/x", want: pg("h", 5432, "db", "u", "p"), notes: []string{"loggerfile, socketfactory, socketfactoryarg"}},
	{text: "jdbc:mysql://h:3306/db?user=u&password=p&useSSL=false&serverTimezone=UTC", want: my("h", 3306, "db", "u", "p").tls(TLSDisable).zone("UTC")},
	{text: "jdbc:mysql://h/db?user=u&password=p&useSSL=true&verifyServerCertificate=false&connectTimeout=5000", want: my("h", 3306, "db", "u", "p").tls(TLSRequire).with("connect_timeout", "5")},
	{text: "jdbc:mysql://h/db?user=u&password=p&sslMode=VERIFY_CA&connectionTimeZone=Europe%2FBerlin", want: my("h", 3306, "db", "u", "p").tls(TLSVerifyCA).zone("Europe/Berlin")},
	{text: "jdbc:mysql:aws://h/db?user=u&password=p", want: my("h", 3306, "db", "u", "p")},
	{text: "jdbc:aws-wrapper:postgresql://h/db?user=u&password=p", want: pg("h", 5432, "db", "u", "p")},
	{text: "jdbc:mariadb://h/db?user=u&password=p", want: my("h", 3306, "db", "u", "p")},
	{text: "jdbc:sqlserver://h:1433;databaseName=db;user=u;password={a;b};encrypt=true;trustServerCertificate=true", want: ms("h", 1433, "db", "u", "a;b").tls(TLSRequire)},
	{text: `jdbc:sqlserver://h\SQL2022;databaseName=db;user=u;password={a}}b};applicationIntent=ReadOnly`, want: ms("h", 0, "db", "u", "a}b").with("instance", "SQL2022").with("application_intent", "read_only")},
	{text: "jdbc:sqlserver://;serverName=h;port=1434;databaseName=db;user=u;password=p;encrypt=strict;hostNameInCertificate=db.example.com",
		want: func() Config {
			c := ms("h", 1434, "db", "u", "p").tls(TLSVerifyFull).with("encrypt", "strict")
			c.TLS.ServerName = "db.example.com"
			return c
		}()},

	// ADO.NET and ODBC.
	{text: "Server=tcp:x.database.windows.net,1433;Initial Catalog=db;Persist Security Info=False;User ID=u;Password=p;MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;",
		want: ms("x.database.windows.net", 1433, "db", "u", "p").tls(TLSVerifyFull)},
	{text: `Server=h\SQLEXPRESS;Database=db;User Id=u;Password=p`, want: ms("h", 0, "db", "u", "p").with("instance", "SQLEXPRESS")},
	{text: `Data Source=.;Initial Catalog=db;User ID=u;Password="a;b""c"`, want: ms("localhost", 1433, "db", "u", `a;b"c`)},
	{text: "Server=h,1444;Database=db;User Id=u;Password=p;Encrypt=False", want: ms("h", 1444, "db", "u", "p").tls(TLSPrefer), notes: []string{"encrypt=false"}},
	{text: "Server=h;Database=db;User Id=u;Password=p;", want: ms("h", 1433, "db", "u", "p"), notes: []string{"SQL Server"}},
	{text: "Server=h;Database=db;User Id=u;Password=a;b;Encrypt=True", want: ms("h", 1433, "db", "u", "a;b").tls(TLSVerifyFull)},
	{text: "Host=h;Port=5432;Database=db;Username=u;Password=p", want: pg("h", 5432, "db", "u", "p")},
	{text: "Host=h;Database=db;Username=u;Password=p;SSL Mode=VerifyFull;Search Path=sales;Timezone=Europe/Berlin", want: pg("h", 5432, "db", "u", "p").tls(TLSVerifyFull).with("search_path", "sales").zone("Europe/Berlin")},
	{text: "Server=h;Uid=u;Pwd=p;Database=db", want: my("h", 3306, "db", "u", "p"), notes: []string{"MySQL"}},
	{text: "Server=h;Port=3306;User ID=u;Password=p;Database=db;SslMode=Required", want: my("h", 3306, "db", "u", "p").tls(TLSRequire)},
	{text: "Driver={ODBC Driver 18 for SQL Server};Server=h;Database=db;UID=u;PWD={p};Encrypt=yes", want: ms("h", 1433, "db", "u", "p").tls(TLSVerifyFull)},
	{text: "DRIVER={PostgreSQL Unicode};SERVER=h;PORT=5432;DATABASE=db;UID=u;PWD=p;", want: pg("h", 5432, "db", "u", "p")},
	{text: "Driver={MySQL ODBC 8.0 Unicode Driver};Server=h;Database=db;User=u;Password=p;", want: my("h", 3306, "db", "u", "p")},
	{text: "Server=h;\nDatabase=db;\nUser Id=u;\nPassword=p;\nEncrypt=True;", want: ms("h", 1433, "db", "u", "p").tls(TLSVerifyFull)},

	// libpq and Go.
	{text: "host=h port=5433 dbname=db user=u password='a b' sslmode=require", want: pg("h", 5433, "db", "u", "a b").tls(TLSRequire)},
	{text: `host = h dbname = db user = u password = 'it\'s'`, want: pg("h", 5432, "db", "u", "it's")},
	{text: "user=u password=a;b host=h dbname=db", want: pg("h", 5432, "db", "u", "a;b")},
	{text: "dbname=db user=u", want: pg("localhost", 5432, "db", "u", ""), notes: []string{"localhost", "no password"}},
	{text: "hostaddr=192.0.2.7 dbname=db user=u password=p", want: pg("192.0.2.7", 5432, "db", "u", "p")},
	{text: "u:p@tcp(h:3306)/db?tls=true", want: my("h", 3306, "db", "u", "p").tls(TLSVerifyFull)},
	{text: "u:p@ss/w:rd@tcp(h)/db?tls=skip-verify&parseTime=true&loc=Europe%2FBerlin", want: my("h", 3306, "db", "u", "p@ss/w:rd").tls(TLSRequire).zone("Europe/Berlin")},
	{text: "u:p@tcp([2001:db8::1]:3307)/db?timeout=5s&loc=Local", want: my("2001:db8::1", 3307, "db", "u", "p")},
	{text: "u:p@/db", want: my("localhost", 3306, "db", "u", "p"), notes: []string{"localhost"}},

	// Variables.
	{text: `DATABASE_URL="postgres://u:p@h/db"`, want: pg("h", 5432, "db", "u", "p")},
	{text: "export DATABASE_URL=mysql://u:p@h/db", want: my("h", 3306, "db", "u", "p")},
	{text: "# comment\nAPP_KEY=abc\nREDIS_URL=redis://cache\nDATABASE_URL='postgres://u:p@h/db?sslmode=require'\n", want: pg("h", 5432, "db", "u", "p").tls(TLSRequire), notes: []string{"several"}},
	{text: "DB_USER=u\nDB_PASS=p\nDATABASE_URL=postgres://${DB_USER}:${DB_PASS}@h/db", want: pg("h", 5432, "db", "u", "p")},
	{text: "export PGHOST=h\nexport PGPORT=5433\nexport PGUSER=u\nexport PGPASSWORD='a b'\nexport PGDATABASE=db\nexport PGSSLMODE=verify-full\nexport PGTZ=UTC", want: pg("h", 5433, "db", "u", "a b").tls(TLSVerifyFull).zone("UTC")},
	{text: "PGHOST=h PGUSER=u PGPASSWORD=p PGDATABASE=db", want: pg("h", 5432, "db", "u", "p")},
	{text: "DB_CONNECTION=mysql\nDB_HOST=h\nDB_PORT=3306\nDB_DATABASE=db\nDB_USERNAME=u\nDB_PASSWORD=p\nMAIL_HOST=mail\nMAIL_PASSWORD=other", want: my("h", 3306, "db", "u", "p")},
	{text: "DB_HOST=h DB_PORT=5432 DB_USERNAME=u DB_PASSWORD=p DB_DATABASE=db DB_CONNECTION=pgsql", want: pg("h", 5432, "db", "u", "p")},
	{text: "DB_ENGINE=django.db.backends.postgresql\nDB_NAME=db\nDB_USER=u\nDB_PASSWORD=p#1 # live\nDB_HOST=h", want: pg("h", 5432, "db", "u", "p#1")},
	{text: "DB_CONNECTION=sqlite\nDB_DATABASE=/data/shop.db", want: lite("/data/shop.db")},
	{text: "POSTGRES_USER=u\nPOSTGRES_PASSWORD=p\nPOSTGRES_DB=db", want: pg("localhost", 5432, "db", "u", "p"), notes: []string{"localhost"}},
	{text: "POSTGRES_PASSWORD: p\nPOSTGRES_HOST: h", want: pg("h", 5432, "", "postgres", "p")},
	{text: "MYSQL_HOST=h\nMYSQL_DATABASE=db\nMYSQL_USER=u\nMYSQL_PASSWORD=p\nMYSQL_ROOT_PASSWORD=r", want: my("h", 3306, "db", "u", "p")},
	{text: "MYSQL_ROOT_PASSWORD=r\nMYSQL_DATABASE=db\nMYSQL_HOST=h", want: my("h", 3306, "db", "root", "r")},
	{text: "- MSSQL_SA_PASSWORD=p\n- MSSQL_HOST=h", want: ms("h", 1433, "", "sa", "p")},
	{text: "SHOP_DB_HOST=h\nSHOP_DB_PORT=3306\nSHOP_DB_USER=u\nSHOP_DB_PASSWORD=p\nSHOP_DB_NAME=db", want: my("h", 3306, "db", "u", "p")},
	{text: "spring.datasource.url=jdbc:postgresql://h:5432/db\nspring.datasource.username=u\nspring.datasource.password=p", want: pg("h", 5432, "db", "u", "p")},
	{text: "'ENGINE': 'django.db.backends.mysql',\n'NAME': 'db',\n'USER': 'u',\n'PASSWORD': 'p',\n'HOST': 'h',", want: my("h", 3306, "db", "u", "p")},
	{text: "adapter: postgresql\nhost: h\ndatabase: db\nusername: u\npassword: p", want: pg("h", 5432, "db", "u", "p")},
	{text: "[client]\nhost=h\nuser=u\npassword=p\ndatabase=db", want: my("h", 3306, "db", "u", "p")},
	{text: "host=h\nport=5432\ndbname=db\nuser=u\npassword=p", want: pg("h", 5432, "db", "u", "p")},

	// Command lines.
	{text: `psql "postgres://u:p@h/db?sslmode=require"`, want: pg("h", 5432, "db", "u", "p").tls(TLSRequire)},
	{text: "psql 'host=h dbname=db user=u password=p'", want: pg("h", 5432, "db", "u", "p")},
	{text: "psql -h h -U u -d db -p 5433", want: pg("h", 5433, "db", "u", ""), notes: []string{"no password"}},
	{text: "PGPASSWORD='a b' psql --host=h -Uu db -c 'select 1'", want: pg("h", 5432, "db", "u", "a b")},
	{text: "psql -U u db", want: pg("localhost", 5432, "db", "u", ""), notes: []string{"localhost"}},
	{text: "mysql -h h -u u -pp db", want: my("h", 3306, "db", "u", "p")},
	{text: "mysql --host=h --port=3307 --user=u --password='a b' --ssl-mode=VERIFY_CA --database=db", want: my("h", 3307, "db", "u", "a b").tls(TLSVerifyCA)},
	{text: "mysql -u u -p -h h -P 3308 db", want: my("h", 3308, "db", "u", ""), notes: []string{"no password"}},
	{text: "sqlcmd -S tcp:h,1444 -U u -P p -d db -C", want: ms("h", 1444, "db", "u", "p").tls(TLSRequire)},
	{text: "sqlite3 -header /data/shop.db", want: lite("/data/shop.db")},
	{text: "u:p@h:5432/db", want: pg("h", 5432, "db", "u", "p"), notes: []string{"understood as PostgreSQL"}},

	// Passwords as they are.
	{text: "postgres://u:p@ss:w/rd#@h:5432/db", want: pg("h", 5432, "db", "u", "p@ss:w/rd#")},
	{text: "postgres://u:p%40ss%3Aw%2Frd%23@h:5432/db", want: pg("h", 5432, "db", "u", "p@ss:w/rd#")},
	{text: "postgres://u:a?b@h/db?sslmode=require", want: pg("h", 5432, "db", "u", "a?b").tls(TLSRequire)},
	{text: "postgres://u:100%@h/db", want: pg("h", 5432, "db", "u", "100%"), notes: []string{"as it stands"}},
	{text: "mysql://u:a+b@h/db", want: my("h", 3306, "db", "u", "a+b")},
	{text: "mysql://me%40corp:p@h/db", want: my("h", 3306, "db", "me@corp", "p")},
	{text: "postgres://u:p@h/db?application_name=me@home", want: pg("h", 5432, "db", "u", "p").with("application_name", "me@home")},
	{text: "sqlserver://u:a;b@h:1433?database=db", want: ms("h", 1433, "db", "u", "a;b")},
	{text: "postgres://u:[YOUR-PASSWORD]@h/db", want: pg("h", 5432, "db", "u", ""), notes: []string{"placeholder"}},
	{text: "postgres://u:********@h/db", want: pg("h", 5432, "db", "u", ""), notes: []string{"placeholder"}},
	{text: "Server=tcp:h,1433;Database=db;Uid=u;Pwd={your_password_here};", want: ms("h", 1433, "db", "u", ""), notes: []string{"placeholder"}},
	{text: "postgres://u:password@h/db", want: pg("h", 5432, "db", "u", "password")},

	// Clouds.
	{text: "postgres://u:p@ep-a-1.eu-central-1.aws.neon.tech/neondb", want: pg("ep-a-1.eu-central-1.aws.neon.tech", 5432, "neondb", "u", "p").tls(TLSVerifyFull), notes: []string{"suits Neon", "asleep"}},
	{text: "postgresql://u:p@ep-a-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&options=endpoint%3Dep-a-1", want: pg("ep-a-1-pooler.eu-central-1.aws.neon.tech", 5432, "neondb", "u", "p").tls(TLSRequire), notes: []string{"endpoint", "pooled address"}},
	{text: "postgresql://postgres.abc:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres", want: pg("aws-0-eu-central-1.pooler.supabase.com", 6543, "postgres", "postgres.abc", "p").tls(TLSRequire), notes: []string{"transaction pooler"}},
	{text: "postgresql://postgres:p@db.abc.supabase.co:5432/postgres", want: pg("db.abc.supabase.co", 5432, "postgres", "postgres", "p").tls(TLSRequire), notes: []string{"IPv6"}},
	{text: "postgresql://u:p@shop-1.abc.cockroachlabs.cloud/defaultdb", want: pg("shop-1.abc.cockroachlabs.cloud", 26257, "defaultdb", "u", "p").tls(TLSVerifyFull)},
	{text: "mysql://u:p@aws.connect.psdb.cloud/db", want: my("aws.connect.psdb.cloud", 3306, "db", "u", "p").tls(TLSVerifyFull)},
	{text: "mysql://x.root:p@gateway01.eu-central-1.prod.aws.tidbcloud.com/test", want: my("gateway01.eu-central-1.prod.aws.tidbcloud.com", 4000, "test", "x.root", "p").tls(TLSVerifyFull)},
	{text: "postgres://u:p@shop.abc.eu-central-1.rds.amazonaws.com/db", want: pg("shop.abc.eu-central-1.rds.amazonaws.com", 5432, "db", "u", "p").tls(TLSVerifyFull), notes: []string{"global-bundle.pem"}},
	{text: "postgres://u:p@ec2-203-0-113-7.compute-1.amazonaws.com:5432/d1abcdefghijkl", want: pg("ec2-203-0-113-7.compute-1.amazonaws.com", 5432, "d1abcdefghijkl", "u", "p").tls(TLSRequire), notes: []string{"Heroku"}},
	{text: "postgres://u:p@dpg-a-a.frankfurt-postgres.render.com/db?ssl=true", want: pg("dpg-a-a.frankfurt-postgres.render.com", 5432, "db", "u", "p").tls(TLSRequire)},
	{text: "Server=x.database.windows.net;Database=db;User Id=u@x;Password=p", want: ms("x.database.windows.net", 1433, "db", "u@x", "p").tls(TLSVerifyFull), notes: []string{"suits Azure SQL"}},
	{text: "postgres://u:p@x.postgres.database.azure.com/db?sslmode=disable", want: pg("x.postgres.database.azure.com", 5432, "db", "u", "p").tls(TLSDisable), notes: []string{"asks for encrypted"}},
}

func TestParseURL(t *testing.T) {
	for _, s := range spellings {
		got, notes, err := ParseURL(s.text)
		if s.want.Kind == "" {
			if err == nil {
				t.Errorf("%q: no error", s.text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", s.text, err)
			continue
		}
		if d := cmp.Diff(s.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", s.text, d)
		}
		for _, n := range s.notes {
			if !strings.Contains(strings.Join(notes, "\n"), n) {
				t.Errorf("%q: no note has %q; they are %q", s.text, n, notes)
			}
		}
		if len(s.notes) == 0 && len(notes) > 0 && !strings.Contains(strings.Join(notes, " "), "suits") {
			t.Errorf("%q: notes %q are not called for", s.text, notes)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, c := range []struct{ text, message string }{
		{"", "Paste a connection URL"},
		{"hello", "could not be read"},
		{"hello world = 7", "could not be read"},
		{"mongodb://u:hunter2@h/db", "MongoDB is not supported"},
		{"mongodb+srv://u:hunter2@h/db", "MongoDB is not supported"},
		{"redis://:hunter2@h", "Redis is not supported"},
		{"snowflake://u:hunter2@acct/db", "Snowflake is not supported"},
		{"bigquery://project", "BigQuery is not supported"},
		{"jdbc:oracle:thin:@h:1521:orcl", "Oracle Database is not supported"},
		{"DATABASE_URL=clickhouse://u:hunter2@h", "ClickHouse is not supported"},
		{"https://example.com/?password=hunter2", "web page"},
		{"hunter2://x", "no kind of database"},
		{"shop.duckdb", "DuckDB is not supported"},
		{"postgres://u:hunter2@h1,h2/db", "several hosts"},
		{"postgres://u:hunter2@h1:5432,h2:5433/db", "several hosts"},
		{"host=h1,h2 dbname=db password=hunter2", "several hosts"},
		{"postgres://u:hunter2@%2Fvar%2Frun%2Fpostgresql/db", "socket file"},
		{"postgres:///db?host=/var/run/postgresql", "socket file"},
		{"host=/cloudsql/p:r:i dbname=db password=hunter2", "socket file"},
		{"host=@abstract dbname=db password=hunter2", "socket file"},
		{"u:hunter2@unix(/var/run/mysqld.sock)/db", "socket file"},
		{"mysql -u u -phunter2 -S /var/run/mysqld.sock db", "socket file"},
		{"jdbc:mysql:///db?cloudSqlInstance=p:r:i&socketFactory=com.google.cloud.sql.mysql.SocketFactory&user=u&password=hunter2", "library of a cloud"},
		{"postgres://u:hunter2@h:0/db", "port"},
		{"postgres://u:hunter2@h:65536/db", "port"},
		{"Host=h;Port=many;Username=u;Password=hunter2", "port"},
		{"postgres://u:hunter2@h ost/db", "could not be read"},
		{"postgres://u:hunter2@[::zz]/db", "could not be read"},
		{"Server=(localdb)\\MSSQLLocalDB;Database=db;Password=hunter2", "LocalDB"},
		{"Server=np:h;Database=db;User ID=u;Password=hunter2;Encrypt=true", "Only TCP"},
		{"Server=h;Database=db;Integrated Security=SSPI", "Windows account"},
		{"Server=h;Database=db;Trusted_Connection=yes", "Windows account"},
		{`Server=h;Initial Catalog=db;User ID=CORP\u;Password=hunter2`, "Windows account"},
		{"Server=h;Initial Catalog=db;Authentication=Active Directory Default", "Entra"},
		{"Driver={Oracle 19};Server=h;Password=hunter2", "not of a kind"},
		{"Database=db;User ID=u;Password=hunter2;Encrypt=true", "names no host"},
		{"Password=hunter2", "names no"},
		{"sqlite://:memory:", "memory"},
		{"sqlite::memory:", "memory"},
		{"sqlite://", "names no file"},
		{"APP_NAME=x\nAPP_ENV=y", "None of the variables"},
		{"PGHOST=h\nMYSQL_HOST=h\nMYSQL_PASSWORD=hunter2", "several kinds"},
		{"postgres://u:hunter2\x00@h/db", "characters"},
		{"postgres://u:hunter2%00@h/db", "character"},
		{strings.Repeat("x", maxURL+1), "too long"},
	} {
		_, notes, err := ParseURL(c.text)
		if !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)["url"] == "" {
			t.Errorf("%.60q: %v is no fault about the field url", c.text, err)
			continue
		}
		if !strings.Contains(fault.MessageOf(err), c.message) {
			t.Errorf("%.60q: the message %q does not have %q", c.text, fault.MessageOf(err), c.message)
		}
		if strings.Contains(err.Error(), "hunter2") || len(notes) > 0 {
			t.Errorf("%.60q: the error %q or the notes %q tell too much", c.text, err, notes)
		}
	}
}

func TestURLReadsBackWithoutPassword(t *testing.T) {
	for _, s := range spellings {
		if s.want.Kind == "" {
			continue
		}
		want := s.want
		want.Password = ""
		text := want.URL()
		got, _, err := ParseURL(text)
		if err != nil {
			t.Errorf("%q of %q: %v", text, s.text, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q of %q (-want +got):\n%s", text, s.text, d)
		}
	}
	c := pg("h", 5432, "a@b/c?d", "me@x:y", "hunter2").with("search_path", "a b,c&d")
	c.TLS.Key = "hunter2"
	text := c.URL()
	if strings.Contains(text, "hunter2") {
		t.Errorf("%q shows a secret", text)
	}
	c.Password, c.TLS.Key = "", ""
	got, _, err := ParseURL(text)
	if d := cmp.Diff(c, got); err != nil || d != "" {
		t.Errorf("%q: %v (-want +got):\n%s", text, err, d)
	}
}

func TestPasswordsNeverReachNotes(t *testing.T) {
	const secret = "zq9Xw7-Kj4"
	for _, s := range spellings {
		if s.want.Password == "" {
			continue
		}
		text := s.text
		for _, old := range []string{":p@", "=p&", "=p;", "=p\n", "=p ", "='p'", " -pp ", "{p}", ": p\n", "'p'"} {
			text = strings.ReplaceAll(text, old, old[:strings.Index(old, "p")]+secret+old[strings.Index(old, "p")+1:])
		}
		_, notes, err := ParseURL(text)
		if all := strings.Join(notes, "\n"); strings.Contains(all, secret) || err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the notes %q or the error %v hold the password", text, notes, err)
		}
	}
}

func TestVocabularyIsUnambiguous(t *testing.T) {
	count := map[string]int{}
	for _, names := range usedNames {
		for name := range strings.FieldsSeq(names) {
			count[name]++
		}
	}
	for _, names := range otherNames {
		for name := range strings.FieldsSeq(names) {
			count[name]++
		}
	}
	for name, n := range count {
		if n > 1 || name != plain(name) {
			t.Errorf("%s: %d meanings, spelled %q", name, n, plain(name))
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range spellings {
		f.Add(s.text)
	}
	const secret = "zq9Xw7Kj4"
	f.Fuzz(func(t *testing.T, text string) {
		for _, text := range []string{text, strings.ReplaceAll(text, "p", secret), "postgres://u:" + secret + text + "@h/db", "password=" + secret + text} {
			c, notes, err := ParseURL(text)
			if err != nil {
				if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), secret) {
					t.Fatalf("%q: %v", text, err)
				}
				continue
			}
			if strings.Contains(strings.Join(notes, "\n"), secret) {
				t.Fatalf("%q: notes %q", text, notes)
			}
			if _, known := kindNames[c.Kind]; !known || c.Kind == "sqlite" && c.Path == "" || c.Kind != "sqlite" && c.Host == "" {
				t.Fatalf("%q: %+v is not complete", text, c)
			}
			shown := c
			shown.Password, shown.TLS = "", TLS{}
			again, _, err := ParseURL(shown.URL())
			if err != nil || again.Host != c.Host || again.Database != c.Database || again.User != c.User || again.Path != c.Path {
				t.Fatalf("%q: %q reads back as %+v, %v, not %+v", text, shown.URL(), again, err, shown)
			}
		}
	})
}

func TestParseURLStaysQuick(t *testing.T) {
	for _, part := range []string{"?a=@", "@", "?", "a=", ";", "a=b;", "%", "[", "\n", "A_B=c ", "'", "{", "a:", "host=", "-h ", "${A}", "//", "jdbc:", ",h", "?a=b@h", "\\"} {
		for _, head := range []string{"", "postgres://u:p", "sqlserver://h;", "DATABASE_URL=", "psql "} {
			text := head + strings.Repeat(part, (maxURL-len(head))/len(part))
			start := time.Now()
			ParseURL(text)
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("%q and many times %q took %v", head, part, d)
			}
		}
	}
}
