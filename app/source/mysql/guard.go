package mysql

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sqlc-dev/marino/ast"
	parsermysql "github.com/sqlc-dev/marino/mysql"
	"github.com/sqlc-dev/marino/parser"

	"assay/app/source"
)

// Guard lets exactly one statement pass that provably only reads: a query, its
// plan, or one of a few harmless SHOWs, printed from its parsed tree.
func (*Driver) Guard(sql string, policy source.Policy) (checked source.Checked, err error) {
	c := &checks{functions: map[string]bool{}, routines: map[string]bool{}, rules: newRules(policy)}
	for _, f := range policy.Functions {
		c.functions[strings.ToLower(f)] = true
	}
	for _, f := range policy.Routines {
		c.routines[strings.ToLower(f[strings.LastIndexByte(f, '.')+1:])] = true
	}
	checked, err = c.guard(sql)
	if err != nil {
		return source.Checked{}, err
	}
	if c.rules != nil {
		c.rules.again = true
	}
	again, err := c.guard(checked.SQL)
	if err != nil || again.SQL != checked.SQL {
		return source.Checked{}, &source.Failure{Code: source.Refused, Err: err,
			Message: "The statement could not be printed back unambiguously",
			Hint:    "Write the part that is unusual in another way."}
	}
	return checked, nil
}

// checks are what both readings of a statement share.
type checks struct {
	functions map[string]bool // vouched for, lower case
	routines  map[string]bool // the database's own, lower case without schema
	rules     *rules          // nil where every table is read as it is
}

func (c *checks) guard(sql string) (checked source.Checked, err error) {
	defer func() {
		if r := recover(); r != nil {
			checked, err = source.Checked{}, source.Refuse(0, "The statement could not be understood")
		}
	}()
	tokens, err := split(sql)
	if err != nil {
		return source.Checked{}, err
	}
	r := rewrite(sql, tokens)
	if first := r.tokens[0]; r.prefix == "" && first.is("ANALYZE") || first.is("EXPLAIN", "DESCRIBE", "DESC") && forbiddenPlan(r) {
		return source.Checked{}, source.Refuse(1, "%s is only allowed of a query", first.upper)
	}
	stmt, err := parse(r)
	if err != nil {
		return source.Checked{}, err
	}
	p := &printer{src: r, functions: c.functions, routines: c.routines, rules: c.rules, root: stmt}
	p.write(r.prefix)
	switch s := stmt.(type) {
	case *ast.SelectStmt, *ast.SetOprStmt:
		p.query(s, true)
	case *ast.ShowStmt:
		p.show(s)
	case *ast.ExplainStmt:
		p.describe(s)
	default:
		p.refuse(1, "%s is not allowed: questions can only read", r.writes(leading(tokens)))
	}
	if r.prefix != "" && p.limited() > 0 {
		p.refuse(1, "A plan is not shown here: it tells about rows that rules hide")
	}
	if p.err != nil {
		return source.Checked{}, p.err
	}
	return source.Checked{SQL: p.out.String(), Explain: r.prefix != "", Tables: p.tables}, nil
}

// writes names what follows WITH where that is no query.
func (r *rewritten) writes(first string) string {
	for _, t := range r.tokens {
		if t.is("INSERT", "UPDATE", "DELETE", "REPLACE") {
			return t.upper
		}
	}
	return first
}

// forbiddenPlan reports whether a plan is asked of something that writes or of another session.
func forbiddenPlan(r *rewritten) bool {
	for i := 1; i < min(len(r.tokens), 7); i++ {
		if r.is(i, "INSERT", "UPDATE", "DELETE", "REPLACE", "FOR", "ALTER", "CREATE", "LOAD", "ANALYZE", "INTO") {
			return true
		}
	}
	return false
}

// split cuts the statement into tokens and refuses what no question may hold,
// whatever a parser makes of it.
func split(sql string) ([]token, error) {
	switch {
	case len(sql) > maxStatement:
		return nil, source.Refuse(0, "The statement is longer than %d KiB", maxStatement>>10)
	case !utf8.ValidString(sql):
		return nil, source.Refuse(0, "The statement is not valid UTF-8 text")
	case strings.Contains(sql, mark):
		return nil, source.Refuse(position(sql, strings.Index(sql, mark)), "The statement holds a character that cannot be printed")
	}
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].symbol(";") {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 {
		return nil, &source.Failure{Code: source.Refused, Message: "There is no statement", Hint: "Write a SELECT."}
	}
	if first := tokens[0]; !first.symbol("(") && !first.is("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "ANALYZE") {
		return nil, source.Refuse(position(sql, first.pos), "%s is not allowed: questions can only read", leading(tokens))
	}
	return tokens, checkTokens(sql, tokens)
}

// leading names a statement by its first word.
func leading(tokens []token) string {
	t := tokens[0]
	if t.kind != wordToken {
		return "A statement that begins with " + shorten(t.text)
	}
	return t.upper
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

func checkTokens(sql string, tokens []token) error {
	depth, cases, prefixes, joins, texts := 0, 0, 0, 0, 0
	for i, t := range tokens {
		at := func() int { return position(sql, t.pos) }
		named := i > 0 && tokens[i-1].symbol(".")
		switch {
		case t.symbol(";"):
			return source.Refuse(at(), "Only one statement is allowed at a time")
		case t.symbol(":="):
			return source.Refuse(at(), "Setting variables is not allowed: questions can only read")
		case t.symbol("("), t.symbol("{"):
			depth++
		case t.symbol(")"), t.symbol("}"):
			depth--
		case named:
		case t.is("INTO"):
			return source.Refuse(at(), "INTO is not allowed: questions can only read")
		case t.is("CASE"):
			cases++
		case t.is("END"):
			cases--
		case t.is("JOIN", "STRAIGHT_JOIN"):
			joins++
		}
		if t.kind == stringToken {
			texts++
		} else {
			texts = 0
		}
		if t.is("NOT", "BINARY", "INTERVAL") || t.symbol("-") || t.symbol("+") || t.symbol("~") || t.symbol("!") || t.symbol("@") {
			prefixes++
		} else {
			prefixes = 0
		}
		if depth > maxNesting || cases > maxNesting || prefixes > maxNesting {
			return source.Refuse(at(), "The statement is nested too deeply")
		}
		if joins > maxJoins || texts > maxNesting {
			return source.Refuse(at(), "The statement is too long: it has more joins, or texts one after the other, than any server takes")
		}
	}
	return nil
}

// sqlMode is the sql_mode of every session. The guard reads statements by the
// same rules: backslashes escape, double quotes are texts, || is OR.
const sqlMode = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

var nearText = regexp.MustCompile(`(?s)^line \d+ column \d+ near "(.*)"([^"]*)$`)

// parse returns the only statement of the text.
func parse(r *rewritten) (ast.StmtNode, error) {
	p := parser.New()
	mode, err := parsermysql.GetSQLMode(sqlMode)
	if err != nil {
		return nil, err
	}
	p.SetSQLMode(mode)
	statements, _, err := p.ParseSQL(r.text)
	if err != nil {
		return nil, syntaxError(r, err)
	}
	if len(statements) != 1 {
		return nil, source.Refuse(0, "Only one statement is allowed at a time")
	}
	return statements[0], nil
}

// syntaxError says in the words of the servers where the parser stopped.
func syntaxError(r *rewritten, cause error) error {
	f := &source.Failure{Code: source.DatabaseError, State: "42000", Err: cause,
		Message: "You have an error in your SQL syntax"}
	m := nearText.FindStringSubmatch(cause.Error())
	if m == nil {
		return f
	}
	offset := len(r.text)
	if m[1] != "" {
		offset = strings.LastIndex(r.text, m[1])
	}
	switch {
	case offset < 0:
	case offset >= len(r.text):
		f.Message += " at its end"
		f.Position = position(r.sql, len(strings.TrimRight(r.sql, "; \t\r\n")))
	default:
		at := r.asked(offset)
		f.Position = position(r.sql, at)
		near, _, _ := strings.Cut(r.sql[at:], "\n")
		f.Message += " near '" + shorten(near) + "'"
	}
	return f
}
