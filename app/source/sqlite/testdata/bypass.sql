Statements that try to read past the rules, and ordinary ones that must go on
working. What the rules are is in bypass_test.go.

-- same: all rows and columns
SELECT * FROM orders

-- same: schema and table
SELECT main.orders.id, orders.total FROM main.orders WHERE main.orders.total > 5 ORDER BY main.orders.id

-- same: the schema in other letters
SELECT MAIN.ORDERS.ID FROM Main.Orders

-- same: an alias
SELECT o.id, o.email, o.note FROM orders AS o WHERE o.region = 'EU'

-- same: an alias without AS
SELECT o.* FROM ORDERS o

-- same: names in double quotes
SELECT "o"."id" FROM "main"."orders" AS "o"

-- same: names in backticks
SELECT `orders`.`id` FROM `orders`

-- same: names in brackets
SELECT [orders].[id] FROM [main].[orders]

-- same: names in single quotes
SELECT 'orders'.'id' FROM 'main'.'orders'

-- same: an alias in single quotes
SELECT o.id FROM orders 'o'

-- same: a text that looks like a table
SELECT 'SELECT * FROM orders', id FROM orders WHERE note <> 'FROM orders'

-- same: comments between the words
SELECT/**/id/* x */FROM/* main. */orders -- the end

-- same: a comment that ends the text
SELECT id FROM orders WHERE id > 0 /* AND 1 = 0

-- same: a name with a space
SELECT l."Unit Price", "Order Lines".comment FROM "Order Lines" AS l, [order lines]

-- same: a name with a space and its schema
SELECT main."order lines"."unit price" FROM main."Order Lines"

-- same: reserved words as names
SELECT "select"."from", "where" FROM "select" WHERE "from" > 0

-- same: a free table with a reserved name
SELECT g."order" FROM "group" g ORDER BY id

-- same: totals
SELECT count(*), count(email), sum(total), avg(total), min(total), max(total), total(total) FROM orders

-- same: counts alone
SELECT count(*) FROM orders

-- same: a constant a row
SELECT 1 FROM orders

-- same: grouped and limited
SELECT region, count(*) AS n, sum(total) AS revenue FROM orders GROUP BY region HAVING count(*) > 0 ORDER BY revenue DESC NULLS LAST LIMIT 10 OFFSET 0

-- same: revenue by month
SELECT date(placed, 'start of month') AS month, sum(total) FROM orders WHERE placed >= '2024-01-01' GROUP BY 1 ORDER BY 1

-- same: a filter in the aggregate
SELECT count(*) FILTER (WHERE total > 15), group_concat(id ORDER BY id DESC), group_concat(DISTINCT region) FROM orders

-- same: distinct
SELECT DISTINCT region, customer_id FROM orders ORDER BY 2

-- same: case
SELECT id, CASE WHEN total > 15 THEN 'large' WHEN total IS NULL THEN 'none' ELSE 'small' END FROM orders

-- same: an inner join
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id

-- same: a left join
SELECT c.name, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 15

-- same: a right and a full join
SELECT c.name, o.id, p.name FROM orders o RIGHT JOIN customers c ON o.customer_id = c.id FULL OUTER JOIN products p ON p.id = o.id

-- same: join using
SELECT id, o.region, c.name FROM orders o JOIN customers c USING (id)

-- same: natural join
SELECT * FROM orders NATURAL JOIN products

-- same: natural join of the table with itself
SELECT count(*), sum(total) FROM orders NATURAL JOIN orders AS again

-- same: a comma list
SELECT orders.id, customers.id FROM orders, customers WHERE orders.customer_id = customers.id

-- same: a cross join
SELECT a.id, b.id FROM orders a CROSS JOIN orders b

-- same: the table twice with its schema
SELECT a.total - b.total FROM main.orders a, main.orders b WHERE a.id < b.id

-- same: a join in parentheses
SELECT o.id, products.name FROM (orders AS o JOIN products ON products.id = o.id) LEFT JOIN customers c ON c.id = o.customer_id

-- same: a join in parentheses under a name
SELECT j.total, j.name FROM (orders AS o JOIN products AS p ON p.id = o.id) AS j

-- same: a table in parentheses
SELECT orders.id FROM (orders)

-- same: a table in two parentheses after another
SELECT orders.id, main.orders.total FROM products, ((orders))

-- same: a table in parentheses under a name
SELECT p.id FROM (orders AS o) AS p

-- same: an index hint is dropped
SELECT id FROM orders INDEXED BY orders_total WHERE total > 15

-- same: no index
SELECT id FROM orders NOT INDEXED WHERE total > 15

-- same: an index hint on a free table stays
SELECT p.name FROM orders o, products p INDEXED BY products_name WHERE p.name > 'a'

-- same: a subquery in FROM
SELECT s.n FROM (SELECT region, count(*) AS n FROM orders GROUP BY region) AS s

-- same: a subquery in a subquery in FROM
SELECT * FROM (SELECT * FROM (SELECT id, total FROM orders WHERE total > 5) WHERE total < 25)

-- same: a scalar subquery
SELECT name, (SELECT sum(total) FROM orders WHERE customer_id = customers.id) FROM customers

-- same: a scalar subquery with the schema inside
SELECT p.name, (SELECT max(main.orders.total) FROM main.orders WHERE main.orders.id <= p.id) FROM products p

-- same: in a subquery
SELECT id FROM products WHERE id IN (SELECT customer_id FROM orders)

-- same: in a table
SELECT name FROM products WHERE id IN limited_ids

-- same: in a table with its schema
SELECT name FROM products WHERE id NOT IN main.[Limited_IDs] AND (id, name) NOT IN "group"

-- same: rows in a table
SELECT 5 IN limited_ids, (9, 'HID' || 'DEN') IN "select", (1, 'one') IN 'select'

-- same: exists and not exists
SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id) AND NOT EXISTS (SELECT * FROM orders WHERE total > 1000)

-- same: in HAVING, GROUP BY and ORDER BY
SELECT customer_id FROM orders GROUP BY customer_id, (SELECT count(*) FROM orders) HAVING sum(total) < (SELECT sum(total) FROM orders) ORDER BY (SELECT max(total) FROM orders o WHERE o.customer_id = orders.customer_id)

-- same: in LIMIT and OFFSET
SELECT id FROM products ORDER BY id LIMIT (SELECT count(*) FROM orders) OFFSET (SELECT count(*) - 4 FROM orders)

-- same: in VALUES
VALUES ((SELECT count(*) FROM orders), 1), ((SELECT sum(total) FROM main.orders), (SELECT group_concat(email) FROM orders))

-- same: in a join's condition
SELECT p.id FROM products p JOIN products q ON q.id = (SELECT max(id) FROM orders WHERE total < 25)

-- same: in CASE, BETWEEN, LIKE, CAST and a function
SELECT CASE (SELECT count(*) FROM orders) WHEN 4 THEN 1 ELSE (SELECT max(note) FROM orders) END, 5 BETWEEN 1 AND (SELECT sum(total) FROM orders), 'masked' LIKE (SELECT max(note) FROM orders) ESCAPE (SELECT '!' FROM orders LIMIT 1), CAST((SELECT max(total) FROM orders) AS INTEGER), coalesce((SELECT max(email) FROM orders), 'none'), ((SELECT max(total) FROM orders)) COLLATE NOCASE, (SELECT 1 FROM orders LIMIT 1) IS NOT DISTINCT FROM 1

-- same: in a window
SELECT id, sum(total) OVER (PARTITION BY (SELECT count(*) FROM orders) ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), rank() OVER w FROM orders WINDOW w AS (ORDER BY (SELECT max(id) FROM orders o WHERE o.id <= orders.id) DESC)

-- same: windows of ordinary work
SELECT id, lag(total) OVER (PARTITION BY customer_id ORDER BY placed), first_value(note) OVER (ORDER BY id), ntile(2) OVER (ORDER BY total) FROM orders

-- same: in a filter and in the order of an aggregate
SELECT count(*) FILTER (WHERE id IN (SELECT id FROM orders)), group_concat(name, ',' ORDER BY (SELECT max(total) FROM orders)) FROM products

-- same: rows of values
SELECT id FROM orders WHERE (id, region) IN (SELECT id, region FROM orders WHERE total > 10) AND (id, customer_id) > (1, 0)

-- same: union
SELECT id FROM orders UNION SELECT id FROM main.orders UNION ALL SELECT customer_id FROM orders

-- same: except and intersect
SELECT id FROM products EXCEPT SELECT id FROM orders INTERSECT SELECT id FROM customers

-- same: a table after a table in a set
SELECT main.products.id FROM products UNION ALL SELECT main.orders.id FROM orders ORDER BY 1 LIMIT 3

-- same: a set in a subquery
SELECT sum(x) FROM (SELECT total AS x FROM orders UNION ALL SELECT price FROM products WHERE id IN (SELECT id FROM orders EXCEPT SELECT 1))

-- same: a WITH query
WITH big AS (SELECT * FROM orders WHERE total > 15) SELECT count(*), sum(total) FROM big

-- same: a WITH query used before it is written
WITH a AS (SELECT count(*) AS n FROM b), b AS MATERIALIZED (SELECT * FROM orders) SELECT n FROM a

-- same: a WITH query with names of columns
WITH s(a, b) AS NOT MATERIALIZED (SELECT id, note FROM orders) SELECT s.b FROM s WHERE a IN (WITH s2(q) AS (SELECT a FROM s) SELECT q FROM s2) AND a IN (WITH s3 AS (SELECT a FROM s) SELECT 1 UNION SELECT q.a FROM s3 AS q WHERE q.a IN s3)

-- same: WITH in a subquery
SELECT * FROM (WITH x AS (SELECT id, email FROM orders) SELECT * FROM x), (WITH x AS (SELECT max(total) AS m FROM orders) SELECT m FROM x)

-- same: recursive over the table
WITH RECURSIVE chain(id, name, depth) AS (SELECT id, name, 0 FROM staff WHERE boss_id IS NULL UNION ALL SELECT s.id, s.name, depth + 1 FROM staff s JOIN chain c ON s.boss_id = c.id) SELECT * FROM chain

-- same: recursive without the table
WITH RECURSIVE days(d) AS (SELECT '2024-01-01' UNION ALL SELECT date(d, '+1 day') FROM days WHERE d < '2024-01-10') SELECT d, (SELECT count(*) FROM orders WHERE date(placed) <= d) FROM days

-- same: masked columns in conditions
SELECT id FROM orders WHERE email IS NULL AND note = 'masked' AND salted IS NULL

-- same: masked columns in groups
SELECT email, note, count(*) FROM orders GROUP BY email, note

-- same: an expression that fails on hidden rows
SELECT id FROM orders WHERE json_extract(doc, '$.a') = 1

-- same: an expression that fails on hidden rows through an index
SELECT id, json_extract('{}', code) FROM orders WHERE customer_id = 1 AND json_extract('{}', code) IS NULL

-- same: an expression that fails on hidden rows in a join
SELECT p.id FROM products p JOIN orders o ON json_extract('{"a":1}', o.code) = p.id

-- same: an expression that fails on hidden rows in a window and an order
SELECT id, max(json_extract('{}', code)) OVER (PARTITION BY json_extract('{}', code)) FROM orders ORDER BY json_extract('{}', code), likely(doc -> '$.a'), unlikely(region REGEXP code)

-- same: an expression that fails on hidden rows in a correlated subquery
SELECT name, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id AND json_extract('{}', o.code) IS NULL) FROM customers c

-- same: an expression that fails on hidden rows under a left join
SELECT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE coalesce(json_extract('{}', o.code), 1) = 1

-- same: a pattern that fails on hidden rows
SELECT id FROM orders WHERE 'a' REGEXP code OR 'a' LIKE 'a' ESCAPE substr(region, 1, 1)

-- same: a sum that fails on hidden rows
SELECT sum(abs(big)), max(big + 1) FROM orders

-- same: json of a row
SELECT json_object('id', id, 'email', email, 'note', note), json_group_array(total) FROM orders

-- same: json of a column as a table
SELECT o.id, e.key, e.value FROM orders o, json_each(o.doc) AS e

-- same: json of all rows as a table
SELECT e.value FROM json_each((SELECT json_group_array(note) FROM orders)) e

-- same: in a table function in a subquery
SELECT id IN (SELECT e.value FROM json_each((SELECT json_group_array(id) FROM orders)) AS e) FROM orders

-- same: a series
WITH s(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s WHERE value < (SELECT max(id) FROM orders)) SELECT s.value, count(o.id) FROM s LEFT JOIN orders o ON o.id = s.value GROUP BY 1

-- same: another table under the name of a limited one
SELECT orders.name FROM products AS orders

-- same: a limited table under the name of a free one
SELECT products.total FROM orders AS products

-- same: names exchanged
SELECT orders.name, products.total FROM products AS orders JOIN orders AS products USING (id)

-- same: an alias named like the table inside and outside
SELECT orders.id FROM orders AS orders WHERE EXISTS (SELECT 1 FROM orders AS orders WHERE orders.total > 15)

-- same: names of result columns like those of tables
SELECT id AS customers, total AS orders FROM orders ORDER BY orders

-- same: a placeholder's place
SELECT id FROM orders WHERE id > 1 + 0 AND region IS TRUE OR total = 20.00e0 OR x'41' = 'A' OR 1_0 = 0xA

-- same: a text in double quotes
SELECT id FROM orders WHERE region = "EU"

-- same: a free view
SELECT * FROM cheap

-- same: a free view beside a limited table
SELECT cheap.name, o.total FROM cheap JOIN orders o USING (id)

-- same: the number of a row of a free table
SELECT rowid, p.oid, _rowid_ FROM products p

-- same: a plan of a free table
EXPLAIN QUERY PLAN SELECT p.name FROM products p WHERE id = 1

-- same: a search
SELECT body, highlight(docs, 0, '<', '>') FROM docs WHERE docs MATCH 'fox' ORDER BY rank

-- same: a search beside a limited table
SELECT d.body, o.id FROM docs AS d, orders AS o WHERE d.body MATCH 'fox'

-- same: a limited search read as a table
SELECT body, region FROM memos

-- same: a spatial index
SELECT id FROM places WHERE x1 >= 5 AND x2 <= 40

-- same: a name in other letters and quotes
SELECT count(*) FROM "KELVINS" WHERE reading > 0

-- same: a column named rowid
SELECT rowid, l.rowid, l.id FROM ledger l

-- same: pages of rows
SELECT id, region, total FROM orders ORDER BY total DESC, id LIMIT 2, 2

-- same: shares of the whole
SELECT region, 100.0 * sum(total) / (SELECT sum(total) FROM orders) AS share FROM orders GROUP BY region

-- same: a running total by customer
SELECT c.name, o.placed, sum(o.total) OVER (PARTITION BY c.id ORDER BY o.placed) FROM orders o JOIN customers c ON c.id = o.customer_id

-- same: a pivot by hand
SELECT customer_id, sum(iif(strftime('%m', placed) = '01', total, 0)) AS jan, sum(iif(strftime('%m', placed) = '02', total, 0)) AS feb FROM orders GROUP BY customer_id

-- same: first order of each customer
SELECT * FROM (SELECT o.*, row_number() OVER (PARTITION BY customer_id ORDER BY placed) AS n FROM orders o) WHERE n = 1

-- same: customers without orders
SELECT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL

-- same: the order in the middle
SELECT avg(total) FROM (SELECT total, row_number() OVER (ORDER BY total) AS n, count(*) OVER () AS c FROM orders WHERE total IS NOT NULL) WHERE n IN ((c + 1) / 2, (c + 2) / 2)

-- same: lines of orders
SELECT o.id, sum(l."Unit Price") FROM orders o JOIN "Order Lines" l ON l.order_id = o.id GROUP BY o.id

-- refused: a WITH query named like the table
WITH orders AS (SELECT 1 AS id) SELECT * FROM orders

-- refused: a WITH query named like the table that reads it
WITH orders AS (SELECT * FROM main.orders) SELECT * FROM orders

-- refused: a WITH query that shadows itself
WITH orders AS (SELECT * FROM orders) SELECT * FROM orders

-- refused: a WITH query in other letters
WITH [ORDERS] AS (SELECT 1) SELECT * FROM orders

-- refused: a WITH query in a subquery named like the table
SELECT * FROM orders, (WITH "Orders" AS (SELECT 1) SELECT * FROM orders)

-- refused: a recursive WITH query named like the table
WITH RECURSIVE orders(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM orders LIMIT 5) SELECT * FROM orders

-- refused: a WITH query named like a free table
WITH products AS (SELECT * FROM orders) SELECT * FROM products

-- refused: a WITH query in Kelvin signs
WITH "Kelvins" AS (SELECT 1) SELECT * FROM kelvins

-- refused: a name out of the scope of its WITH query
SELECT * FROM (WITH orders_view AS (SELECT 1) SELECT * FROM orders_view), orders_view

-- refused: a name of an inner WITH query outside
WITH a AS (WITH orders_view AS (SELECT 1) SELECT * FROM orders_view) SELECT * FROM a JOIN orders_view

-- refused: a WITH query beside a name with the schema
WITH orders_view AS (SELECT 1) SELECT * FROM main.orders_view

-- refused: a WITH query of another set's arm
SELECT 1 FROM (WITH orders_view AS (SELECT 1) SELECT 1 UNION SELECT 2 FROM orders_view) UNION SELECT id FROM orders_view

-- refused: a letter that only looks like another
WITH "orders_vİew" AS (SELECT 1 AS id) SELECT * FROM orders_view

-- refused: a view over the table
SELECT * FROM orders_view

-- refused: a view over the table with its schema
SELECT email FROM main.ORDERS_VIEW

-- refused: a view in IN
SELECT 'x' IN orders_emails

-- refused: the view of the rule itself
SELECT * FROM rule_orders

-- refused: the texts behind a search
SELECT c0 FROM memos_content

-- refused: the words behind a search
SELECT term FROM memos_words

-- refused: the index behind a search
SELECT block FROM memos_data

-- refused: a search over the table
SELECT note FROM orders_search WHERE orders_search MATCH 'HIDDEN'

-- refused: a search over the table by a shortened option
SELECT email, region FROM shortened

-- refused: a search over the table by the shortest option
SELECT count(*) FROM shortest WHERE shortest MATCH 'HIDDEN'

-- refused: a search over a view of the table
SELECT email FROM over_view

-- refused: a search over a search over the table
SELECT note FROM over_search

-- refused: a search that holds no texts
SELECT rowid FROM without_texts WHERE without_texts MATCH 'HIDDEN'

-- refused: the words of a search over the table
SELECT term, doc FROM shortened_words

-- refused: the words of a search that holds no texts
SELECT term FROM without_words

-- refused: pages under another name
SELECT name, ncell FROM stat

-- refused: pages under another name after IN
SELECT 'orders' IN main.stat

-- refused: the bytes of pages under another name
SELECT data FROM pages

-- same: a search over a free table
SELECT rowid, name, highlight(product_names, 0, '<', '>') FROM product_names WHERE product_names MATCH 'cedar'

-- same: a search over a free table beside a limited one
SELECT p.name, o.id FROM product_names p, orders o WHERE p.name = 'birch' AND o.id = 2

-- same: a table the catalog knows and no rule names
SELECT id, body FROM jottings

-- refused: the nodes of a spatial index
SELECT data FROM places_node

-- refused: definitions
SELECT sql FROM sqlite_schema

-- refused: definitions by the old name
SELECT name FROM main.sqlite_master WHERE type = 'table'

-- refused: statistics
SELECT * FROM sqlite_stat1

-- refused: statistics of values
SELECT sample FROM sqlite_stat4

-- refused: the largest key
SELECT seq FROM sqlite_sequence

-- refused: pages
SELECT sum(ncell) FROM dbstat

-- refused: the bytes of pages
SELECT data FROM sqlite_dbpage

-- refused: columns by a function
SELECT name FROM pragma_table_info('orders')

-- refused: columns by a table
SELECT * FROM pragma_table_list

-- refused: columns by a function with the schema
SELECT 1 WHERE 'id' IN main.pragma_index_info('orders_total')

-- refused: a WITH query named like a system table
WITH sqlite_master AS (SELECT 1) SELECT * FROM sqlite_master

-- refused: another schema
SELECT * FROM temp.orders

-- refused: another database
SELECT * FROM other.orders

-- refused: a table that is not there
SELECT * FROM nowhere

-- refused: a function in the engine's place of a table
SELECT * FROM json_each WHERE json = '[1]'

-- refused: a table called as a function
SELECT * FROM orders('x')

-- refused: a search named like a table function
SELECT * FROM jsonb_tree('HIDDEN')

-- refused: a search named like a table function after IN
SELECT 1 IN jsonb_tree('HIDDEN')

-- refused: a plan
EXPLAIN SELECT * FROM orders

-- refused: a plan in words
EXPLAIN QUERY PLAN SELECT * FROM products WHERE id IN (SELECT id FROM orders WHERE total > 1000)

-- refused: the row's number
SELECT rowid FROM orders

-- refused: the row's number by other names
SELECT OID, "_rowid_" FROM orders

-- refused: the row's number of the table by name
SELECT orders.rowid FROM orders

-- refused: the row's number with the schema
SELECT main.orders.[RowID] FROM orders

-- refused: the row's number that would be another's
SELECT rowid FROM orders, products

-- refused: the row's number that would be another's outside
SELECT (SELECT o.oid FROM orders o LIMIT 1) FROM products o

-- refused: the row's number of a join
SELECT j.rowid FROM (orders JOIN products USING (id)) AS j

-- refused: a search's own functions beside a limited table
SELECT highlight(docs, 0, '', '') FROM docs, memos

-- refused: a search's row by the number of another
SELECT snippet(d.body, 0, '', '', '', 9) FROM docs d, memos m

-- refused: loading code
SELECT load_extension('x') FROM orders

-- refused: two statements
SELECT * FROM products; SELECT * FROM orders

-- refused: a pragma
PRAGMA case_sensitive_like = 1

-- refused: attaching
ATTACH 'full.db' AS other

-- refused: a temporary view
CREATE TEMP VIEW v AS SELECT * FROM orders

-- safe: a misspelled column
SELECT emial FROM orders

-- safe: a column of the outer query
SELECT (SELECT secret FROM orders LIMIT 1) FROM (SELECT 'none' AS secret)

-- safe: a rule's column from outside
SELECT (SELECT count(*) FROM orders) FROM (SELECT 'EU' AS region, 'NO' AS country) AS t

-- safe: the whole row
SELECT orders FROM orders

-- safe: the table's own name as a column of a search
SELECT memos FROM memos

-- safe: a search in a limited one
SELECT body FROM memos WHERE memos MATCH 'hidden'

-- safe: a search in a column of a limited one
SELECT body FROM memos WHERE body MATCH 'hidden' OR body MATCH 'a'

-- safe: the rank of a limited search
SELECT rank FROM memos

-- safe: a hidden column of a table function
SELECT json, root FROM json_each('[1]'), orders

-- safe: a text in double quotes that is no column
SELECT "Oslo", id FROM orders WHERE region = "Oslo"

-- safe: a join that names words of its own
SELECT * FROM orders NATURAL LEFT OUTER JOIN customers

-- safe: a join of no kind
SELECT * FROM products BOGUS JOIN orders

-- safe: a join in quotes
SELECT * FROM products LEFT "x) UNION SELECT * FROM (orders" JOIN orders

-- safe: a type in quotes
SELECT CAST(id AS "INT) FROM orders --") FROM products

-- same: a type of many words
SELECT CAST(total AS NATIVE CHARACTER VARYING (10, -2)) FROM orders

-- same: WINDOW as a name
SELECT window.id FROM orders window

-- same: OVER as a name before a join
SELECT over.id, window.name FROM orders over NATURAL JOIN products window

-- same: OVER and FILTER as names
SELECT over.id filter FROM orders over, products filter

-- same: REPLACE and NATURAL as names
SELECT replace.id FROM orders AS replace JOIN products AS natural ON natural.id = replace.id

-- safe: a name that joins
SELECT left.id FROM products AS left JOIN orders ON 1

-- same: INDEXED as a name
SELECT indexed.id FROM orders AS indexed

-- safe: an order before a set
SELECT id FROM orders ORDER BY total LIMIT 1 UNION SELECT id FROM products

-- safe: a set whose arms differ
SELECT id FROM orders UNION SELECT id, total FROM orders

-- safe: a circular WITH query
WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a

-- safe: a name of nothing
SELECT * FROM ""

-- safe: a name with a quote in it
SELECT * FROM "orders"" AS o --"

-- safe: a bracket in brackets
SELECT * FROM [orders]] AS o

-- same: names beyond ASCII
SELECT żółw.id, 'ż' FROM orders AS żółw

-- safe: a mark of byte order
SELECT id FROM ﻿orders

-- same: dollars in names
SELECT o$1.id AS a$b FROM orders AS o$1

-- refused: a series that is not there
SELECT value FROM generate_series
