package mysql

import (
	"strings"

	"github.com/sqlc-dev/marino/ast"
	"github.com/sqlc-dev/marino/types"

	"assay/app/source"
)

func (p *printer) from(n *ast.TableRefsClause) {
	if n == nil || n.TableRefs == nil {
		p.unknown(n)
		return
	}
	p.join(n.TableRefs)
}

// tableRef prints one side of a join.
func (p *printer) tableRef(n ast.ResultSetNode) {
	if !p.enter() {
		return
	}
	defer p.leave()
	switch n := n.(type) {
	case *ast.Join:
		if n.Right == nil {
			p.tableRef(n.Left)
			return
		}
		p.write("(")
		p.join(n)
		p.write(")")
	case *ast.TableSource:
		p.tableSource(n)
	case *ast.TableName:
		p.table(n, "")
	default:
		p.unknown(n)
	}
}

func (p *printer) join(n *ast.Join) {
	if n.Right == nil {
		p.tableRef(n.Left)
		return
	}
	p.tableRef(n.Left)
	word := " JOIN "
	switch n.Tp {
	case ast.CrossJoin, 0:
		switch {
		case n.StraightJoin:
			word = " STRAIGHT_JOIN "
		case n.On == nil && len(n.Using) == 0 && !n.NaturalJoin:
			word = " CROSS JOIN "
		}
	case ast.LeftJoin:
		word = " LEFT JOIN "
	case ast.RightJoin:
		word = " RIGHT JOIN "
	default:
		p.unknown(n)
	}
	if n.NaturalJoin {
		word = " NATURAL" + word
	}
	p.write(word)
	p.tableRef(n.Right)
	if n.On != nil {
		p.write(" ON ")
		p.expr(n.On.Expr)
	}
	if len(n.Using) > 0 {
		p.write(" USING (")
		for i, c := range n.Using {
			p.comma(i)
			p.columnName(c)
		}
		p.write(")")
	}
}

func (p *printer) tableSource(n *ast.TableSource) {
	switch s := n.Source.(type) {
	case *ast.TableName:
		if n.Lateral || len(n.ColumnNames) > 0 {
			p.unknown(n)
		}
		p.table(s, n.AsName.O)
		return
	case *ast.SelectStmt, *ast.SetOprStmt:
		if p.grafted(n) {
			return
		}
		if n.Lateral {
			p.write("LATERAL ")
		}
		p.write("(")
		p.query(s, len(n.ColumnNames) == 0)
		p.write(")")
	case *ast.JSONTableExpr:
		p.jsonTable(s)
	case *ast.Join:
		p.tableRef(s)
		return
	default:
		p.unknown(s)
		return
	}
	if n.AsName.O == "" {
		return
	}
	p.write(" AS ")
	p.name(n.AsName.O)
	if len(n.ColumnNames) > 0 {
		p.names(n.ColumnNames)
	}
}

func (p *printer) table(n *ast.TableName, alias string) {
	if n.TableSample != nil {
		p.refuseWord("TABLESAMPLE", "TABLESAMPLE is not known to MySQL and MariaDB")
		return
	}
	if p.rules != nil {
		p.ruledTable(n, alias)
		return
	}
	p.relation(n.Schema.O, n.Name.O)
	p.namedTable(source.Name{Schema: n.Schema.O, Name: n.Name.O}, n, alias)
}

// namedTable prints a table by the name, with all else that was written about it.
func (p *printer) namedTable(name source.Name, n *ast.TableName, alias string) {
	if name.Schema != "" {
		p.name(name.Schema)
		p.write(".")
	}
	p.name(name.Name)
	if len(n.PartitionNames) > 0 {
		p.write(" PARTITION ")
		p.names(n.PartitionNames)
	}
	if n.AsOf != nil {
		if !p.src.systemTime {
			p.refuseWord("OF", "AS OF TIMESTAMP is not known to MySQL and MariaDB")
		}
		p.write(" FOR SYSTEM_TIME AS OF ")
		p.expr(n.AsOf.TsExpr)
	}
	if alias != "" {
		p.write(" AS ")
		p.name(alias)
	}
	for _, h := range n.IndexHints {
		switch h.HintType {
		case ast.HintUse, ast.HintIgnore, ast.HintForce:
			p.write(" ")
			p.restore(h)
		default:
			p.unknown(h)
		}
	}
}

func (p *printer) jsonTable(n *ast.JSONTableExpr) {
	p.write("JSON_TABLE(")
	p.expr(n.Doc)
	p.write(", ")
	p.expr(n.Path)
	p.write(" ")
	p.jsonColumns(n.Columns)
	p.write(")")
}

func (p *printer) jsonColumns(columns []*ast.JSONTableColumn) {
	if !p.enter() {
		return
	}
	defer p.leave()
	p.write("COLUMNS (")
	for i, c := range columns {
		p.comma(i)
		if c.Nested {
			p.write("NESTED PATH ")
			p.expr(c.NestedPath)
			p.write(" ")
			p.jsonColumns(c.NestedColumns)
			continue
		}
		p.name(c.Name.O)
		if c.ForOrdinality {
			p.write(" FOR ORDINALITY")
			continue
		}
		p.write(" ")
		p.columnType(c.Tp)
		if c.Exists {
			p.write(" EXISTS")
		}
		p.write(" PATH ")
		p.expr(c.Path)
		p.onResponse(c.OnEmpty, " ON EMPTY")
		p.onResponse(c.OnError, " ON ERROR")
	}
	p.write(")")
}

func (p *printer) onResponse(r *ast.JSONOnResponse, when string) {
	if r == nil {
		return
	}
	switch r.Tp {
	case ast.JSONOnResponseNull:
		p.write(" NULL")
	case ast.JSONOnResponseError:
		p.write(" ERROR")
	case ast.JSONOnResponseDefault:
		p.write(" DEFAULT ")
		p.expr(r.Value)
	default:
		p.unknown(r)
	}
	p.write(when)
}

// columnType prints the type of a column of JSON_TABLE.
func (p *printer) columnType(t *types.FieldType) {
	if t == nil || strings.Trim(t.GetCharset()+t.GetCollate(), plainNames) != "" {
		p.unknown(t)
		return
	}
	if len(t.GetElems()) > 0 {
		p.refuse(0, "ENUM and SET are not allowed as types of JSON_TABLE's columns")
		return
	}
	p.restore(t)
}

const plainNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
