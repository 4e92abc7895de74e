package postgres

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	pgquery "github.com/sqlc-dev/oliphant"
	"github.com/sqlc-dev/oliphant/ast"
	"github.com/sqlc-dev/oliphant/parser"

	"assay/app/source"
)

// maxText is the longest statement the guard reads, in bytes.
const maxText = 256 << 10

// Guard parses sql by PostgreSQL's grammar and lets pass one SELECT, VALUES,
// TABLE, EXPLAIN of one of those, or SHOW of a harmless setting, whose every
// part is known to only read.
func (d *Driver) Guard(sql string, policy source.Policy) (checked source.Checked, err error) {
	if len(sql) > maxText {
		return source.Checked{}, source.Refuse(0, "The statement is longer than %d KiB", maxText>>10)
	}
	if at := strings.IndexByte(sql, 0); at >= 0 {
		return source.Checked{}, source.Refuse(characters(sql, at), "The statement holds a zero byte, which PostgreSQL cannot read")
	}
	if !utf8.ValidString(sql) {
		return source.Checked{}, source.Refuse(0, "The statement is not valid UTF-8 text")
	}
	if at := tooDeep(sql); at >= 0 {
		return source.Checked{}, source.Refuse(characters(sql, at), "The statement is nested too deeply")
	}
	// A fault in the parser must become a refusal, never a statement let through.
	defer func() {
		if r := recover(); r != nil {
			checked = source.Checked{}
			refusal := source.Refuse(0, "The statement could not be read")
			refusal.Err = fmt.Errorf("guard: %v", r)
			err = refusal
		}
	}()
	tree, err := pgquery.Parse(sql)
	if err != nil {
		return source.Checked{}, syntaxFailure(sql, err)
	}
	stmt, refusal := single(sql, tree)
	if refusal != nil {
		return source.Checked{}, refusal
	}
	w := walker{sql: sql, policy: policy}
	if policy.Tables != nil {
		w.rules = newRules()
	}
	if refusal := w.statement(stmt); refusal != nil {
		return source.Checked{}, refusal
	}
	if refusal := w.rewrite(); refusal != nil {
		return source.Checked{}, refusal
	}
	printed, back, err := print(tree)
	if err == nil {
		err = w.verify(back)
	}
	if err != nil {
		refusal := source.Refuse(0, "The statement could not be printed back faithfully, so it was not sent")
		refusal.Hint = "Writing the unusual part in another way may help."
		refusal.Err = err
		return source.Checked{}, refusal
	}
	return source.Checked{SQL: printed, Explain: w.explain, Tables: w.tables}, nil
}

// single returns the one statement of the tree.
func single(sql string, tree *ast.ParseResult) (*ast.Node, *source.Failure) {
	switch len(tree.Stmts) {
	case 0:
		return nil, source.Refuse(0, "There is no statement to run: write a SELECT")
	case 1:
		return tree.Stmts[0].Stmt, nil
	}
	second := int(tree.Stmts[1].StmtLocation)
	for second < len(sql) {
		r, n := utf8.DecodeRuneInString(sql[second:])
		if !unicode.IsSpace(r) && r != ';' {
			break
		}
		second += n
	}
	return nil, source.Refuse(characters(sql, second), "Only one statement at a time is allowed, and here are %d", len(tree.Stmts))
}

// print returns the statement's text printed from the tree, and what it reads
// back as, once it is certain that this is the same tree.
func print(tree *ast.ParseResult) (printed string, again *ast.Node, err error) {
	printed, err = pgquery.Deparse(tree)
	if err != nil {
		return "", nil, err
	}
	if len(printed) > 2*maxText {
		return "", nil, errors.New("the printed statement is too long")
	}
	back, err := pgquery.Parse(printed)
	if err != nil {
		return "", nil, fmt.Errorf("%q does not parse: %w", printed, err)
	}
	if len(back.Stmts) != 1 || len(tree.Stmts) != 1 {
		return "", nil, fmt.Errorf("%q is %d statements", printed, len(back.Stmts))
	}
	if where := different(tree.Stmts[0].Stmt.ProtoReflect(), back.Stmts[0].Stmt.ProtoReflect()); where != "" {
		return "", nil, fmt.Errorf("%q differs at %s", printed, where)
	}
	return printed, back.Stmts[0].Stmt, nil
}

// syntaxFailure turns an error of the parser into what the server would say.
func syntaxFailure(sql string, err error) error {
	e, ok := errors.AsType[*parser.Error](err)
	if !ok {
		refusal := source.Refuse(0, "The statement could not be read")
		refusal.Err = err
		return refusal
	}
	f := &source.Failure{Code: source.DatabaseError, Message: e.Message, State: "42601", Err: err}
	if e.Cursorpos > 0 && e.Cursorpos <= utf8.RuneCountInString(sql)+1 {
		f.Position = e.Cursorpos
	}
	return f
}

// characters returns the position, counted in characters from 1, of a byte offset.
func characters(sql string, offset int) int {
	if offset < 0 || offset > len(sql) {
		return 0
	}
	return utf8.RuneCountInString(sql[:offset]) + 1
}
