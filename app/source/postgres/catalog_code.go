package postgres

import (
	"context"
	"strings"

	"assay/app/source"
)

// routinesSQL reads the database's own functions that a statement could call
// unseen: by asking a column for a field of that name, which takes one
// argument, or by the name of one that is on the list or is PostgreSQL's own.
// Left out are those that are declared to only compute and come with an
// extension or are written in C. Types whose values are made by own code come
// too, for they are called like functions of one argument.
var routinesSQL = `WITH RECURSIVE ` + ownSQL + `
SELECT n.nspname, p.proname
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384
  AND p.prorettype NOT IN ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)
  AND (p.pronargs > 0 AND p.pronargs - p.pronargdefaults <= 1
       OR p.proname = ANY (` + functionArray() + `)
       OR EXISTS (SELECT 1 FROM pg_catalog.pg_proc o WHERE o.proname = p.proname AND o.oid < 16384))
  AND NOT (p.provolatile = 'i'
           AND (l.lanname IN ('internal', 'c') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid)
                OR EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                           WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')))
UNION
SELECT n.nspname, t.typname
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid >= 16384 AND t.oid IN (SELECT oid FROM acting WHERE made)
ORDER BY 1, 2`

// functionArray spells the names of the built-in allow-list as an array.
func functionArray() string {
	return "'{" + strings.Join(strings.Fields(functionList), ",") + "}'::pg_catalog.name[]"
}

// ownSQL tells what runs code that is not PostgreSQL's: own functions (not of
// an extension, where they only compute or are written in C and change
// nothing), the casts that use them, and the types on which they act, whether
// when a value is made or only when something is cast to them. What acts on a
// type acts on those that hold it.
const ownSQL = `own AS (
  SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE CASE WHEN p.oid < 16384 THEN p.provolatile = 'v' OR p.proname ~ '_to_xml|^ts_stat$|^ts_rewrite$|^pg_'
        ELSE NOT (l.lanname IN ('internal', 'c') AND p.provolatile = 'i'
                  OR (p.provolatile = 'i' OR p.provolatile = 's' AND l.lanname = 'c')
                     AND EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                                 WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')) END
), casts AS (
  SELECT c.castsource, c.casttarget, c.castcontext FROM pg_catalog.pg_cast c WHERE c.oid >= 16384 AND c.castfunc IN (SELECT oid FROM own)
), parts(whole, part) AS (
  SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typbasetype <> 0
  UNION ALL SELECT oid, typelem FROM pg_catalog.pg_type WHERE typelem <> 0
  UNION ALL SELECT t.oid, a.atttypid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped WHERE t.typtype = 'c'
  UNION ALL SELECT r.rngtypid, r.rngsubtype FROM pg_catalog.pg_range r
  UNION ALL SELECT (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid, r.rngsubtype FROM pg_catalog.pg_range r
  UNION ALL SELECT k.contypid, d.refobjid FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = k.oid
    WHERE k.contypid <> 0 AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid <> k.contypid
), acting(oid, made) AS (
  SELECT casttarget, false FROM casts
  UNION
  SELECT k.contypid, true FROM pg_catalog.pg_constraint k
  WHERE k.contypid >= 16384 AND (
    pg_catalog.pg_get_constraintdef(k.oid) ~ '_to_xml|ts_stat|ts_rewrite|nextval|currval|lastval|setval|lo_|pg_|set_config'
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND o.oid = d.refobjid
               WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = k.oid
                 AND (d.refclassid = 'pg_catalog.pg_proc'::regclass AND d.refobjid IN (SELECT oid FROM own) OR o.oprcode IN (SELECT oid FROM own))))
  UNION
  SELECT parts.whole, acting.made FROM acting JOIN parts ON parts.part = acting.oid
)`

// codeSQL reads the lists of source.OwnCode. A cast shows in a statement only if it
// must be written and leads to a type that nothing is turned into by itself:
// joining text and making JSON do so. Arrays are known by their elements.
const codeSQL = `WITH RECURSIVE ` + ownSQL + `
SELECT 'operator', o.oprname::text FROM pg_catalog.pg_operator o WHERE o.oid >= 16384 AND o.oprcode IN (SELECT oid FROM own)
UNION
SELECT 'target', t.typname FROM casts JOIN pg_catalog.pg_type t ON t.oid = casttarget WHERE t.oid < 16384
UNION
SELECT 'unseen', 'the cast from ' || pg_catalog.format_type(castsource, NULL) || ' to ' || pg_catalog.format_type(casttarget, NULL)
FROM casts WHERE castcontext <> 'e' OR casttarget IN ('pg_catalog.text'::regtype, 'pg_catalog.json'::regtype, 'pg_catalog.jsonb'::regtype)
UNION
SELECT 'unseen', 'the cast from ' || pg_catalog.format_type(c.castsource, NULL) || ' to ' || pg_catalog.format_type(c.casttarget, NULL)
FROM pg_catalog.pg_cast c WHERE c.oid >= 16384 AND c.castcontext <> 'e' AND c.casttarget IN (SELECT oid FROM acting WHERE made)
UNION
SELECT 'unseen', 'the operator class ' || c.opcname
FROM pg_catalog.pg_opclass c WHERE c.oid >= 16384 AND c.opcdefault AND (
  EXISTS (SELECT 1 FROM pg_catalog.pg_amproc a WHERE a.amprocfamily = c.opcfamily AND a.amproc::oid >= 16384 AND a.amproc::oid IN (SELECT oid FROM own))
  OR EXISTS (SELECT 1 FROM pg_catalog.pg_amop a JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr
             WHERE a.amopfamily = c.opcfamily AND o.oprcode::oid >= 16384 AND o.oprcode IN (SELECT oid FROM own)))
UNION
SELECT CASE WHEN c.relkind IN ('r', 'v', 'm', 'f', 'p') THEN 'row' ELSE 'type' END, n.nspname || '.' || t.typname
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND t.typtype = 'c'
WHERE t.oid >= 16384 AND t.typisdefined AND t.typtype IN ('b', 'c', 'd', 'e', 'r', 'm') AND t.typname !~ '\.' AND n.nspname !~ '\.|^pg_'
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
  AND (c.oid IS NULL OR c.relkind = 'c' OR c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
  AND t.typname NOT IN (SELECT o.typname FROM pg_catalog.pg_type o JOIN acting ON acting.oid = o.oid)
ORDER BY 1, 2`

// readCode reads the own functions, and what else runs own code; a server whose
// catalog is not quite PostgreSQL's has none that is known.
func (db *database) readCode(ctx context.Context, catalog *source.Catalog) error {
	routines, err := db.all(ctx, routinesSQL)
	switch {
	case err != nil && !unlike(err):
		return err
	case err == nil:
		for r := range routines.Rows() {
			row := texts{routines, r}
			catalog.Routines = append(catalog.Routines, row.text(0)+"."+row.text(1))
		}
	}
	code, err := db.all(ctx, codeSQL)
	switch {
	case unlike(err):
		return nil
	case err != nil:
		return err
	}
	lists := map[string]*[]string{
		"operator": &catalog.Code.Operators, "target": &catalog.Code.Targets, "unseen": &catalog.Code.Unseen,
		"type": &catalog.Code.Types, "row": &catalog.Code.Rows,
	}
	for r := range code.Rows() {
		row := texts{code, r}
		if list := lists[row.text(0)]; list != nil {
			*list = append(*list, row.text(1))
		}
	}
	return nil
}
