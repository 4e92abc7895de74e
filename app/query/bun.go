package query

import (
	"database/sql"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mssqldialect"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
)

// offline is a Bun dialect that asks no server for its version: the compiler
// writes SQL and never sends any.
type offline struct{ schema.Dialect }

func (offline) Init(*sql.DB) {}

var bunDialects = map[string]func() schema.Dialect{
	"postgres":  func() schema.Dialect { return pgdialect.New() },
	"mysql":     func() schema.Dialect { return mysqldialect.New() },
	"sqlserver": func() schema.Dialect { return mssqldialect.New() },
	"sqlite":    func() schema.Dialect { return sqlitedialect.New() },
}

var buns sync.Map // kind → *bun.DB without a database

func bunFor(kind string) *bun.DB {
	if db, ok := buns.Load(kind); ok {
		return db.(*bun.DB)
	}
	db, _ := buns.LoadOrStore(kind, bun.NewDB(nil, offline{bunDialects[kind]()}))
	return db.(*bun.DB)
}
