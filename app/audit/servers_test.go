package audit_test

import (
	"net/url"
	"strconv"
	"testing"

	"assay/app/audit"
	"assay/app/source/sourcetest"
)

func init() {
	audit.Main = sourcetest.Main
	audit.PostgresURL = func(tb testing.TB) string {
		tb.Helper()
		c, _ := sourcetest.Postgres(tb).NewDatabase(tb, "create table unrelated (id int)")
		u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
		return u.String()
	}
}
