package mysql

import (
	"strings"

	"github.com/sqlc-dev/marino/ast"
)

// describing are the SHOWs that tell nothing about rows.
var describing = map[ast.ShowStmtType]bool{
	ast.ShowColumns: true, ast.ShowCharset: true, ast.ShowCollation: true, ast.ShowEngines: true, ast.ShowVariables: true,
}

// show prints the few SHOW statements that describe data.
func (p *printer) show(n *ast.ShowStmt) {
	if systemSchemas[strings.ToLower(n.DBName)] {
		p.refuseWord(n.DBName, "The schema %s belongs to the server and is not open to questions", n.DBName)
		return
	}
	if p.rules != nil && !describing[n.Tp] {
		p.refuse(1, "This SHOW is not open where rules limit what is seen: it tells about all tables and rows")
		return
	}
	p.describes = true
	defer func() { p.describes = false }()
	full := either(n.Full, "FULL ", "")
	switch n.Tp {
	case ast.ShowDatabases:
		p.write("SHOW DATABASES")
	case ast.ShowTables:
		p.write("SHOW ", full, "TABLES")
	case ast.ShowTableStatus:
		p.write("SHOW TABLE STATUS")
	case ast.ShowColumns:
		p.write("SHOW ", full, "COLUMNS FROM ")
		p.table(n.Table, "")
		if n.Column != nil {
			p.write(" LIKE ")
			p.text(n.Column.Name.O)
			return
		}
	case ast.ShowIndex:
		p.write("SHOW INDEX FROM ")
		p.table(n.Table, "")
	case ast.ShowCreateTable:
		p.write("SHOW CREATE TABLE ")
		p.table(n.Table, "")
		return
	case ast.ShowCreateView:
		p.write("SHOW CREATE VIEW ")
		p.table(n.Table, "")
		return
	case ast.ShowCreateDatabase:
		p.write("SHOW CREATE DATABASE ")
		p.name(n.DBName)
		return
	case ast.ShowCharset:
		p.write("SHOW CHARACTER SET")
	case ast.ShowCollation:
		p.write("SHOW COLLATION")
	case ast.ShowEngines:
		p.write("SHOW ENGINES")
		return
	case ast.ShowVariables:
		p.write("SHOW ", either(n.GlobalScope, "GLOBAL ", ""), "VARIABLES")
	case ast.ShowStatus:
		p.write("SHOW ", either(n.GlobalScope, "GLOBAL ", ""), "STATUS")
	case ast.ShowWarnings:
		p.write("SHOW WARNINGS")
		return
	default:
		p.refuse(1, "This SHOW is not on the list of those that describe data")
		return
	}
	if n.DBName != "" && n.Table == nil {
		p.write(" FROM ")
		p.name(n.DBName)
	}
	switch {
	case n.Pattern != nil && n.Pattern.Pattern != nil:
		p.write(" LIKE ")
		p.expr(n.Pattern.Pattern)
	case n.Where != nil:
		p.write(" WHERE ")
		p.expr(n.Where)
	}
}

// describe prints DESCRIBE of a table; EXPLAIN of a query never comes here.
func (p *printer) describe(n *ast.ExplainStmt) {
	s, ok := n.Stmt.(*ast.ShowStmt)
	switch {
	case ok && s.Tp == ast.ShowColumns && !n.Analyze && !n.Explore && n.IntoVar == "" && n.PlanDigest == "" && n.SQLDigest == "":
		p.show(s)
	case n.IntoVar != "":
		p.refuse(1, "INTO is not allowed: questions can only read")
	default:
		p.refuse(1, "EXPLAIN is only allowed of a query")
	}
}
