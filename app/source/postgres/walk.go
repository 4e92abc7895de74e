package postgres

import (
	"slices"
	"strings"

	"github.com/sqlc-dev/oliphant/ast"
	"google.golang.org/protobuf/reflect/protoreflect"

	"assay/app/source"
)

// maxDepth bounds how deeply the nodes of a tree may nest.
const maxDepth = 6000

// readNodes names the messages of the parse tree that only describe reading;
// any other is refused, and so is whatever a newer grammar adds.
var readNodes = set(`Node SelectStmt ResTarget ColumnRef A_Star A_Const A_Expr A_Indirection A_Indices A_ArrayExpr
	Integer Float Boolean String BitString List
	BoolExpr NullTest BooleanTest CaseExpr CaseWhen CoalesceExpr MinMaxExpr SubLink TypeCast TypeName CollateClause
	FuncCall NamedArgExpr WindowDef SortBy GroupingFunc GroupingSet RowExpr SQLValueFunction ParamRef
	RangeVar RangeSubselect RangeFunction RangeTableSample RangeTableFunc RangeTableFuncCol JoinExpr Alias ColumnDef
	WithClause CommonTableExpr CTESearchClause CTECycleClause
	XmlExpr XmlSerialize
	JsonFormat JsonReturning JsonOutput JsonValueExpr JsonKeyValue JsonBehavior JsonArgument JsonFuncExpr
	JsonIsPredicate JsonParseExpr JsonScalarExpr JsonSerializeExpr JsonObjectConstructor JsonArrayConstructor
	JsonArrayQueryConstructor JsonAggConstructor JsonObjectAgg JsonArrayAgg JsonTable JsonTableColumn JsonTablePathSpec`)

// sampling names the methods of TABLESAMPLE; all of them only choose rows.
var sampling = set("system bernoulli system_rows system_time")

// walker checks one statement's tree and gathers what it reads.
type walker struct {
	sql     string
	policy  source.Policy
	explain bool
	tables  []source.Name
	// with holds the names of the WITH queries in scope, levels the FROM clauses.
	with   []string
	levels []level
	depth  int
	// at is the byte offset of the innermost node that has one.
	at int
	// routines holds the names of the policy's routines without their schemas; nil until asked for.
	routines map[string]bool
	// texts is the type of the last cast of a bare text.
	texts *ast.TypeName
	// rules is nil where every table is read as it is.
	rules *rules
}

func (w *walker) refuse(at int, format string, args ...any) *source.Failure {
	position := 0
	if at > 0 || at == 0 && w.depth > 0 {
		position = characters(w.sql, at)
	}
	return source.Refuse(position, format, args...)
}

// statement checks the whole statement.
func (w *walker) statement(n *ast.Node) *source.Failure {
	if refusal := w.unseen(); refusal != nil {
		return refusal
	}
	switch s := n.GetNode().(type) {
	case *ast.Node_SelectStmt:
		return w.node(n.ProtoReflect())
	case *ast.Node_ExplainStmt:
		return w.explained(s.ExplainStmt)
	case *ast.Node_VariableShowStmt:
		if !showable(s.VariableShowStmt.GetName()) {
			return source.Refuse(0, "SHOW %s is not on the list of settings that may be shown", strings.ToLower(s.VariableShowStmt.GetName()))
		}
		return nil
	}
	return source.Refuse(w.start(), "%s is not allowed: questions can only read", w.verb())
}

// explained checks an EXPLAIN; with ANALYZE it runs the statement, which is a
// read checked like any other.
func (w *walker) explained(s *ast.ExplainStmt) *source.Failure {
	w.explain = true
	if _, ok := s.GetQuery().GetNode().(*ast.Node_SelectStmt); !ok {
		return source.Refuse(w.start(), "EXPLAIN is allowed for a SELECT only")
	}
	for _, o := range s.GetOptions() {
		option := o.GetDefElem()
		switch strings.ToLower(option.GetDefname()) {
		case "analyze", "verbose", "costs", "settings", "generic_plan", "buffers", "wal", "timing", "summary", "memory", "format", "serialize":
		default:
			return source.Refuse(0, "The EXPLAIN option %s is not allowed", option.GetDefname())
		}
		switch option.GetArg().GetNode().(type) {
		case nil, *ast.Node_String_, *ast.Node_Integer, *ast.Node_Boolean:
		default:
			return source.Refuse(0, "The EXPLAIN option %s has an unknown value", option.GetDefname())
		}
	}
	return w.node(s.GetQuery().ProtoReflect())
}

// start returns the position of the statement's first word.
func (w *walker) start() int {
	for i := 0; i < len(w.sql); {
		kind, end := token(w.sql, i)
		if kind == tokenWord {
			return characters(w.sql, i)
		}
		i = end
	}
	return 0
}

// verb returns the statement's first word in capitals.
func (w *walker) verb() string {
	for i := 0; i < len(w.sql); {
		kind, end := token(w.sql, i)
		if kind == tokenWord {
			if word := strings.ToUpper(w.sql[i:end]); word != "WITH" {
				return word
			}
			return "This WITH statement"
		}
		i = end
	}
	return "This statement"
}

// node checks a message and everything below it.
func (w *walker) node(m protoreflect.Message) (refusal *source.Failure) {
	name := string(m.Descriptor().Name())
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > maxDepth {
		return source.Refuse(0, "The statement is nested too deeply")
	}
	outer := w.at
	defer func() { w.at = outer }()
	if f := m.Descriptor().Fields().ByName("location"); f != nil && f.Kind() == protoreflect.Int32Kind {
		if at := int(m.Get(f).Int()); at > 0 {
			w.at = at
		}
	}
	if !readNodes[name] {
		return w.refuse(w.at, "%s is not allowed: questions can only read", describe(name))
	}
	scope, froms := len(w.with), len(w.levels)
	defer func() { w.with, w.levels = w.with[:scope], w.levels[:froms] }()
	switch v := m.Interface().(type) {
	case *ast.Node:
		if w.rules != nil && v.GetRangeVar() != nil {
			w.rules.holder = v
		}
	case *ast.ColumnRef:
		if refusal := w.column(v); refusal != nil {
			return refusal
		}
		if w.rules != nil {
			w.rules.column(v, w.at)
		}
	case *ast.Alias:
		if w.rules != nil {
			w.rules.others[v.GetAliasname()] = true
		}
	case *ast.CaseExpr:
		if v.GetArg() != nil {
			if refusal := w.operators("="); refusal != nil {
				return refusal
			}
		}
	case *ast.JoinExpr:
		if v.GetIsNatural() || len(v.GetUsingClause()) > 0 {
			if refusal := w.operators("="); refusal != nil {
				return refusal
			}
		}
	case *ast.SelectStmt:
		if refusal := w.selected(v); refusal != nil {
			return refusal
		}
	case *ast.FuncCall:
		if refusal := w.called(v); refusal != nil {
			return refusal
		}
	case *ast.RangeVar:
		if refusal := w.relation(v); refusal != nil {
			return refusal
		}
	case *ast.A_Expr:
		if refusal := w.operator(v.GetName()); refusal != nil {
			return refusal
		}
		if between[v.GetKind()] {
			if refusal := w.operators("<", ">", "<=", ">="); refusal != nil {
				return refusal
			}
		}
	case *ast.A_Indirection:
		if refusal := w.field(v); refusal != nil {
			return refusal
		}
	case *ast.SubLink:
		if refusal := w.operator(v.GetOperName()); refusal != nil {
			return refusal
		}
		if v.GetSubLinkType() == ast.SubLinkType_ANY_SUBLINK && len(v.GetOperName()) == 0 {
			if refusal := w.operators("="); refusal != nil {
				return refusal
			}
		}
	case *ast.SortBy:
		if refusal := w.operator(v.GetUseOp()); refusal != nil {
			return refusal
		}
	case *ast.RangeTableSample:
		if method := names(v.GetMethod()); len(method) != 1 || !sampling[method[0]] {
			return w.refuse(w.at, "TABLESAMPLE %s is not a known way to choose rows", strings.Join(method, "."))
		}
		if w.rules != nil {
			w.rules.sampled = v.GetRelation()
		}
	case *ast.RangeTableFunc:
		// The printer drops the brackets that a cast needs here.
		if v.GetDocexpr().GetTypeCast() != nil {
			v.Docexpr = &ast.Node{Node: &ast.Node_CoalesceExpr{CoalesceExpr: &ast.CoalesceExpr{Args: []*ast.Node{v.GetDocexpr()}}}}
		}
	case *ast.TypeCast:
		if isText(v.GetArg()) {
			w.texts = v.GetTypeName()
		}
	case *ast.TypeName:
		if v.GetSetof() || v.GetPctType() {
			return w.refuse(w.at, "The type %s is not allowed here", strings.Join(names(v.GetNames()), "."))
		}
		if refusal := w.typed(v, v == w.texts); refusal != nil {
			return refusal
		}
	case *ast.ColumnDef:
		if v.GetRawDefault() != nil || v.GetCookedDefault() != nil || v.GetConstraints() != nil || v.GetFdwoptions() != nil || v.GetIdentitySequence() != nil {
			return w.refuse(w.at, "A column definition may only name a type here")
		}
	}
	return w.children(m)
}

// children checks what is below a message, in the grammar's order: that of
// Range changes from one build to the next.
func (w *walker) children(m protoreflect.Message) (refusal *source.Failure) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Message() == nil || !m.Has(f) {
			continue
		}
		switch v := m.Get(f); {
		case f.IsMap():
			refusal = w.refuse(w.at, "The statement holds a part that is not known")
		case f.IsList():
			for i := range v.List().Len() {
				if refusal = w.node(v.List().Get(i).Message()); refusal != nil {
					return refusal
				}
			}
		case f.Message().Name() == "WithClause":
			// Checked before its siblings, which see its names.
		default:
			refusal = w.node(v.Message())
		}
		if refusal != nil {
			return refusal
		}
	}
	return nil
}

// selected checks what only a SELECT has, and its WITH queries, whose names
// come into scope one after the other.
func (w *walker) selected(s *ast.SelectStmt) *source.Failure {
	switch {
	case s.GetIntoClause() != nil:
		return w.refuse(w.at, "SELECT INTO makes a table and is not allowed: questions can only read")
	case len(s.GetLockingClause()) > 0:
		return w.refuse(w.at, "FOR UPDATE and FOR SHARE lock rows and are not allowed")
	}
	with := s.GetWithClause()
	if with == nil {
		w.enter(s)
		return nil
	}
	if w.rules != nil {
		for _, c := range with.GetCtes() {
			if refusal := w.shadow(c.GetCommonTableExpr()); refusal != nil {
				return refusal
			}
		}
	}
	if with.GetRecursive() {
		for _, c := range with.GetCtes() {
			w.with = append(w.with, c.GetCommonTableExpr().GetCtename())
		}
	}
	for _, c := range with.GetCtes() {
		if refusal := w.node(c.ProtoReflect()); refusal != nil {
			return refusal
		}
		if !with.GetRecursive() {
			w.with = append(w.with, c.GetCommonTableExpr().GetCtename())
		}
	}
	w.enter(s)
	return nil
}

// enter brings the items of a query's FROM clause into scope.
func (w *walker) enter(s *ast.SelectStmt) {
	if len(s.GetFromClause()) > 0 {
		w.levels = append(w.levels, level{from: s.GetFromClause()})
	}
}

// operator checks an operator's name: those of other schemas may do anything,
// and so may the database's own of a bare name.
func (w *walker) operator(list []*ast.Node) *source.Failure {
	name := names(list)
	switch {
	case len(name) == 0:
	case len(name) == 1:
		return w.operators(name[0])
	case len(name) == 2 && name[0] == "pg_catalog":
	default:
		return w.refuse(w.at, "The operator %s is not one of PostgreSQL's own", strings.Join(name, "."))
	}
	return nil
}

// relation checks a table's name and remembers it.
func (w *walker) relation(r *ast.RangeVar) *source.Failure {
	name := source.Name{Schema: r.GetSchemaname(), Name: r.GetRelname()}
	if r.GetCatalogname() != "" {
		return w.refuse(w.at, "A name of three parts reaches into another database and is not allowed")
	}
	if name.Schema == "" && slices.Contains(w.with, name.Name) {
		if w.rules != nil {
			w.rules.others[name.Name] = true
		}
		return nil
	}
	if w.rules != nil {
		return w.ruled(r, name)
	}
	if !readable(name) {
		return w.refuse(w.at, "%s is not on the list of system tables that may be read", name.Name)
	}
	if !slices.Contains(w.tables, name) {
		w.tables = append(w.tables, name)
	}
	return nil
}

// names returns the parts of a dotted name.
func names(list []*ast.Node) []string {
	parts := make([]string, 0, len(list))
	for _, n := range list {
		parts = append(parts, n.GetString_().GetSval())
	}
	return parts
}

// describe says what a node of the tree is called in SQL.
func describe(node string) string {
	switch node {
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
		return strings.ToUpper(strings.TrimSuffix(node, "Stmt"))
	case "SetToDefault":
		return "DEFAULT as a value"
	case "CurrentOfExpr":
		return "WHERE CURRENT OF"
	}
	if verb, ok := strings.CutSuffix(node, "Stmt"); ok {
		return "A statement of the kind " + verb
	}
	return "A part of the kind " + node
}

// set returns the words of a text as a set.
func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, word := range strings.Fields(words) {
		m[word] = true
	}
	return m
}
