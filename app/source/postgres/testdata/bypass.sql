-- same: all rows
SELECT * FROM orders
-- same: sum and count
SELECT count(*), sum(total), min(total), max(total), avg(total) FROM orders
-- same: group by a column
SELECT region, count(*) AS n, sum(total) FROM orders GROUP BY region ORDER BY n DESC
-- same: group by month
SELECT date_trunc('month', placed)::date AS month, sum(total) FROM orders GROUP BY 1 ORDER BY 1
-- same: having
SELECT customer_id, sum(total) FROM orders GROUP BY customer_id HAVING sum(total) > 40
-- same: inner join
SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id
-- same: left join
SELECT c.id, c.name, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
-- same: right and full join
SELECT c.id, o.id, p.id FROM customers c RIGHT JOIN orders AS o ON o.customer_id = c.id FULL JOIN products p ON p.id = o.id
-- same: join of three, one free
SELECT p.name, sum(i.quantity * p.price) FROM orders o JOIN items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id GROUP BY p.name
-- same: no alias, columns with the table's name
SELECT orders.id, orders.total FROM orders WHERE orders.total > 10 ORDER BY orders.id
-- same: columns with schema and table
SELECT public.orders.id, public.orders.* FROM public.orders WHERE public.orders.total > 10
-- same: columns with schema though the table was named without
SELECT public.orders.id FROM orders ORDER BY public.orders.total
-- same: columns of a free table with its schema
SELECT public.products.id, public.orders.id FROM products JOIN orders ON public.products.id = public.orders.id
-- same: window functions
SELECT id, total, rank() OVER (PARTITION BY customer_id ORDER BY total DESC), lag(total) OVER w FROM orders WINDOW w AS (ORDER BY placed)
-- same: running total
SELECT placed, sum(total) OVER (ORDER BY placed ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders
-- same: distinct
SELECT DISTINCT customer_id FROM orders
-- same: distinct on
SELECT DISTINCT ON (customer_id) customer_id, id, total FROM orders ORDER BY customer_id, total DESC
-- same: with query
WITH recent AS (SELECT * FROM orders WHERE placed > '2024-01-20'), totals AS (SELECT customer_id, sum(total) AS t FROM recent GROUP BY 1) SELECT c.name, t FROM totals JOIN customers c ON c.id = totals.customer_id
-- same: materialized with query
WITH big AS MATERIALIZED (SELECT * FROM orders WHERE total > 20) SELECT count(*) FROM big, customers
-- same: union of two tables
SELECT id, region FROM orders UNION ALL SELECT id, region FROM customers
-- same: except and intersect
SELECT id FROM orders EXCEPT SELECT id FROM customers INTERSECT SELECT id FROM products
-- same: subquery in from
SELECT avg(t) FROM (SELECT customer_id, sum(total) AS t FROM orders GROUP BY customer_id) AS s
-- same: exists
SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 20)
-- same: not in
SELECT id FROM products WHERE id NOT IN (SELECT customer_id FROM orders)
-- same: scalar subqueries
SELECT id, total - (SELECT avg(total) FROM orders), (SELECT count(*) FROM customers) FROM orders
-- same: correlated subquery
SELECT c.id, (SELECT max(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customers c
-- same: lateral join
SELECT c.name, top.total FROM customers c CROSS JOIN LATERAL (SELECT total FROM orders o WHERE o.customer_id = c.id ORDER BY total DESC LIMIT 2) top
-- same: grouping sets
SELECT region, customer_id, sum(total), grouping(region) FROM orders GROUP BY GROUPING SETS ((region), (customer_id), ())
-- same: rollup and cube
SELECT region, size, count(*) FROM orders GROUP BY ROLLUP (region), CUBE (size)
-- same: filter and case
SELECT count(*) FILTER (WHERE total > 20), sum(CASE WHEN size = 'small' THEN total ELSE 0 END) FROM orders
-- same: percentiles
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total), mode() WITHIN GROUP (ORDER BY size) FROM orders
-- same: json columns
SELECT payload->>'kind' AS kind, count(*), sum((payload->>'n')::int) FROM orders GROUP BY 1
-- same: json made of rows
SELECT row_to_json(o), to_jsonb(o)->'note' FROM orders o
-- same: whole row as text
SELECT o::text, (o).total, (o).note FROM orders o
-- same: whole row by the table's name
SELECT orders FROM orders
-- same: fields of a whole row
SELECT (o).* FROM orders AS o
-- same: rows gathered
SELECT json_agg(o ORDER BY o.id), array_agg(o.note ORDER BY o.id) FROM orders o
-- same: arrays and unnest
SELECT t, count(*) FROM orders, unnest(tags) AS t GROUP BY t
-- same: ordinality
SELECT o.id, t.tag, t.place FROM orders o CROSS JOIN unnest(o.tags) WITH ORDINALITY AS t(tag, place)
-- same: expanded json
SELECT o.id, e.key, e.value FROM orders o, jsonb_each_text(o.payload) AS e
-- same: json to record
SELECT o.id, r.kind FROM orders o, jsonb_to_record(o.payload) AS r(kind text, n int)
-- same: series against rows
SELECT d.day, d.*, count(o.id) FROM generate_series('2024-01-01'::timestamp, '2024-01-10', '1 day') AS d(day) LEFT JOIN orders o ON o.placed = d.day GROUP BY d.day
-- same: series without column names
SELECT g.g, g FROM generate_series(1, 3) g WHERE g IN (SELECT id FROM orders)
-- same: self join
SELECT a.id, b.id FROM orders a JOIN orders b ON b.customer_id = a.customer_id AND b.id > a.id
-- same: same table twice by two names
SELECT count(*) FROM orders, public.orders AS again WHERE again.id = orders.id
-- same: natural join
SELECT * FROM orders NATURAL JOIN customers
-- same: join using
SELECT id, region, name FROM orders JOIN customers USING (id, region)
-- same: join using with a name
SELECT j.id, o.total FROM orders o JOIN customers c USING (id) AS j
-- same: parenthesised joins with a name
SELECT j.total, j.name FROM (orders o JOIN customers c ON c.id = o.customer_id) AS j
-- same: column names given with the alias
SELECT a, b FROM orders AS x(a, b)
-- same: limit and offset
SELECT id FROM orders ORDER BY total DESC LIMIT 3 OFFSET 2
-- same: fetch with ties
SELECT id FROM orders ORDER BY customer_id FETCH FIRST 3 ROWS WITH TIES
-- same: limit by a subquery
SELECT id FROM products ORDER BY id LIMIT (SELECT count(*) FROM customers)
-- same: order by a subquery
SELECT p.id FROM products p ORDER BY (SELECT count(*) FROM orders o WHERE o.customer_id = p.id), p.id LIMIT 2
-- same: group by a subquery
SELECT (SELECT max(c.name) FROM customers c WHERE c.id = o.customer_id) AS who, count(*) FROM orders o GROUP BY (SELECT max(c.name) FROM customers c WHERE c.id = o.customer_id)
-- same: subquery in having
SELECT region FROM products GROUP BY region HAVING count(*) < (SELECT count(*) FROM orders)
-- same: table statement
TABLE orders
-- same: table statement of a qualified name
TABLE shop.orders
-- same: values with subqueries
VALUES ((SELECT count(*) FROM orders), (SELECT max(note) FROM orders)), (1, 'x')
-- same: table of another schema with the same bare name
SELECT o.id, o.note FROM shop.orders o
-- same: both tables of that name with aliases
SELECT count(*) FROM orders a, shop.orders b
-- same: free table of another schema
SELECT p.name, q.price FROM products p JOIN shop.prices q ON q.product_id = p.id
-- same: free tables alone
SELECT * FROM products WHERE price > 3
-- same: explain of free tables
EXPLAIN (COSTS OFF) SELECT 1 FROM products WHERE false
-- same: no table at all
SELECT 1 + 1, current_date IS NOT NULL
-- same: quoted table
SELECT * FROM "Orders"
-- same: quoted table without alias
SELECT "Orders".id, orders.id FROM "Orders", orders
-- same: table with a space and odd columns
SELECT "odd table"."Total Sum", "select", "a""b" FROM "odd table"
-- same: table and columns that are reserved words
SELECT "order"."group", "user" FROM "order"
-- same: upper case folds
SELECT COUNT(*) FROM ORDERS WHERE TOTAL > 1
-- same: unicode escapes in a name
SELECT count(*) FROM U&"\006frders"
-- same: unicode escapes of its own
SELECT count(*) FROM U&"!0070roducts" UESCAPE '!', U&"o!0072ders" UESCAPE '!'
-- same: comments everywhere
SELECT /* a /* nested */ comment */ count(*) -- FROM products
FROM /* orders */ orders -- the end
-- same: partitioned table
SELECT date_part('year', day), count(*) FROM events GROUP BY 1
-- same: parent of other tables
SELECT * FROM letters
-- same: parent with a star
SELECT * FROM letters *
-- same: alias equal to another table's name
SELECT customers.total FROM orders AS customers
-- same: aliases swapped
SELECT orders.name, customers.total FROM orders AS customers, customers AS orders WHERE orders.id = customers.customer_id
-- same: alias of a subquery equal to a table's name
SELECT orders.n FROM (SELECT count(*) AS n FROM orders) AS orders
-- same: inner table hides the outer's name
SELECT o.id, (SELECT count(*) FROM customers o WHERE o.id > 4) FROM orders o
-- same: nested with in a subquery
SELECT * FROM (WITH w AS (SELECT id, total FROM orders) SELECT * FROM w WHERE total > 20) AS s
-- same: with query hidden by an inner one
WITH w AS (SELECT 1 AS a) SELECT * FROM w, (WITH w AS (SELECT count(*) AS a FROM orders) SELECT * FROM w) AS v
-- same: recursive numbers joined to rows
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT n.i, o.id FROM n LEFT JOIN orders o ON o.id = n.i
-- same: recursive walk over rows
WITH RECURSIVE walk(id, steps) AS (SELECT min(id), 0 FROM orders UNION ALL SELECT o.id, w.steps + 1 FROM walk w JOIN orders o ON o.id = w.id + 3) SELECT * FROM walk
-- same: recursive with search and cycle
WITH RECURSIVE walk(id) AS (SELECT 3 UNION ALL SELECT o.id FROM walk w JOIN orders o ON o.id = w.id + 3) SEARCH DEPTH FIRST BY id SET place CYCLE id SET again USING path SELECT id, again FROM walk
-- same: forward reference among recursive queries
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT count(*) AS n FROM orders) SELECT * FROM a
-- same: set operations with a with query inside
(WITH w AS (SELECT id FROM orders) SELECT id FROM w) UNION (WITH w AS (SELECT id FROM customers) SELECT id FROM w)
-- same: nested set operations
SELECT id FROM (SELECT id FROM orders UNION (SELECT id FROM customers EXCEPT SELECT id FROM products)) s ORDER BY id
-- same: filter on a masked column
SELECT count(*) FROM orders WHERE note = 'masked'
-- same: filter on a column masked by null
SELECT count(*), count(email) FROM orders WHERE email IS NULL
-- same: search in a masked column
SELECT count(*) FROM orders WHERE note LIKE 'HIDDEN%' OR email ~ 'HIDDEN'
-- same: join on a masked column
SELECT count(*) FROM orders a JOIN orders b ON a.note = b.note
-- same: order by a masked column
SELECT id FROM orders ORDER BY note, email, id LIMIT 5
-- same: text aggregate of masked columns
SELECT string_agg(note, ','), string_agg(email, ',') FROM orders
-- same: masked column in a whole row
SELECT min(o::text) FROM orders o
-- same: division that hidden rows would fail
SELECT count(*) FROM orders WHERE 1 / (total - 666666.66) < 0
-- same: cast that hidden rows would fail
SELECT count(*) FROM orders WHERE (CASE region WHEN 'EU' THEN '1' ELSE region END)::int = 1
-- same: division on a hidden number
SELECT count(*) FROM customers WHERE 100 / credit >= 0
-- same: cast of a tag that hidden rows would fail
SELECT count(*) FROM orders WHERE replace(tags[1], 'tag', '')::int >= 0
-- same: json that hidden rows would fail
SELECT count(*) FROM orders WHERE replace(payload->>'kind', 'good', '')::json::text::int >= 0
-- same: xml that hidden rows would fail
SELECT count(*) FROM orders WHERE ('<a>' || CASE region WHEN 'EU' THEN '' ELSE '<' || region END || '</a>')::xml IS NOT NULL
-- same: error in the select list on hidden rows
SELECT 1 / (payload->>'n')::int FROM orders
-- same: error in a join condition on hidden rows
SELECT count(*) FROM orders o JOIN products p ON p.id = 10 / (o.payload->>'n')::int - 9
-- same: error in an aggregate's filter on hidden rows
SELECT count(*) FILTER (WHERE 1 / (payload->>'n')::int = 1) FROM orders
-- same: a pattern that fails on what statistics hold of a hidden text
SELECT count(*) FROM orders WHERE region LIKE 'HIDDEN%\'
-- same: such a pattern in a join
SELECT count(*) FROM orders o JOIN (VALUES ('HIDDEN%\')) v(p) ON o.region LIKE v.p
-- same: such a pattern through a with query
WITH w AS (SELECT region FROM customers) SELECT count(*) FROM w WHERE region LIKE 'HIDDEN%\'
-- same: such a pattern in a semi-join
SELECT count(*) FROM products p WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = p.id AND o.region LIKE 'HIDDEN%\')
-- same: such a pattern made of pieces
SELECT count(*) FROM events WHERE region LIKE concat('HIDDEN%', chr(92))
-- safe: an error that tells a visible value
SELECT region::int FROM orders
-- safe: an error that tells a masked value
SELECT note::int FROM orders
-- safe: an error that tells a masked null
SELECT email::int FROM orders
-- same: the rule's column redefined around it
SELECT (SELECT count(*) FROM orders) FROM (SELECT 'EU' AS region) AS orders
-- same: the rule's column redefined by a lateral neighbour
SELECT count(*) FROM (VALUES ('EU')) AS v(region), LATERAL (SELECT * FROM orders) AS o
-- same: in and any with rows
SELECT id FROM products WHERE (id, id) IN (SELECT id, customer_id FROM orders) OR id = ANY (SELECT customer_id FROM orders) OR id > ALL (SELECT id FROM orders)
-- same: array of a subquery
SELECT ARRAY(SELECT total FROM orders ORDER BY id)
-- same: row compared with a subquery
SELECT (1, 2) = (SELECT count(*), 2 FROM orders), ROW((SELECT min(id) FROM orders))
-- same: subquery in an argument
SELECT coalesce((SELECT min(note) FROM orders), 'none'), greatest((SELECT max(total) FROM orders), 0)
-- same: subquery in an aggregate's order
SELECT string_agg(p.name, ',' ORDER BY (SELECT count(*) FROM orders o WHERE o.id < p.id), p.id) FROM products p
-- same: subquery in a window
SELECT id, sum(id) OVER (ORDER BY (SELECT count(*) FROM orders o WHERE o.id < p.id), id) FROM products p
-- same: subquery in a join condition
SELECT p.id FROM products p JOIN items i ON i.product_id = p.id AND i.order_id IN (SELECT id FROM orders)
-- same: subquery in a function in from
SELECT g FROM generate_series(1, (SELECT count(*)::int FROM customers)) AS g
-- same: subquery in rows from
SELECT * FROM ROWS FROM (unnest(ARRAY(SELECT id FROM orders)), generate_series(1, 3)) AS r(a, b)
-- same: subquery in xmltable
SELECT x.* FROM XMLTABLE('/r/o' PASSING (SELECT xmlelement(name r, xmlagg(xmlelement(name o, note))) FROM orders) COLUMNS n text PATH '.') AS x
-- same: subquery in xml
SELECT xmlforest(o.note, o.email AS e) FROM orders o
-- same: interval arithmetic
SELECT placed + 30, extract(month FROM placed), age(placed, '2024-01-01') FROM orders
-- same: text functions
SELECT upper(region), lower(region), initcap(note), length(note), substring(region FROM 1 FOR 1) FROM orders
-- same: a function whose name the database uses too
SELECT upper(region), pg_catalog.upper(note) FROM orders
-- same: typeof and collation
SELECT DISTINCT pg_typeof(total)::text, pg_typeof(email)::text, pg_typeof(note)::text FROM orders
-- same: statement over enum
SELECT size, count(*) FROM orders WHERE size = 'small'::size GROUP BY size
-- same: null row of the table's type
SELECT (NULL::orders).note IS NULL
-- same: having without group
SELECT 1 FROM orders HAVING count(*) > 3
-- same: aggregates in field notation
SELECT o.count FROM orders o
-- same: rows compared as a whole
SELECT count(*) FROM orders a JOIN orders b ON a = b
-- same: distinct rows as a whole
SELECT count(DISTINCT o), count(o.*) FROM orders o
-- same: deep nesting
SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT id, (SELECT count(*) FROM (SELECT * FROM customers) c) FROM orders) a) b) d
-- same: sampling a free table
SELECT count(*) FROM products TABLESAMPLE SYSTEM (100)
-- same: only of a free table
SELECT count(*) FROM ONLY products
-- same: system column of a free table
SELECT count(ctid) FROM products
-- same: odd identifiers as aliases
SELECT "x y"."Total Sum" AS "select", 'it''s' || E'\n' FROM "odd table" "x y"

-- refused: with query of a table's name that reads the table
WITH orders AS (SELECT * FROM orders) SELECT * FROM orders
-- refused: with query of a table's name
WITH orders AS (SELECT 1 AS a) SELECT * FROM orders
-- refused: with query of a table's name in other case
WITH "ORDERS" AS (SELECT 1 AS a) SELECT * FROM "ORDERS"
-- refused: with query of the name of a table of another case
WITH "oRDERS" AS (SELECT 1 AS a) SELECT * FROM "oRDERS"
-- refused: recursive with query of a table's name
WITH RECURSIVE orders AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM orders WHERE id < 3) SELECT * FROM orders
-- refused: with query of a table's name deep inside
SELECT (WITH customers AS (SELECT 1) SELECT 1 FROM customers)
-- refused: with query of a free table's name
WITH products AS (SELECT * FROM products) SELECT * FROM products
-- refused: with query of the name of a table named with its schema
WITH prices AS (SELECT 1) SELECT * FROM prices, shop.prices
-- refused: with query of a view's name that reads the view
WITH orders_view AS (SELECT * FROM orders_view) SELECT * FROM orders_view
-- refused: with query named later
WITH a AS (SELECT * FROM orders_saved), orders_saved AS (SELECT 1) SELECT * FROM a
-- refused: with query out of scope
SELECT (WITH orders_saved AS (SELECT 1) SELECT 1 FROM orders_saved), (SELECT count(*) FROM orders_saved)
-- refused: with query of a union's left side only
(WITH orders_saved AS (SELECT 1 AS n) SELECT n FROM orders_saved) UNION SELECT count(*) FROM orders_saved
-- refused: with query named with a schema
WITH orders_saved AS (SELECT 1) SELECT * FROM public.orders_saved
-- same: with query of a view's name, which is not read
WITH orders_saved AS (SELECT count(*) AS n FROM orders) SELECT n FROM orders_saved
-- same: with query whose name the server cuts
WITH aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaax AS (SELECT count(*) FROM orders) SELECT * FROM aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaay
-- refused: table whose name the server cuts
SELECT * FROM aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaay
-- refused: view
SELECT * FROM orders_view
-- refused: view by its schema in quotes
SELECT * FROM "public"."orders_view"
-- refused: view in a lateral subquery of an argument
SELECT coalesce((SELECT s.note FROM LATERAL (SELECT note FROM orders_view LIMIT 1) s), '')
-- refused: view in the offset
SELECT 1 OFFSET (SELECT count(*) FROM orders_view)
-- refused: view in limit
SELECT id FROM products LIMIT (SELECT count(*) FROM orders_view)
-- refused: view in values
VALUES ((SELECT max(note) FROM orders_view))
-- refused: view in order by
SELECT id FROM products ORDER BY (SELECT max(note) FROM orders_view)
-- refused: view in group by
SELECT count(*) FROM products GROUP BY (SELECT max(note) FROM orders_view)
-- refused: view in having
SELECT count(*) FROM products HAVING count(*) > (SELECT count(*) FROM orders_view)
-- refused: view in a window
SELECT sum(id) OVER (PARTITION BY (SELECT max(note) FROM orders_view)) FROM products
-- refused: view in a named window
SELECT sum(id) OVER w FROM products WINDOW w AS (ORDER BY (SELECT max(note) FROM orders_view))
-- refused: view in a filter
SELECT count(*) FILTER (WHERE id < (SELECT count(*) FROM orders_view)) FROM products
-- refused: view in within group
SELECT percentile_disc((SELECT 1.0 / count(*) FROM orders_view)::float) WITHIN GROUP (ORDER BY id) FROM products
-- refused: view in case
SELECT CASE WHEN true THEN (SELECT max(note) FROM orders_view) END
-- refused: view in an array
SELECT ARRAY[(SELECT max(note) FROM orders_view)], ARRAY(SELECT note FROM orders_view)
-- refused: view in a subscript
SELECT (ARRAY[1, 2])[(SELECT count(*) FROM orders_view)]
-- refused: view in a row
SELECT ROW((SELECT max(note) FROM orders_view))
-- refused: view in a join condition
SELECT 1 FROM products a JOIN products b ON a.id = (SELECT count(*) FROM orders_view)
-- refused: view in distinct on
SELECT DISTINCT ON ((SELECT max(note) FROM orders_view)) id FROM products
-- refused: view in sampling
SELECT 1 FROM products TABLESAMPLE SYSTEM ((SELECT count(*) FROM orders_view))
-- refused: view in xmltable
SELECT 1 FROM XMLTABLE('/r' PASSING (SELECT xmlelement(name r, max(note)) FROM orders_view) COLUMNS n text PATH '.')
-- refused: view in a column's default of xmltable
SELECT * FROM XMLTABLE('/r' PASSING '<r/>' COLUMNS n text PATH 'x' DEFAULT (SELECT max(note) FROM orders_view))
-- refused: view in a json constructor
SELECT JSON_OBJECT('a' VALUE (SELECT max(note) FROM orders_view))
-- refused: view in a cast and a collation
SELECT CAST((SELECT max(note) FROM orders_view) AS text) COLLATE "C"
-- refused: view in between and in
SELECT 1 WHERE 'a' BETWEEN (SELECT min(note) FROM orders_view) AND 'z' OR 'a' IN ((SELECT max(note) FROM orders_view))
-- refused: view in rows from
SELECT * FROM ROWS FROM (unnest(ARRAY(SELECT note FROM orders_view)))
-- refused: view in parentheses of joins
SELECT 1 FROM (products a CROSS JOIN (products b CROSS JOIN orders_view))
-- refused: view by the table statement
TABLE orders_view
-- refused: view in the second branch of a recursive query
WITH RECURSIVE w AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM w, orders_view WHERE n < 2) SELECT * FROM w
-- refused: materialized view
SELECT note FROM orders_saved
-- refused: partition
SELECT * FROM events_2023
-- refused: partition by its full name
SELECT count(*) FROM public.events_2024 e
-- refused: only of a partitioned table
SELECT * FROM ONLY events
-- refused: only of a limited table
SELECT * FROM ONLY orders
-- refused: only in parentheses
SELECT * FROM ONLY (public.orders) AS o
-- refused: child of a table
SELECT note FROM letters_old
-- refused: child of a child
SELECT note FROM letters_odd
-- refused: sample
SELECT * FROM orders TABLESAMPLE SYSTEM (100)
-- refused: repeatable sample
SELECT * FROM orders AS o TABLESAMPLE BERNOULLI (100) REPEATABLE (1)
-- refused: another database
SELECT * FROM postgres.public.orders
-- refused: this database by its name
SELECT * FROM main.public.orders
-- refused: a column of four parts
SELECT db.public.orders.note FROM orders
-- refused: explain
EXPLAIN SELECT * FROM orders WHERE note = 'x'
-- refused: explain analyze
EXPLAIN ANALYZE SELECT count(*) FROM products WHERE id IN (SELECT id FROM orders)
-- refused: explain with options
EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) TABLE customers
-- refused: statistics
SELECT most_common_vals FROM pg_stats WHERE tablename = 'orders'
-- refused: statistics by schema
SELECT * FROM pg_catalog.pg_stats
-- refused: statistics in other case
SELECT * FROM PG_STATS
-- refused: extended statistics
SELECT * FROM pg_stats_ext
-- refused: sizes of tables
SELECT relname, reltuples FROM pg_class
-- refused: counts of rows
SELECT n_live_tup FROM pg_stat_user_tables
-- refused: information schema
SELECT * FROM information_schema.columns
-- refused: information schema in quotes
SELECT * FROM "information_schema"."tables"
-- refused: bounds of partitions
SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class
-- refused: definition of a view
SELECT pg_get_viewdef('orders_view'::regclass)
-- refused: constraint of a partition
SELECT pg_get_partition_constraintdef('events_2023'::regclass)
-- refused: size of a table
SELECT pg_relation_size('orders')
-- refused: comment of a table
SELECT obj_description(1, 'pg_class')
-- refused: names of what is there
SELECT g::regclass::text FROM generate_series(1, 20000) g
-- refused: names of what is there in an array
SELECT ARRAY[1259]::regclass[]
-- refused: names of what is there by record
SELECT * FROM json_to_record('{"a": 1259}') AS r(a regclass)
-- refused: names of functions
SELECT 1::regproc
-- refused: sequence
SELECT last_value FROM numbers
-- refused: toast
SELECT * FROM pg_toast.pg_toast_2619
-- refused: temporary schema
SELECT * FROM pg_temp.orders
-- refused: missing table
SELECT * FROM nothing_there
-- refused: table in the wrong case
SELECT * FROM "ORDERS"
-- refused: table of a schema that has it not
SELECT * FROM shop.customers
-- refused: system column of a limited table
SELECT ctid, * FROM orders
-- refused: name of the partition by a system column
SELECT tableoid, count(*) FROM events GROUP BY tableoid
-- refused: system column that an outer table would answer
SELECT (SELECT xmin FROM orders LIMIT 1) FROM products
-- refused: qualified system column
SELECT o.ctid FROM orders o
-- refused: function in field notation on a row
SELECT o.peek FROM orders o
-- refused: function in field notation with the table's name
SELECT orders.peek_any FROM orders
-- refused: function in field notation with the schema
SELECT public.orders.peek_any FROM public.orders
-- refused: function in field notation on a bracketed row
SELECT (o).peek FROM orders o
-- refused: function in field notation on a column
SELECT (o.region).peek_text FROM orders o
-- refused: function in field notation with a default argument
SELECT ('x'::text).peek_late
-- refused: function in field notation with variadic arguments
SELECT (p.name).peek_many FROM products p
-- refused: function in field notation with a quoted name
SELECT (p.name)."Peek.Odd" FROM products p
-- refused: function in field notation on a free table
SELECT p.peek_any FROM products p
-- refused: function in field notation on a function's value
SELECT x.peek_text FROM unnest(ARRAY['a']) AS x
-- refused: function in field notation in order by
SELECT p.id FROM products p ORDER BY p.peek_any
-- refused: function in field notation on a with query
WITH w AS (SELECT 1) SELECT w.peek_any FROM w
-- refused: function in field notation on a subquery
SELECT s.peek_any FROM (SELECT 1) s
-- refused: function in field notation on a subscript
SELECT (ARRAY['a'])[1].peek_text
-- refused: function of the database
SELECT peek(o) FROM orders o
-- refused: function of the database in from
SELECT * FROM peek_text('a')
-- refused: function an administrator vouched for
SELECT * FROM all_orders()
-- refused: such a function in field notation
SELECT (all_orders()).note
-- refused: query as text
SELECT query_to_xml('SELECT * FROM orders', true, true, '')
-- refused: table as text
SELECT table_to_xml('orders', true, true, '')
-- refused: query of a text search
SELECT * FROM ts_stat('SELECT to_tsvector(note) FROM orders')
-- refused: setting the rules aside
SET row_security = off
-- refused: a second statement
SELECT 1 FROM orders; SELECT * FROM orders_view
-- refused: both tables of a name and a column with the schema
SELECT public.orders.note FROM public.orders, shop.orders
-- refused: column with the schema whose table's name something else has
SELECT (SELECT public.orders.id FROM products AS orders LIMIT 1) FROM public.orders
-- safe: both tables of a name without aliases
SELECT 1 FROM public.orders, shop.orders
-- refused: overload that reads all
SELECT "upper"(NULL::orders, 1) FROM orders_view
-- safe: overload of one of PostgreSQL's own functions
SELECT upper(size) FROM orders
-- safe: overload in field notation
SELECT (size).upper FROM orders
-- safe: overload in a with query's column
WITH w AS (SELECT upper('small'::size) AS u) SELECT u FROM w
-- safe: parameter
SELECT * FROM orders WHERE id = $1
-- safe: column that is no more
SELECT missing FROM orders
-- safe: column of the whole row that is hidden behind a list of names
SELECT note FROM orders AS x(a, b, c, d, e, f)
-- safe: row of the table's type made from a row
SELECT (o::orders).note FROM orders o
-- safe: record filled from a row
SELECT (json_populate_record(NULL::orders, row_to_json(o))).note FROM orders o
-- safe: gathered rows taken apart
SELECT (unnest(array_agg(o))).note FROM orders o
-- safe: table's own key, which a derived table has not
SELECT c.id, c.name, count(*) FROM customers c GROUP BY c.id
-- refused: view in json_table
SELECT j.n FROM JSON_TABLE((SELECT json_agg(note) FROM orders_view), '$[*]' COLUMNS (n text PATH '$')) AS j
-- refused: view in json_table's arguments
SELECT j.n FROM JSON_TABLE('[]', '$' PASSING (SELECT max(note) FROM orders_view) AS v COLUMNS (n text PATH '$' DEFAULT (SELECT max(note) FROM orders_view) ON EMPTY)) AS j
-- refused: view in json_value
SELECT JSON_VALUE('{}', '$.a' PASSING (SELECT max(note) FROM orders_view) AS v RETURNING text)
-- refused: view in a json aggregate
SELECT JSON_ARRAYAGG((SELECT max(note) FROM orders_view) ORDER BY 1)
-- refused: view in a json array of a query
SELECT JSON_ARRAY(SELECT note FROM orders_view)
-- refused: view in overlaps and extract
SELECT (current_date, current_date) OVERLAPS ((SELECT max(placed) FROM orders_view), current_date), extract(year FROM (SELECT max(placed) FROM orders_view))
-- refused: view in a frame's bound
SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN (SELECT count(*) FROM orders_view) PRECEDING AND CURRENT ROW) FROM products
-- refused: view in a named argument
SELECT make_interval(days => (SELECT count(*)::int FROM orders_view))
-- refused: view in fetch first
SELECT id FROM products FETCH FIRST (SELECT count(*) FROM orders_view) ROWS ONLY
-- refused: view in a limit of a set operation
SELECT id FROM products UNION SELECT id FROM items i(id, b, c) LIMIT (SELECT count(*) FROM orders_view)
-- refused: view in a with query that nobody reads
WITH unused AS (SELECT note FROM orders_view) SELECT 1
-- refused: view beside a with query of its name in a subquery's from
SELECT * FROM (WITH orders_view AS (SELECT 1) SELECT 1 FROM orders_view) a, orders_view b
-- refused: view behind a name that a join's alias hides
SELECT 1 FROM (products orders_view CROSS JOIN products b) AS j, orders_view
-- refused: function through a name out of sight
SELECT (SELECT s.v FROM products x, (SELECT x.pg_read_file AS v) s LIMIT 1) FROM unnest(ARRAY['/etc/passwd']) x
-- refused: function of the database through a name out of sight
SELECT (SELECT s.v FROM products x, (SELECT x.peek_text AS v) s LIMIT 1) FROM unnest(ARRAY['a']) x
-- same: rows limited on both sides of a set operation in a subquery's clause
SELECT p.id FROM products p WHERE p.id IN (SELECT id FROM orders UNION SELECT id FROM customers) AND p.id < (SELECT max(id) FROM (TABLE letters) l) + 100
-- same: values joined to rows
SELECT v.label, count(o.id) FROM (VALUES (0, 'low'), (30, 'high')) AS v(least, label) LEFT JOIN orders o ON o.total >= v.least GROUP BY v.label
-- same: year over year by a self join of with queries
WITH m AS (SELECT date_trunc('month', placed) AS at, sum(total) AS t FROM orders GROUP BY 1) SELECT a.at, a.t, a.t - b.t FROM m a LEFT JOIN m b ON b.at = a.at - interval '1 month'
-- same: share of a total
SELECT customer_id, round(100 * sum(total) / sum(sum(total)) OVER (), 2) FROM orders GROUP BY customer_id
-- refused: operator of the database's own
SELECT 1 === 1
-- refused: prefix operator of the database's own
SELECT !!! 'x'::text
-- refused: operator of the database's own before any
SELECT 1 === ANY (ARRAY[1])
-- refused: operator of the database's own before a subquery
SELECT 1 === ANY (SELECT id FROM products)
-- refused: operator of the database's own with its schema
SELECT 1 OPERATOR(public.===) 1
-- same: operator of the database's own that only computes
SELECT 1 @@@ 2
-- same: operator of an extension whose result a setting decides
SELECT 'word' % 'words', 7 % 4
-- same: citext compares whatever the case
SELECT 'A'::citext = 'a'::citext, 'A'::public.citext IN ('a'), name::citext LIKE 'EU%' FROM customers ORDER BY name::citext
-- same: hstore and its field
SELECT 'a=>1'::hstore -> 'a', ('a=>1'::hstore)::json, to_jsonb('a=>1'::hstore)
-- same: domain that only computes
SELECT 'abc'::short, CAST(name AS public.short[]) IS NULL FROM (SELECT NULL::text AS name) s
-- refused: cast of the database's own
SELECT CAST(1 AS boxed)
-- refused: cast of the database's own, with the schema
SELECT 1::public.boxed
-- refused: cast of the database's own in an array
SELECT ARRAY[1]::boxed[]
-- refused: cast of the database's own within a row
SELECT ROW(1)::box_of_boxed
-- refused: cast of the database's own to a type of the engine's
SELECT ('(1,2)'::pair)::bigint
-- same: text as a type to which the database has a cast of its own
SELECT '1'::bigint, bigint '2', id FROM products
-- refused: number to a type to which the database has a cast of its own
SELECT id::bigint FROM products
-- refused: domain with a check of the database's own
SELECT 'HIDDEN note 1'::known_mail
-- refused: domain over a domain with a check of the database's own
SELECT 'HIDDEN note 1'::knowing_mail
-- refused: array of a domain with a check of the database's own
SELECT '{x}'::known_mail[]
-- refused: array of a domain by the array's name
SELECT '{x}'::_known_mail
-- refused: row with a domain with a check of the database's own
SELECT '(x)'::mailed
-- refused: row with a domain with a check of the database's own from JSON
SELECT json_populate_record(NULL::mailed, '{"mail": "x"}')
-- refused: table's row with a domain with a check of the database's own
SELECT json_populate_record(NULL::shop.mails, '{"mail": "x"}')
-- refused: columns of a function with such a domain
SELECT * FROM json_to_record('{"a": "x"}') AS r(a known_mail)
-- refused: domain whose check runs SQL in a text
SELECT '%note%'::looked
-- refused: domain by field notation
SELECT x.known_mail FROM unnest(ARRAY['x']) x
-- safe: domain that has the name of a function
SELECT bit_count('x')
-- safe: function of an allowed name without arguments
SELECT area()
-- safe: function of a newer server's name
SELECT array_sort(ARRAY[1], true)
-- safe: function of a newer server's name for dates
SELECT date_add(current_date, 1)
-- safe: function of a newer server's name with two texts
SELECT crc32('a', 'b')
-- refused: row of a system view
SELECT * FROM json_populate_recordset(NULL::pg_sequences, '[{}]')
-- refused: row of a system table
SELECT row_to_json(json_populate_record(NULL::pg_type, '{"typinput": 1}'))
-- refused: row of a system table with its schema
SELECT NULL::pg_catalog.pg_class
-- refused: row of the standard's catalog
SELECT NULL::information_schema.tables
-- refused: row of a table that may not be read
SELECT row_to_json(json_populate_record(NULL::shop.closed, '{}'))
-- refused: type that is not known
SELECT NULL::shop.nothing
-- refused: partition of a table by its number
SELECT satisfies_hash_partition(16384, 2, 0, 1)
-- refused: names of types by their numbers
SELECT oidvectortypes('16384 16385')
-- same: types of the engine's own
SELECT '[1,2]'::int4range, '{1}'::int[], 'a'::char(3), '$.a'::jsonpath, '1.5'::decimal(5,2), '10.0.0.1'::inet, 'a'::pg_catalog.text, ROW(1, 2)::record
