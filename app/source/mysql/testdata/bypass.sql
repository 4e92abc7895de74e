-- same: everything of a limited table
SELECT * FROM orders
-- same: count
SELECT COUNT(*) FROM orders
-- same: totals by customer
SELECT customer_id, SUM(total), AVG(total), MIN(total), MAX(total) FROM orders GROUP BY customer_id
-- same: join of two limited tables
SELECT c.name, SUM(o.total) AS revenue FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.name ORDER BY revenue DESC
-- same: left join
SELECT c.name, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
-- same: right join
SELECT c.name, o.id FROM orders o RIGHT JOIN customers c ON o.customer_id = c.id
-- same: join with a free table
SELECT p.name, COUNT(o.id) FROM products p LEFT JOIN orders o ON o.product_id = p.id GROUP BY p.name
-- same: only a free table
SELECT id, name, price FROM products WHERE price > 1 ORDER BY price DESC LIMIT 2
-- same: names of tables before columns
SELECT orders.id, orders.total FROM orders WHERE orders.total > 10
-- same: schema before the table
SELECT id, total FROM shop.orders
-- same: schema before the column
SELECT shop.orders.id, shop.orders.total FROM shop.orders WHERE shop.orders.total > 10
-- same: schema before the star
SELECT shop.orders.* FROM shop.orders
-- same: schema before the column of a table without one
SELECT shop.orders.id FROM orders
-- same: schema before a free table's column
SELECT shop.products.name FROM shop.products JOIN shop.orders ON shop.orders.product_id = shop.products.id
-- same: schema before the column in a correlated subquery
SELECT shop.customers.name FROM shop.customers WHERE EXISTS (SELECT 1 FROM shop.orders WHERE shop.orders.customer_id = shop.customers.id)
-- same: schema before the same table inside and outside
SELECT shop.orders.id FROM shop.orders WHERE shop.orders.total > (SELECT AVG(shop.orders.total) FROM shop.orders)
-- same: by month
SELECT DATE_FORMAT(ordered, '%Y-%m') AS month, SUM(total) FROM orders GROUP BY month ORDER BY month
-- same: with rollup
SELECT customer_id, product_id, SUM(total) FROM orders GROUP BY customer_id, product_id WITH ROLLUP
-- same: having
SELECT customer_id FROM orders GROUP BY customer_id HAVING SUM(total) > 20
-- same: distinct
SELECT DISTINCT region FROM orders
-- same: union
SELECT id, region FROM orders UNION SELECT id, region FROM customers
-- same: union all with order and limit
(SELECT total AS n FROM orders) UNION ALL (SELECT id FROM customers) ORDER BY n DESC LIMIT 3
-- same: except
SELECT customer_id FROM orders EXCEPT SELECT id FROM customers
-- same: intersect
SELECT customer_id FROM orders INTERSECT SELECT id FROM customers
-- same: nested set operations
SELECT id FROM products UNION (SELECT id FROM orders EXCEPT SELECT id FROM customers)
-- same: with
WITH big AS (SELECT * FROM orders WHERE total > 10) SELECT customer_id, COUNT(*) FROM big GROUP BY customer_id
-- same: with, several
WITH a AS (SELECT * FROM orders), b AS (SELECT customer_id, SUM(total) AS s FROM a GROUP BY customer_id) SELECT c.name, b.s FROM b JOIN customers c ON c.id = b.customer_id
-- same: with column names
WITH a (x, y) AS (SELECT id, total FROM orders) SELECT x, y FROM a
-- same: with in other letters
WITH Big AS (SELECT id FROM orders) SELECT bIG.id FROM bIG
-- same: with inside a subquery
SELECT id FROM orders WHERE total = (WITH m AS (SELECT MAX(total) AS t FROM orders) SELECT t FROM m)
-- same: with inside a derived table
SELECT x.n FROM (WITH m AS (SELECT COUNT(*) AS n FROM orders) SELECT n FROM m) x
-- same: with inside with
WITH a AS (WITH b AS (SELECT total FROM orders) SELECT SUM(total) AS s FROM b) SELECT s FROM a
-- refused: inner with of the name of an outer one
WITH a AS (SELECT 1 AS n) SELECT (WITH a AS (SELECT COUNT(*) AS n FROM orders) SELECT n FROM a) AS i, n FROM a
-- same: recursive numbers joined to a limited table
WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT r.n, o.total FROM r LEFT JOIN orders o ON o.id = r.n
-- same: recursion over a limited table
WITH RECURSIVE r AS (SELECT id, parent_id FROM orders WHERE parent_id IS NULL UNION ALL SELECT o.id, o.parent_id FROM orders o JOIN r ON o.parent_id = r.id) SELECT * FROM r
-- same: window functions
SELECT id, ROW_NUMBER() OVER (ORDER BY total DESC, id) AS n, SUM(total) OVER (PARTITION BY customer_id) AS s, LAG(total) OVER w AS l FROM orders WINDOW w AS (ORDER BY id)
-- same: median
SELECT DISTINCT MEDIAN(total) OVER () AS m FROM orders
-- same: scalar subquery
SELECT name, (SELECT SUM(total) FROM orders WHERE customer_id = customers.id) AS s FROM customers
-- same: scalar subquery without a name
SELECT (SELECT COUNT(*) FROM orders), (SELECT MAX(total) FROM orders WHERE region = 'EU' AND id IN (SELECT id FROM orders WHERE total IS NOT NULL) AND ordered >= '2000-01-01' AND ordered < '2100-01-01' AND customer_id IN (SELECT id FROM customers WHERE name IS NOT NULL))
-- same: in
SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 10)
-- same: not in
SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM orders WHERE product_id IS NOT NULL)
-- same: exists
SELECT p.id FROM products p WHERE EXISTS (SELECT * FROM orders o WHERE o.product_id = p.id)
-- same: not exists
SELECT p.id FROM products p WHERE NOT EXISTS (SELECT * FROM orders o WHERE o.product_id = p.id)
-- same: any and all
SELECT id FROM products WHERE price < ANY (SELECT total FROM orders) AND price <> ALL (SELECT total FROM orders)
-- same: rows in
SELECT id FROM orders WHERE (customer_id, region) IN (SELECT id, region FROM customers)
-- same: natural join
SELECT * FROM orders NATURAL JOIN customers
-- same: natural left join
SELECT COUNT(*) FROM orders NATURAL LEFT JOIN products
-- same: using
SELECT region, COUNT(*) FROM orders JOIN customers USING (region) GROUP BY region
-- same: parenthesised joins
SELECT o.id FROM (orders o JOIN customers c ON c.id = o.customer_id) LEFT JOIN (products p, orders q) ON p.id = o.product_id AND q.id = o.id
-- same: comma list
SELECT o.id, c.name FROM orders o, customers c WHERE o.customer_id = c.id
-- same: straight join
SELECT STRAIGHT_JOIN o.id FROM orders o STRAIGHT_JOIN customers c ON c.id = o.customer_id
-- same: table in parentheses
SELECT COUNT(*) FROM ((orders))
-- same: braces of ODBC
SELECT o.id FROM { OJ orders o LEFT JOIN customers c ON c.id = o.customer_id }
-- same: self join
SELECT a.id, b.id FROM orders a JOIN orders b ON a.customer_id = b.customer_id AND a.id < b.id
-- same: alias of another table's name
SELECT customers.total, orders.name FROM orders AS customers JOIN customers AS orders ON orders.id = customers.customer_id
-- same: alias of a forbidden table's name
SELECT secrets.id FROM orders AS secrets
-- same: alias in other letters
SELECT O.id FROM orders AS O
-- same: derived table
SELECT d.n FROM (SELECT customer_id, COUNT(*) AS n FROM orders GROUP BY customer_id) d
-- same: derived table of a limited table's name
SELECT orders.n FROM (SELECT COUNT(*) AS n FROM orders) AS orders
-- same: star of one of two
SELECT o.*, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
-- same: quoted names
SELECT `orders`.`id` FROM `orders`
-- same: a table with a reserved word's name
SELECT `select`.`from`, `select`.`order by` FROM `select`
-- same: a table with spaces and quotes
SELECT `odd ``name'"`.`a b` FROM `odd ``name'"`
-- same: a table with letters beyond
SELECT * FROM `bestellungen_ä☎`
-- same: a mixed case table
SELECT * FROM `MixedCase` m WHERE m.Amount > 0
-- same: comments around names
SELECT /* a */ id -- b
FROM /* orders */ orders # c
WHERE /* region */ total > 0
-- same: masked column is null
SELECT id FROM orders WHERE email IS NULL
-- same: masked column is not null
SELECT id FROM orders WHERE email IS NOT NULL OR email LIKE '%HIDDEN%'
-- same: masked column compared
SELECT COUNT(*) FROM orders WHERE note = 'masked'
-- same: masked column grouped and concatenated
SELECT GROUP_CONCAT(note ORDER BY id SEPARATOR '/'), MAX(email), MIN(note), COUNT(email), COUNT(DISTINCT note) FROM orders
-- same: masked column searched
SELECT id FROM orders WHERE note LIKE '%HID%' OR note REGEXP 'HID' OR LOCATE('HIDDEN', note) > 0
-- same: masked column ordered
SELECT id FROM orders ORDER BY note, email, id LIMIT 2
-- same: masked column joined
SELECT COUNT(*) FROM orders o JOIN customers c ON c.email = o.email
-- same: case
SELECT CASE WHEN total > 10 THEN 'large' ELSE 'small' END AS size, COUNT(*) FROM orders GROUP BY size
-- same: subquery in CASE
SELECT CASE WHEN (SELECT COUNT(*) FROM orders) > 3 THEN 1 ELSE 0 END
-- same: subquery in ORDER BY
SELECT name FROM customers c ORDER BY (SELECT COUNT(*) FROM orders o WHERE o.customer_id = c.id) DESC, name LIMIT 1
-- same: subquery in GROUP BY
SELECT COUNT(*) FROM customers c GROUP BY (SELECT COUNT(*) FROM orders o WHERE o.customer_id = c.id)
-- same: subquery in HAVING
SELECT customer_id FROM orders GROUP BY customer_id HAVING SUM(total) >= (SELECT AVG(total) FROM orders)
-- same: subquery in ON
SELECT p.id, c.id FROM products p JOIN customers c ON c.id = (SELECT MIN(o.customer_id) FROM orders o WHERE o.product_id = p.id)
-- same: subquery in a window
SELECT id, SUM(total) OVER (ORDER BY id) AS s FROM (SELECT id, total FROM orders) d
-- same: subquery in a function's argument
SELECT CONCAT('n=', (SELECT COUNT(*) FROM orders)), COALESCE((SELECT MAX(total) FROM orders WHERE total > 1000), 0)
-- same: subquery in BETWEEN and IN list
SELECT id FROM products WHERE price BETWEEN (SELECT MIN(total) FROM orders) AND (SELECT MAX(total) FROM orders) OR id IN (1, (SELECT COUNT(*) FROM orders))
-- same: subquery in VALUES
SELECT * FROM (VALUES ((SELECT COUNT(*) FROM orders)), ((SELECT SUM(total) FROM orders))) v
-- same: subquery in a row
SELECT (1, 2) = ((SELECT COUNT(*) FROM orders), 2)
-- same: json of a limited table
SELECT JSON_ARRAYAGG(JSON_OBJECT('id', id, 'note', note, 'email', email)) FROM (SELECT * FROM orders ORDER BY id) o
-- same: json of a document column
SELECT id, JSON_VALUE(doc, '$.tag') FROM orders
-- same: JSON_TABLE over a limited table's column
SELECT o.id, j.t FROM orders o, JSON_TABLE(o.doc, '$' COLUMNS (t VARCHAR(20) PATH '$.tag')) j
-- same: JSON_TABLE over a subquery
SELECT j.n FROM JSON_TABLE((SELECT JSON_ARRAYAGG(total) FROM orders), '$[*]' COLUMNS (n INT PATH '$')) j
-- same: fetch
SELECT id FROM orders ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY
-- same: index hints of a free table
SELECT name FROM products USE INDEX (by_price) WHERE price > 1
-- same: hints that only choose a plan
SELECT /*+ MERGE(orders) */ id FROM orders WHERE total > 0
-- same: no table at all
SELECT 1 + 1 AS two, NOW() IS NOT NULL AS now
-- same: dual
SELECT 1 FROM DUAL WHERE EXISTS (SELECT 1 FROM orders)
-- same: values
VALUES (1), ((SELECT COUNT(*) FROM orders))
-- same: hexadecimal numbers and texts
SELECT id FROM orders WHERE region = x'4555' AND total > 0x1
-- same: binary and collations
SELECT id FROM orders WHERE BINARY region = 'EU' AND region COLLATE utf8mb4_bin = 'EU'
-- same: a partitioned table
SELECT region, SUM(amount) FROM parts GROUP BY region
-- same: a table with history
SELECT * FROM prices
-- same: a rule with hostile texts
SELECT * FROM hostile
-- same: overflow on hidden rows
SELECT id FROM orders WHERE EXP(total) > 0
-- same: integer overflow on hidden rows
SELECT id FROM orders WHERE total * 100000000000000000 > 0
-- same: broken pattern on hidden rows
SELECT id FROM orders WHERE 'a' REGEXP region OR id > 0
-- same: path over documents of hidden rows
SELECT id, ExtractValue(CONCAT('<a>', region, '</a>'), '/a') AS v, UpdateXML(region, '/a', 'x') AS u FROM orders
-- same: missing values in documents of hidden rows
SELECT o.id, j.t FROM orders o, JSON_TABLE(o.doc, '$' COLUMNS (t INT PATH '$.tag' NULL ON EMPTY NULL ON ERROR)) j WHERE o.id > 0
-- safe: errors in documents of hidden rows
SELECT o.id, j.t FROM orders o, JSON_TABLE(o.doc, '$' COLUMNS (t INT PATH '$.tag' ERROR ON EMPTY ERROR ON ERROR)) j
-- safe: path from a row
SELECT id FROM orders WHERE ExtractValue('<a/>', CONCAT('/', region)) IS NOT NULL
-- same: many rows on hidden rows
SELECT id FROM orders o WHERE (SELECT o.total UNION SELECT IF(o.total > 1000, 0, o.total)) IS NOT NULL
-- same: error in ON
SELECT o.id FROM products p JOIN orders o ON o.product_id = p.id AND EXP(o.total) > 0
-- same: error in a correlated subquery
SELECT c.id FROM customers c WHERE (SELECT MAX(EXP(o.total)) FROM orders o WHERE o.customer_id = c.id) > 0
-- same: error in HAVING without groups
SELECT id, total FROM orders HAVING EXP(total) > 0
-- same: error through IN
SELECT 1 FROM products WHERE 1 IN (SELECT EXP(total) > 0 FROM orders)
-- same: error with a limit of the own
SELECT id FROM orders WHERE EXP(total) > 0 LIMIT 100
-- same: error through a derived table
SELECT d.id FROM (SELECT id, total, region FROM orders) d WHERE EXP(d.total) > 0 AND 'a' NOT REGEXP d.region
-- same: error through a WITH query
WITH d AS (SELECT id, total FROM orders) SELECT id FROM d WHERE EXP(total) > 0
-- same: error through a union
SELECT id FROM (SELECT id, total FROM orders UNION SELECT id, price FROM products) u WHERE EXP(total) > 0
-- same: error through grouping
SELECT customer_id FROM (SELECT customer_id, region, MAX(total) AS m FROM orders GROUP BY customer_id, region) g WHERE EXP(m) > 0 AND 'a' NOT REGEXP region
-- same: error through a window
SELECT id FROM (SELECT id, total, ROW_NUMBER() OVER (PARTITION BY total ORDER BY id) AS n FROM orders) w WHERE EXP(total) > 0 AND n > 0
-- safe: error that shows values
SELECT EXP(~(SELECT GROUP_CONCAT(note, region) FROM orders))
-- safe: error that shows a path
SELECT ExtractValue(1, CONCAT(0x7e, (SELECT GROUP_CONCAT(region, note) FROM orders)))
-- safe: error that shows another path
SELECT UpdateXML(1, CONCAT('~', (SELECT MAX(note) FROM orders)), 1)
-- safe: error of a group key
SELECT COUNT(*), CONCAT((SELECT MAX(note) FROM orders), FLOOR(RAND(0) * 2)) x FROM orders GROUP BY x
-- safe: error of a cast
SELECT CAST(region AS SIGNED), CAST(note AS DATE), note + 0 FROM orders
-- safe: error of geometry
SELECT ST_AsText(ST_GeomFromText(region)) FROM orders
-- safe: error of json
SELECT JSON_EXTRACT(region, '$.a'), JSON_DEPTH(note) FROM orders
-- safe: error of more rows than one
SELECT (SELECT region FROM orders)
-- safe: whole-row references do not exist
SELECT orders FROM orders
-- safe: row identifiers do not exist
SELECT _rowid FROM orders
-- safe: row identifiers of an outer query
SELECT (SELECT MAX(_rowid) FROM orders) FROM products
-- safe: columns of the history do not exist
SELECT row_start, row_end FROM prices
-- safe: full text search in natural language
SELECT id, MATCH (note) AGAINST ('HIDDEN') AS m FROM orders
-- same: full text search
SELECT MATCH (note) AGAINST ('HIDDEN' IN BOOLEAN MODE) FROM orders
-- safe: sequence values
SELECT orders.nextval FROM orders
-- safe: a column alias list
SELECT d.a FROM (SELECT id, note FROM orders) AS d (a, b)
-- safe: LATERAL
SELECT c.id, l.n FROM customers c, LATERAL (SELECT COUNT(*) AS n FROM orders o WHERE o.customer_id = c.id) l
-- safe: a leading dot
SELECT * FROM .orders
-- safe: names of three parts
SELECT * FROM def.shop.orders
-- safe: history of all times
SELECT * FROM prices FOR SYSTEM_TIME ALL
-- safe: history between
SELECT * FROM prices FOR SYSTEM_TIME BETWEEN '2000-01-01' AND NOW()
-- safe: forward references of recursive WITH queries
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1 AS n UNION SELECT n + 1 FROM b WHERE n < 2) SELECT * FROM a
-- safe: the same bare name twice
SELECT * FROM orders JOIN shop.orders
-- safe: index hints of a limited table
SELECT id FROM orders USE INDEX (by_region) WHERE region = 'EU'
-- safe: forced index of a limited table
SELECT id FROM orders o FORCE INDEX FOR ORDER BY (by_region) ORDER BY id
-- safe: a parenthesised WITH does not reach the other side
(WITH cte AS (SELECT 1 AS id) SELECT id FROM cte) UNION SELECT id FROM (SELECT id FROM orders) x
-- safe: WITH before parentheses
WITH cte AS (SELECT COUNT(*) AS id FROM orders) (SELECT id FROM cte) UNION SELECT id + 1 FROM cte
-- safe: star of a table that is not there
SELECT secrets.* FROM orders
-- safe: procedure
SELECT * FROM orders PROCEDURE ANALYSE()
-- safe: parameters are no tables
SELECT * FROM ?
-- refused: a view
SELECT * FROM order_view
-- refused: a view by its full name
SELECT * FROM shop.order_view v
-- refused: a view in a subquery
SELECT id FROM products WHERE id IN (SELECT id FROM order_view)
-- refused: a forbidden table
SELECT * FROM secrets
-- refused: a table that nobody knows
SELECT * FROM no_such_table
-- refused: another database
SELECT * FROM other.orders
-- refused: another database in other letters
SELECT * FROM `OTHER`.`orders`
-- refused: the table that differs in a letter's case
SELECT * FROM Orders
-- refused: the table in capitals
SELECT * FROM ORDERS
-- refused: the schema in capitals
SELECT * FROM SHOP.orders
-- refused: spaces around a name
SELECT * FROM ` orders`
-- refused: a forbidden table in a join
SELECT * FROM orders o JOIN secrets s ON s.id = o.id
-- refused: a forbidden table in parentheses
SELECT * FROM (orders o JOIN (secrets s) ON s.id = o.id)
-- refused: a forbidden table in a comma list
SELECT * FROM products, secrets
-- refused: a forbidden table in natural join
SELECT * FROM orders NATURAL JOIN secrets
-- refused: a forbidden table in SELECT
SELECT (SELECT MAX(note) FROM secrets)
-- refused: a forbidden table in WHERE
SELECT id FROM products WHERE EXISTS (SELECT 1 FROM secrets WHERE note LIKE 'H%')
-- refused: a forbidden table in ORDER BY
SELECT id FROM products ORDER BY (SELECT MAX(note) FROM secrets)
-- refused: a forbidden table in ORDER BY of a union
SELECT 1 AS a UNION SELECT 2 ORDER BY (SELECT MAX(note) FROM secrets)
-- refused: a forbidden table in GROUP BY
SELECT COUNT(*) FROM products GROUP BY (SELECT MAX(note) FROM secrets)
-- refused: a forbidden table in HAVING
SELECT COUNT(*) FROM products HAVING (SELECT MAX(note) FROM secrets) IS NOT NULL
-- refused: a forbidden table in ON
SELECT 1 FROM products a JOIN products b ON (SELECT COUNT(*) FROM secrets) > 0
-- refused: a forbidden table in a window
SELECT SUM(price) OVER (PARTITION BY (SELECT COUNT(*) FROM secrets)) FROM products
-- refused: a forbidden table in a named window
SELECT SUM(price) OVER w FROM products WINDOW w AS (ORDER BY (SELECT COUNT(*) FROM secrets))
-- refused: a forbidden table in the order of GROUP_CONCAT
SELECT GROUP_CONCAT(name ORDER BY (SELECT MAX(note) FROM secrets)) FROM products
-- refused: a forbidden table in an interval
SELECT NOW() + INTERVAL (SELECT COUNT(*) FROM secrets) DAY
-- refused: a forbidden table in VALUES
VALUES ((SELECT MAX(note) FROM secrets))
-- refused: a forbidden table in VALUES ROW
VALUES ROW((SELECT MAX(note) FROM secrets))
-- refused: a forbidden table in CASE
SELECT CASE 1 WHEN 1 THEN (SELECT MAX(note) FROM secrets) END
-- refused: a forbidden table in AGAINST
SELECT MATCH (name) AGAINST ((SELECT MAX(note) FROM secrets)) FROM products
-- refused: a forbidden table in JSON_TABLE
SELECT * FROM JSON_TABLE((SELECT JSON_ARRAYAGG(note) FROM secrets), '$[*]' COLUMNS (n TEXT PATH '$')) j
-- refused: a forbidden table in BETWEEN
SELECT 1 BETWEEN 0 AND (SELECT COUNT(*) FROM secrets)
-- refused: a forbidden table in a quantified comparison
SELECT 'a' > ALL (SELECT note FROM secrets)
-- refused: a forbidden table in a percentile
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY (SELECT note FROM secrets)) OVER () FROM products
-- refused: a forbidden table in EXTRACT and friends
SELECT EXTRACT(YEAR FROM (SELECT MAX(note) FROM secrets)), TRIM(LEADING 'x' FROM (SELECT MAX(note) FROM secrets))
-- refused: a forbidden table in CAST
SELECT CAST((SELECT MAX(note) FROM secrets) AS CHAR), CONVERT((SELECT MAX(note) FROM secrets) USING utf8mb4)
-- refused: a forbidden table in a set operation
SELECT id FROM products EXCEPT SELECT id FROM secrets
-- refused: a forbidden table in a deep set operation
SELECT 1 UNION (SELECT 2 UNION (SELECT 3 INTERSECT SELECT id FROM secrets))
-- refused: TABLE of a forbidden table
TABLE secrets
-- refused: TABLE of a forbidden table in IN
SELECT 1 IN (TABLE secrets)
-- refused: TABLE of a forbidden table in a derived table
SELECT * FROM (TABLE secrets) t
-- refused: a WITH query of a limited table's name that reads it
WITH orders AS (SELECT * FROM orders) SELECT * FROM orders
-- refused: a WITH query of a limited table's name
WITH orders AS (SELECT 1 AS id) SELECT * FROM orders
-- refused: a WITH query of its name in other letters
WITH ORDERS AS (SELECT 1 AS id) SELECT * FROM orders
-- refused: a WITH query of its name, recursive
WITH RECURSIVE orders AS (SELECT 1 AS id UNION SELECT id FROM orders) SELECT * FROM orders
-- refused: a WITH query of its name in a subquery
SELECT (WITH products AS (SELECT 1 AS id) SELECT MAX(id) FROM products)
-- refused: a WITH query of a forbidden table's name that reads it
WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets
-- refused: the same by the full name
WITH secrets AS (SELECT 1 AS id) SELECT * FROM shop.secrets
-- refused: a later WITH query of a forbidden table's name
WITH a AS (SELECT * FROM secrets), secrets AS (SELECT 1 AS id) SELECT * FROM a
-- refused: a later recursive WITH query of a forbidden table's name
WITH RECURSIVE a AS (SELECT * FROM secrets), secrets AS (SELECT 1 AS id) SELECT * FROM a
-- refused: outside the scope of a WITH query
SELECT (WITH secrets AS (SELECT 1 AS id) SELECT id FROM secrets), (SELECT MAX(id) FROM secrets)
-- refused: outside the parentheses of a WITH query
(WITH secrets AS (SELECT 1 AS id) SELECT id FROM secrets) UNION SELECT id FROM secrets
-- refused: beside a derived table with WITH
SELECT * FROM (WITH secrets AS (SELECT 1 AS id) SELECT id FROM secrets) d, secrets
-- refused: after a nested set operation with WITH
SELECT 1 UNION (WITH secrets AS (SELECT 1 AS id) SELECT id FROM secrets UNION SELECT 2) UNION SELECT id FROM secrets
-- same: a WITH query of a forbidden table's name
WITH secrets AS (SELECT COUNT(*) AS id FROM orders) SELECT id FROM secrets
-- same: the same in other letters
WITH secrets AS (SELECT COUNT(*) AS id FROM orders) SELECT SECRETS.id FROM SECRETS
-- same: a WITH query of the other table's name
WITH order_view AS (SELECT COUNT(*) AS id FROM orders) SELECT id FROM order_view UNION SELECT id + 1 FROM order_view
-- same: the name reaches into subqueries
WITH secrets AS (SELECT COUNT(*) AS id FROM orders) SELECT (SELECT id FROM secrets), (SELECT MAX(id) FROM (SELECT id FROM secrets) d) FROM secrets WHERE EXISTS (SELECT 1 FROM secrets)
-- refused: an inner one of a forbidden table's name beside the outer
WITH secrets AS (SELECT 1 AS id), b AS (WITH secrets AS (SELECT 2 AS id) SELECT * FROM secrets) SELECT * FROM b
-- refused: an inner one of a forbidden table's name in its own body
WITH secrets AS (WITH secrets AS (SELECT 2 AS id) SELECT * FROM secrets) SELECT * FROM secrets
-- safe: the WITH queries of a derived table do not see those around it
WITH secrets AS (SELECT 1 AS id) SELECT * FROM (WITH b AS (SELECT id + 1 AS id FROM secrets) SELECT id FROM b) d
-- safe: the WITH queries of a scalar subquery do not see those around it
WITH secrets AS (SELECT 1 AS id) SELECT (WITH b AS (SELECT id + 1 AS id FROM secrets) SELECT id FROM b)
-- safe: the WITH queries of a subquery in WHERE do not see those around it
WITH secrets AS (SELECT 1 AS id) SELECT 1 FROM products WHERE 2 IN (WITH b AS (SELECT id + 1 AS id FROM secrets) SELECT id FROM b)
-- safe: nor those of recursive ones
WITH RECURSIVE secrets AS (SELECT 1 AS id UNION SELECT id FROM secrets) SELECT * FROM (WITH RECURSIVE b AS (SELECT id FROM secrets UNION SELECT id + 1 FROM b WHERE id < 3) SELECT id FROM b) d
-- safe: nor those of a deeper one
WITH secrets AS (SELECT 1 AS id), a AS (SELECT * FROM (WITH b AS (SELECT * FROM (WITH c AS (SELECT id FROM secrets) SELECT * FROM c) e) SELECT * FROM b) d) SELECT * FROM a
-- safe: the WITH queries of a WITH query
WITH secrets AS (SELECT 1 AS id), a AS (WITH b AS (SELECT id FROM secrets) SELECT * FROM b) SELECT * FROM a
-- same: the name reaches into a union's derived tables
WITH secrets AS (SELECT 1 AS id) SELECT * FROM (SELECT id FROM secrets UNION ALL SELECT id + 1 FROM secrets) d
-- same: the name reaches into both sides of a union
WITH secrets AS (SELECT 1 AS id) SELECT id FROM secrets UNION ALL (SELECT id FROM secrets UNION ALL SELECT id + 1 FROM secrets)
-- same: the name reaches before parentheses
WITH secrets AS (SELECT 1 AS id) (SELECT id FROM secrets) UNION ALL SELECT id + 1 FROM secrets
-- same: a recursive one of a forbidden table's name
WITH RECURSIVE secrets AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM secrets WHERE id < 3) SELECT * FROM secrets
-- refused: an inner one of a forbidden table's name that reads the outer
WITH secrets AS (SELECT 1 AS id) SELECT * FROM (WITH secrets AS (SELECT id + 1 AS id FROM secrets) SELECT id FROM secrets) d
-- refused: partitions of a limited table
SELECT * FROM parts PARTITION (p_other)
-- refused: partitions under an alias
SELECT SUM(x.amount) FROM parts PARTITION (p_eu, p_other) AS x
-- refused: history of a limited table
SELECT * FROM prices FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01 00:00:00'
-- refused: history of now
SELECT * FROM prices FOR SYSTEM_TIME AS OF NOW()
-- refused: history through a WITH query, which reaches all tables in it
WITH d AS (SELECT * FROM prices) SELECT * FROM d FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01 00:00:00'
-- refused: history through a WITH query of now
WITH d AS (SELECT * FROM (SELECT * FROM prices) x) SELECT * FROM d FOR SYSTEM_TIME AS OF NOW()
-- safe: history through a derived table
SELECT * FROM (SELECT * FROM prices) FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01 00:00:00' x
-- safe: partitions of a WITH query
WITH d AS (SELECT * FROM parts) SELECT * FROM d PARTITION (p_other)
-- refused: a sample
SELECT * FROM orders TABLESAMPLE SYSTEM (50)
-- refused: explain
EXPLAIN SELECT * FROM orders
-- refused: explain in JSON
EXPLAIN FORMAT=JSON SELECT * FROM orders WHERE region = 'US'
-- refused: explain extended
EXPLAIN EXTENDED SELECT 1 FROM products WHERE EXISTS (SELECT 1 FROM orders)
-- refused: analyze
ANALYZE SELECT * FROM orders
-- refused: analyze in JSON
ANALYZE FORMAT=JSON SELECT COUNT(*) FROM orders WHERE total > 1000
-- refused: describe of a query
DESC SELECT * FROM (SELECT * FROM orders) d
-- refused: describe of a limited table
DESCRIBE orders
-- refused: columns of a limited table
SHOW COLUMNS FROM orders
-- refused: columns of a view
SHOW COLUMNS FROM order_view
-- refused: indexes and their estimates
SHOW INDEX FROM orders
-- refused: table status and its estimates
SHOW TABLE STATUS
-- refused: the text of a table
SHOW CREATE TABLE orders
-- refused: the text of a view
SHOW CREATE VIEW order_view
-- refused: tables
SHOW TABLES
-- refused: databases
SHOW DATABASES
-- refused: what the session read
SHOW STATUS LIKE 'Handler_read%'
-- refused: warnings of whoever had the session before
SHOW WARNINGS
-- refused: a subquery in SHOW
SHOW VARIABLES WHERE (SELECT MAX(note) FROM secrets) = 'x'
-- refused: information_schema tables
SELECT table_name, table_rows FROM information_schema.tables
-- refused: information_schema in other letters
SELECT * FROM Information_Schema.`COLUMNS`
-- refused: index statistics
SELECT * FROM information_schema.statistics
-- refused: partitions of the catalog
SELECT partition_description FROM information_schema.partitions
-- refused: views of the catalog
SELECT view_definition FROM information_schema.views
-- refused: statistics of the server
SELECT * FROM mysql.column_stats
-- refused: index statistics of the server
SELECT * FROM mysql.innodb_index_stats
-- refused: performance schema
SELECT * FROM performance_schema.events_statements_history
-- refused: sys
SELECT * FROM sys.statement_analysis
-- refused: a stored function that was vouched for
SELECT leak()
-- refused: the same with its schema
SELECT shop.leak()
-- refused: a stored function of an allowed name
SELECT bin_to_uuid('x')
-- refused: rows of the last question
SELECT FOUND_ROWS()
-- refused: a default
SELECT DEFAULT(note) FROM orders
-- refused: a default of a table by its name
SELECT DEFAULT(orders.email) FROM orders
-- refused: a comment that some servers run
SELECT * FROM /*!secrets*/ orders
-- refused: a comment that MariaDB runs
SELECT * FROM orders /*M! UNION SELECT * FROM secrets */
-- refused: two statements
SELECT * FROM orders; SELECT * FROM secrets
-- refused: a user variable
SELECT @x := note FROM orders
-- refused: a prepared statement
EXECUTE IMMEDIATE 'SELECT * FROM secrets'
-- refused: HANDLER
HANDLER orders READ FIRST
-- refused: a locked read
SELECT * FROM orders FOR UPDATE
-- refused: a sequence of the server
SELECT * FROM seq_1_to_10
