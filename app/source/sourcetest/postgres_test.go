package sourcetest

import (
	"context"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestPostgres(t *testing.T) {
	s := Postgres(t)
	admin, reader := s.NewDatabase(t, "CREATE TABLE t(id int); INSERT INTO t VALUES (1)")
	as := func(user, password, script string) error {
		login := *s
		login.User, login.Password = user, password
		return s.engine.exec(context.Background(), &login, admin.Database, script)
	}
	cases := []struct {
		name, user, password, script string
		ok                           bool
	}{
		{"admin writes", admin.User, admin.Password, "INSERT INTO t VALUES (2)", true},
		{"reader reads", reader.User, reader.Password, "SELECT * FROM t", true},
		{"reader does not write", reader.User, reader.Password, "INSERT INTO t VALUES (3)", false},
		{"reader does not create", reader.User, reader.Password, "CREATE TABLE u(id int)", false},
		{"reader makes no temporary table", reader.User, reader.Password, "CREATE TEMP TABLE u(id int)", false},
		{"a wrong password is refused", reader.User, "wrong", "SELECT 1", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := as(c.user, c.password, c.script); (err == nil) != c.ok {
				t.Errorf("error %v, want success %v", err, c.ok)
			}
		})
	}
}
