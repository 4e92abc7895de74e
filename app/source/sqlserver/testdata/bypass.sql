-- same: all columns
SELECT * FROM orders

-- same: columns by alias
SELECT o.id, o.total, o.email, o.note FROM orders AS o WHERE o.total > 10

-- same: columns by the table's name
SELECT orders.id, orders.note FROM orders ORDER BY orders.id

-- same: columns by schema and table
SELECT dbo.orders.id, dbo.orders.total FROM dbo.orders WHERE dbo.orders.total > 10 ORDER BY dbo.orders.id

-- same: all columns by schema and table
SELECT dbo.orders.* FROM dbo.orders

-- same: other letters' case
SELECT ID, Total FROM ORDERS WHERE REGION = 'EU'

-- same: quoted
SELECT "orders"."id", [orders].[total] FROM "dbo"."orders"

-- same: brackets and comments
SELECT [o].[id] FROM /* FROM salaries */ [dbo] . [orders] AS [o] -- JOIN salaries

-- same: an alias without AS
SELECT o.id, c.name FROM orders o INNER JOIN customers c ON c.id = o.customer_id

-- same: count and sum
SELECT COUNT(*) AS n, SUM(total) AS total, MIN(total) AS least, MAX(total) AS most, COUNT(email) AS emails FROM orders

-- same: group by
SELECT region, COUNT(*) AS n, SUM(total) AS total FROM orders GROUP BY region HAVING COUNT(*) > 0 ORDER BY total DESC

-- same: group by month
SELECT DATEADD(month, DATEDIFF(month, CAST('1753-01-01' AS date), placed_at), CAST('1753-01-01' AS date)) AS month, SUM(total) AS total FROM orders GROUP BY DATEADD(month, DATEDIFF(month, CAST('1753-01-01' AS date), placed_at), CAST('1753-01-01' AS date))

-- same: rollup
SELECT region, customer_id, SUM(total) AS total FROM orders GROUP BY ROLLUP (region, customer_id)

-- same: cube
SELECT region, customer_id, COUNT(*) AS n FROM orders GROUP BY CUBE (region, customer_id)

-- same: grouping sets
SELECT region, customer_id, SUM(total) AS total FROM orders GROUP BY GROUPING SETS ((region), (customer_id), ())

-- same: distinct
SELECT DISTINCT region FROM orders

-- same: top
SELECT TOP (3) id, total FROM orders ORDER BY total DESC, id

-- same: offset and fetch
SELECT id FROM orders ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY

-- same: left join
SELECT c.name, COUNT(o.id) AS n FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.id GROUP BY c.name

-- same: right join
SELECT c.id, o.id FROM orders AS o RIGHT JOIN customers AS c ON o.customer_id = c.id

-- same: full join
SELECT c.id, o.id FROM orders AS o FULL OUTER JOIN customers AS c ON o.customer_id = c.id

-- same: cross join
SELECT COUNT(*) AS n FROM orders CROSS JOIN customers

-- same: a list of tables
SELECT o.id, p.name FROM orders AS o, products AS p, customers WHERE customers.id = o.customer_id AND p.id = 1

-- same: a join in parentheses
SELECT o.id, c.name FROM (orders AS o INNER JOIN customers AS c ON c.id = o.customer_id) INNER JOIN products AS p ON p.id = 1

-- same: a free table
SELECT id, name, price FROM products WHERE price > 1 ORDER BY price

-- same: a free table by its schema
SELECT dbo.products.name FROM dbo.products

-- same: a free table in other letters' case
SELECT PRODUCTS.id FROM PRODUCTS

-- same: the same name in another schema
SELECT s.label FROM sales.orders AS s JOIN dbo.orders AS o ON o.id = s.id

-- same: a free table of another schema by its name
SELECT sales.orders.label FROM sales.orders

-- same: self join
SELECT a.id, b.id FROM orders AS a JOIN orders AS b ON a.customer_id = b.customer_id AND a.id < b.id

-- same: the same table in a subquery
SELECT id FROM orders WHERE total > (SELECT AVG(total) FROM orders)

-- same: correlated exists
SELECT name FROM customers WHERE EXISTS (SELECT 1 FROM orders WHERE orders.customer_id = customers.id)

-- same: correlated by schema and table
SELECT dbo.customers.name FROM dbo.customers WHERE EXISTS (SELECT 1 FROM dbo.orders WHERE dbo.orders.customer_id = dbo.customers.id)

-- same: not exists
SELECT p.id FROM products AS p WHERE NOT EXISTS (SELECT * FROM orders AS o WHERE o.id = p.id)

-- same: in a list of a query
SELECT id FROM products WHERE id IN (SELECT customer_id FROM orders)

-- same: not in a list of a query
SELECT id FROM products WHERE id NOT IN (SELECT id FROM orders)

-- same: all and any
SELECT id FROM products WHERE price >= ALL (SELECT total FROM orders) OR price < ANY (SELECT total FROM orders)

-- same: a scalar subquery in the list
SELECT c.name, (SELECT SUM(o.total) FROM orders AS o WHERE o.customer_id = c.id) AS total FROM customers AS c

-- same: a subquery in case
SELECT CASE WHEN (SELECT COUNT(*) FROM orders) > 3 THEN 'many' ELSE 'few' END AS a

-- same: a subquery in a function
SELECT COALESCE((SELECT MAX(note) FROM orders), 'none') AS a, CONCAT((SELECT COUNT(*) FROM orders), ' orders') AS b

-- same: a subquery in having
SELECT customer_id FROM orders GROUP BY customer_id HAVING SUM(total) >= (SELECT AVG(total) FROM orders)

-- same: a subquery in order by
SELECT id FROM products ORDER BY (SELECT COUNT(*) FROM orders WHERE orders.id = products.id), id

-- same: a subquery in top
SELECT TOP (SELECT COUNT(*) FROM customers) id FROM products ORDER BY id

-- same: a subquery in offset
SELECT id FROM products ORDER BY id OFFSET (SELECT COUNT(*) - 5 FROM orders) ROWS FETCH NEXT 5 ROWS ONLY

-- same: a subquery in a join's condition
SELECT p.id FROM products AS p JOIN sales.orders AS s ON s.id = p.id AND s.id IN (SELECT id FROM orders)

-- same: a subquery in values
SELECT v.a FROM (VALUES ((SELECT COUNT(*) FROM orders)), (0)) AS v (a)

-- same: a derived table
SELECT d.region, d.total FROM (SELECT region, SUM(total) AS total FROM orders GROUP BY region) AS d

-- same: a derived table with an order
SELECT d.id FROM (SELECT TOP (2) id FROM orders ORDER BY id) AS d

-- same: a derived table with its columns
SELECT d.a FROM (SELECT id, note FROM orders) AS d (a, b)

-- same: union
SELECT id, note FROM orders UNION SELECT id, name FROM products

-- same: union all
SELECT id FROM orders UNION ALL SELECT id FROM orders ORDER BY id

-- same: except
SELECT id FROM products EXCEPT SELECT id FROM orders

-- same: intersect
SELECT id FROM products INTERSECT SELECT id FROM orders

-- same: except the other way round
SELECT id FROM orders EXCEPT SELECT id FROM products WHERE id < 3

-- same: nested set operations
SELECT x.id FROM (SELECT id FROM orders UNION SELECT id FROM customers EXCEPT SELECT id FROM products) AS x

-- same: a WITH query
WITH totals AS (SELECT customer_id, SUM(total) AS total FROM orders GROUP BY customer_id) SELECT c.name, t.total FROM totals AS t JOIN customers AS c ON c.id = t.customer_id

-- same: a WITH query with its columns
WITH totals (c, t) AS (SELECT customer_id, SUM(total) FROM orders GROUP BY customer_id) SELECT c, t FROM totals

-- same: two WITH queries
WITH a AS (SELECT id, total FROM orders), b AS (SELECT SUM(total) AS total FROM a) SELECT a.id, a.total, b.total FROM a CROSS JOIN b

-- same: a WITH query in other letters' case
WITH Totals AS (SELECT id FROM orders) SELECT TOTALS.id FROM TOTALS

-- same: a WITH query over set operations
WITH u AS (SELECT id FROM orders UNION ALL SELECT id FROM customers) SELECT COUNT(*) AS n FROM u WHERE id IN (SELECT id FROM u)

-- same: a WITH query in quotes
WITH [my orders] AS (SELECT id FROM orders) SELECT * FROM "my orders"

-- same: a series
WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT n.i, COUNT(o.id) AS orders FROM n LEFT JOIN orders AS o ON o.id = n.i GROUP BY n.i

-- same: a tree
WITH tree AS (SELECT id, name, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, t.depth + 1 FROM employees AS e JOIN tree AS t ON e.manager_id = t.id) SELECT id, name, depth FROM tree

-- same: a tree by the tables' names
WITH tree AS (SELECT id, name FROM employees WHERE manager_id IS NULL UNION ALL SELECT employees.id, employees.name FROM employees JOIN tree ON employees.manager_id = tree.id) SELECT * FROM tree

-- same: row numbers
SELECT id, ROW_NUMBER() OVER (PARTITION BY region ORDER BY total DESC, id) AS n, SUM(total) OVER (PARTITION BY region) AS total FROM orders

-- same: lag and running sum
SELECT id, LAG(total) OVER (ORDER BY id) AS before, SUM(total) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS running FROM orders

-- same: ranks
SELECT d.id FROM (SELECT id, RANK() OVER (ORDER BY total DESC) AS r FROM orders) AS d WHERE d.r <= 2

-- same: ntile over a subquery
SELECT id, NTILE(2) OVER (ORDER BY (SELECT COUNT(*) FROM customers WHERE customers.id = orders.customer_id), id) AS half FROM orders

-- same: cross apply
SELECT c.name, o.id FROM customers AS c CROSS APPLY (SELECT TOP (1) x.id FROM orders AS x WHERE x.customer_id = c.id ORDER BY x.total DESC, x.id) AS o

-- same: outer apply
SELECT c.name, o.id FROM customers AS c OUTER APPLY (SELECT TOP (1) id FROM orders WHERE customer_id = c.id ORDER BY total DESC, id) AS o

-- same: apply values
SELECT o.id, v.a FROM orders AS o CROSS APPLY (VALUES (o.total), (o.total * 2)) AS v (a)

-- same: apply a function
SELECT o.id, s.value FROM orders AS o CROSS APPLY STRING_SPLIT(o.region, ',') AS s

-- same: pivot
SELECT p.region, p.[1], p.[2] FROM (SELECT region, customer_id, total FROM orders) AS s PIVOT (SUM(total) FOR customer_id IN ([1], [2])) AS p

-- same: json out
SELECT id, total FROM orders ORDER BY id FOR JSON PATH

-- same: string_agg
SELECT region, STRING_AGG(note, ',') AS notes FROM orders GROUP BY region

-- same: hints
SELECT o.id FROM orders AS o WITH (NOLOCK) WHERE o.total > 0

-- same: hints without WITH
SELECT id FROM orders (NOLOCK) WHERE total > 0

-- same: hints on several tables
SELECT o.id, p.name FROM orders o WITH (NOLOCK) INNER JOIN products p WITH (NOLOCK) ON p.id = o.id OPTION (MAXDOP 1)

-- same: an alias that is another table's name
SELECT customers.id, customers.note FROM orders AS customers

-- same: an alias that is a forbidden table's name
SELECT salaries.id FROM orders AS salaries

-- same: aliases exchanged
SELECT orders.name, customers.total FROM customers AS orders JOIN orders AS customers ON customers.customer_id = orders.id

-- same: a column named like a table
SELECT o.id AS orders, o.total AS salaries FROM orders AS o ORDER BY orders

-- same: odd names
SELECT d.[unit price], [Order Details].quantity FROM [Order Details] AS d JOIN [Order Details] ON [Order Details].order_id = d.order_id AND [Order Details].product_id = d.product_id

-- same: odd names by schema and table
SELECT dbo.[Order Details].[unit price] FROM [dbo].[Order Details]

-- same: odd names in other letters' case
SELECT SUM([UNIT PRICE] * QUANTITY) AS revenue FROM "order details"

-- same: a reserved word
SELECT [select].[from] FROM [select] WHERE [select].[from] IS NOT NULL

-- same: dates and texts
SELECT id, FORMAT(total, 'N0') AS t, YEAR(placed_at) AS y, UPPER(region) AS r, LEN(note) AS n FROM orders WHERE placed_at >= '2024-01-01' AND region LIKE 'E%'

-- same: masked columns in conditions
SELECT COUNT(*) AS n FROM orders WHERE email IS NULL AND note NOT LIKE '%HIDD' + 'EN%'

-- same: masked columns in joins
SELECT COUNT(*) AS n FROM orders AS o JOIN orders AS p ON o.note = p.note

-- same: masked columns in groups
SELECT note, COUNT(*) AS n FROM orders GROUP BY note ORDER BY note

-- same: masked columns in max and checksum
SELECT MAX(email) AS a, MAX(note) AS b, MIN(LEN(note)) AS c FROM orders

-- same: brackets and a WHERE of its own rule's columns
SELECT id FROM orders WHERE region = 'US' OR region = 'EU' OR 1 = 1

-- same: a division by what only hidden rows have
SELECT id FROM orders WHERE 1 / (total - 666) < 10

-- same: a cast of what only hidden rows have
SELECT id FROM orders WHERE CAST(code AS int) > 0

-- same: a division in the list
SELECT id, 100 / (total - 666) AS a FROM orders

-- same: a division in a join
SELECT o.id FROM products AS p JOIN orders AS o ON o.id = p.id AND 1 / (o.total - 666) < 10

-- same: a division in an aggregate
SELECT SUM(1 / (total - 666)) AS a FROM orders

-- same: a cast in a subquery
SELECT p.id FROM products AS p WHERE p.id IN (SELECT CAST(o.code AS int) FROM orders AS o WHERE CAST(o.code AS int) > 0)

-- same: a cast in a case that cannot be
SELECT COUNT(*) AS n FROM orders WHERE CASE WHEN CHARINDEX('HIDD' + 'EN', code) > 0 THEN 1 / (total - total) ELSE 1 END = 1

-- same: a cast of a masked column
SELECT id FROM orders WHERE TRY_CAST(email AS int) IS NULL

-- same: no table at all
SELECT 1 AS a, 'x' AS b

-- same: a function of the server
SELECT DB_NAME() AS a WHERE 1 = 0

-- same: a name beyond ASCII
SELECT t.nazwa FROM [żółw 🐢] AS t

-- same: line ends
SELECT
  o.id
FROM
  dbo
  .
  orders
  AS o
WHERE o.total > 0

-- same: join hints
SELECT p.id, o.id FROM products AS p INNER MERGE JOIN orders AS o ON o.id = p.id LEFT OUTER HASH JOIN customers AS c ON c.id = o.customer_id

-- same: json in a subquery
SELECT c.id, (SELECT o.id, o.note FROM orders AS o WHERE o.customer_id = c.id ORDER BY o.id FOR JSON PATH) AS orders FROM customers AS c

-- same: a query of a query of a query
SELECT a.n FROM (SELECT COUNT(*) AS n FROM (SELECT b.id FROM (SELECT orders.id FROM orders) AS b WHERE b.id IN (SELECT c.id FROM (SELECT id FROM customers) AS c)) AS d) AS a

-- same: year on year
WITH m AS (SELECT YEAR(placed_at) AS y, MONTH(placed_at) AS m, SUM(total) AS total FROM orders WHERE placed_at IS NOT NULL GROUP BY YEAR(placed_at), MONTH(placed_at)) SELECT a.y, a.m, a.total, b.total AS before FROM m AS a LEFT JOIN m AS b ON b.y = a.y AND b.m = a.m - 1

-- same: shares of the whole
SELECT c.name, SUM(o.total) AS total, 100.0 * SUM(o.total) / SUM(SUM(o.total)) OVER () AS share FROM orders AS o JOIN customers AS c ON c.id = o.customer_id GROUP BY c.name

-- same: customers without orders in a month
SELECT c.name FROM customers AS c WHERE NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.customer_id = c.id AND o.placed_at >= '2024-02-01')

-- same: the order of names in a join of three
SELECT TOP (10) c.name, p.name, d.quantity FROM [Order Details] AS d INNER JOIN orders AS o ON o.id = d.order_id INNER JOIN customers AS c ON c.id = o.customer_id INNER JOIN products AS p ON p.id = d.product_id ORDER BY c.name, p.name, d.quantity

-- safe: unpivot
SELECT u.id, u.k, u.v FROM (SELECT id, CAST(total AS float) AS total, CAST(customer_id AS float) AS customer_id FROM orders) AS s UNPIVOT (v FOR k IN (total, customer_id)) AS u

-- safe: pivot of the table itself
SELECT * FROM orders PIVOT (SUM(total) FOR region IN ([EU], [US])) AS p

-- safe: unpivot of the table itself
SELECT * FROM orders UNPIVOT (v FOR k IN (region, note)) AS u

-- safe: xml out
SELECT id, note FROM orders ORDER BY id FOR XML PATH('row'), ROOT('rows')

-- safe: xml of the tables' names
SELECT orders.id, customers.name FROM orders JOIN customers ON customers.id = orders.customer_id FOR XML AUTO

-- safe: json of the tables' names
SELECT orders.id, customers.name FROM orders JOIN customers ON customers.id = orders.customer_id FOR JSON AUTO

-- safe: with ties
SELECT TOP (1) WITH TIES id, total FROM orders ORDER BY total DESC

-- safe: percent
SELECT TOP (50) PERCENT id FROM orders ORDER BY id

-- safe: a median
SELECT DISTINCT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY total) OVER (PARTITION BY region) AS median FROM orders

-- safe: a named window
SELECT id, SUM(total) OVER w AS s FROM orders WINDOW w AS (ORDER BY id)

-- safe: is distinct from
SELECT id FROM orders WHERE email IS DISTINCT FROM note

-- safe: index hints
SELECT id FROM orders WITH (INDEX(ix_orders_total), FORCESEEK)

-- safe: a column that is a rule's but not a table's
SELECT rowguid FROM orders

-- safe: columns of a table that is not named
SELECT salaries.amount FROM orders

-- safe: columns of a forbidden table by its schema
SELECT dbo.salaries.amount FROM dbo.orders

-- safe: columns through another database
SELECT master.dbo.orders.id FROM orders

-- safe: an error that would tell a value
SELECT id FROM orders WHERE CAST(note AS int) > 0

-- safe: an error that would tell a masked value
SELECT CAST(note AS int) AS a FROM orders

-- safe: an error in a convert
SELECT CONVERT(datetime, code) AS a FROM orders

-- safe: xml of what only hidden rows have
SELECT CAST(code AS xml) AS a FROM orders

-- safe: json of what only hidden rows have
SELECT JSON_VALUE(code, 'strict $.a') AS a FROM orders

-- safe: the outer table's columns in the list of a derived table
SELECT o.id, (SELECT d.id FROM (SELECT orders.id FROM orders WHERE orders.id = o.id) AS d) AS a FROM orders AS o

-- safe: a query that could be read in two ways
SELECT id FROM orders a, orders b WHERE a.id = b.id

-- safe: two limited tables of the same name
SELECT 1 AS a FROM dbo.orders JOIN sales.orders ON dbo.orders.id = sales.orders.id

-- safe: a subquery that shadows
SELECT id FROM dbo.orders WHERE EXISTS (SELECT 1 FROM customers AS orders WHERE dbo.orders.id = orders.id)

-- safe: full text on a masked column
SELECT id FROM orders WHERE CONTAINS(note, 'x')

-- safe: full text on every column
SELECT id FROM orders WHERE FREETEXT(*, 'x')

-- safe: grouping by everything
SELECT region, COUNT(*) AS n FROM orders GROUP BY region WITH CUBE

-- safe: a recursive WITH query over a derived table
WITH n AS (SELECT 1 AS i UNION ALL SELECT n.i + d.a FROM n JOIN (SELECT COUNT(*) AS a FROM orders) AS d ON 1 = 1 WHERE n.i < 5) SELECT i FROM n

-- safe: texts joined by xml
SELECT c.id, STUFF((SELECT ',' + o.note FROM orders AS o WHERE o.customer_id = c.id FOR XML PATH(''), TYPE).value('.', 'nvarchar(max)'), 1, 1, '') AS notes FROM customers AS c

-- safe: namespaces before a WITH query
WITH XMLNAMESPACES ('urn:x' AS n), a AS (SELECT id FROM orders) SELECT id FROM a

-- safe: a table in parentheses
SELECT * FROM (orders)

-- safe: names of columns behind the alias
SELECT o.a FROM orders AS o (a, b)

-- refused: a forbidden table
SELECT * FROM salaries

-- refused: a forbidden table by its schema
SELECT * FROM dbo.salaries

-- refused: a forbidden table in brackets
SELECT * FROM [dbo].[SALARIES]

-- refused: a forbidden table behind a comment
SELECT * FROM/**/salaries

-- refused: a forbidden table in a list
SELECT 1 AS a FROM products, salaries

-- refused: a forbidden table in a join
SELECT 1 AS a FROM products JOIN salaries ON 1 = 1

-- refused: a forbidden table in an apply
SELECT 1 AS a FROM products CROSS APPLY (SELECT amount FROM salaries) AS s

-- refused: a forbidden table in a subquery
SELECT (SELECT MAX(amount) FROM salaries) AS a

-- refused: a forbidden table in exists
SELECT 1 AS a WHERE EXISTS (SELECT 1 FROM salaries WHERE amount > 5)

-- refused: a forbidden table in the other half of a union
SELECT id FROM products UNION SELECT amount FROM salaries

-- refused: a forbidden table in except
SELECT id FROM products EXCEPT SELECT amount FROM salaries

-- refused: a forbidden table in a WITH query
WITH s AS (SELECT * FROM salaries) SELECT * FROM s

-- refused: a forbidden table in a join in parentheses
SELECT 1 AS a FROM (products JOIN salaries ON 1 = 1)

-- refused: a forbidden table in top
SELECT TOP (SELECT COUNT(*) FROM salaries) id FROM products

-- refused: a forbidden table in offset
SELECT id FROM products ORDER BY id OFFSET (SELECT COUNT(*) FROM salaries) ROWS

-- refused: a forbidden table in the offset of a union
SELECT id FROM products UNION SELECT 1 ORDER BY 1 OFFSET (SELECT COUNT(*) FROM salaries) ROWS

-- refused: a forbidden table in values
SELECT v.a FROM (VALUES ((SELECT MAX(amount) FROM salaries))) AS v (a)

-- refused: a forbidden table in a window
SELECT ROW_NUMBER() OVER (ORDER BY (SELECT MAX(amount) FROM salaries)) AS a FROM products

-- refused: a forbidden table in a pivot
SELECT * FROM salaries PIVOT (SUM(amount) FOR id IN ([1])) AS p

-- refused: a forbidden table in a function's argument
SELECT s.value FROM STRING_SPLIT((SELECT MAX(note) FROM salaries), ',') AS s

-- refused: a view over a limited table
SELECT * FROM order_totals

-- refused: a view by its schema
SELECT * FROM dbo.order_totals

-- refused: a table that nobody knows
SELECT * FROM unknown_table

-- refused: another schema
SELECT * FROM hr.salaries

-- refused: a WITH query that shadows a limited table
WITH orders AS (SELECT * FROM orders) SELECT * FROM orders

-- refused: a WITH query that shadows a limited table by its schema
WITH orders AS (SELECT * FROM dbo.orders) SELECT * FROM orders

-- refused: a WITH query that shadows in other letters' case
WITH ORDERS AS (SELECT 1 AS id) SELECT * FROM orders

-- refused: a WITH query that shadows in quotes
WITH [Order Details] AS (SELECT 1 AS id) SELECT * FROM [order details]

-- refused: a WITH query that shadows with a space behind
WITH [orders ] AS (SELECT 1 AS id) SELECT * FROM orders

-- refused: a WITH query that shadows a free table
WITH products AS (SELECT 1 AS id) SELECT * FROM products

-- refused: a WITH query that reads a forbidden table of its own name
WITH salaries AS (SELECT * FROM salaries) SELECT * FROM salaries

-- refused: a WITH query that reads a forbidden table of its own name in a union
WITH salaries AS (SELECT amount FROM salaries UNION SELECT 1) SELECT * FROM salaries

-- refused: a WITH query that starts from a forbidden table of its own name
WITH salaries AS (SELECT amount FROM salaries UNION ALL SELECT 1) SELECT * FROM salaries

-- refused: a WITH query that reads a forbidden table of a later name
WITH a AS (SELECT * FROM salaries), salaries AS (SELECT 1 AS amount) SELECT * FROM a

-- refused: a WITH query that shadows a forbidden table by its schema
WITH salaries AS (SELECT 1 AS amount) SELECT * FROM dbo.salaries

-- refused: two WITH queries of one name
WITH a AS (SELECT 1 AS i), A AS (SELECT 2 AS i) SELECT * FROM a

-- refused: WITH in a subquery
SELECT * FROM (WITH s AS (SELECT * FROM salaries) SELECT * FROM s) AS d

-- refused: WITH behind a union
SELECT 1 AS a UNION ALL WITH s AS (SELECT * FROM salaries) SELECT * FROM s

-- refused: another database
SELECT * FROM master.dbo.orders

-- refused: another database without a schema
SELECT * FROM master..orders

-- refused: the own database by its name
SELECT * FROM assay.dbo.orders

-- refused: another server
SELECT * FROM linked.shop.dbo.orders

-- refused: a table of the system's database
SELECT number FROM master..spt_values

-- refused: the catalog's tables
SELECT name FROM sys.tables

-- refused: the catalog's columns in capitals
SELECT NAME FROM [SYS].[COLUMNS]

-- refused: the catalog's row counts
SELECT rows FROM sys.partitions

-- refused: the catalog's statistics
SELECT * FROM sys.stats

-- refused: the information schema
SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES

-- refused: the old catalog
SELECT name FROM sysobjects

-- refused: the old catalog's row counts
SELECT rowcnt FROM dbo.sysindexes

-- refused: the catalog under a server that is built on another
SELECT * FROM pg_catalog.pg_stats

-- refused: statistics of a server that is built on another
SELECT * FROM pg_stats

-- refused: the row count of a table by a function
SELECT OBJECTPROPERTYEX(OBJECT_ID('orders'), 'Cardinality') AS n

-- refused: the length of a column by a function
SELECT COL_LENGTH('salaries', 'amount') AS n

-- refused: the age of statistics
SELECT STATS_DATE(1, 1) AS d

-- refused: a sample
SELECT * FROM orders TABLESAMPLE (100 PERCENT)

-- refused: a sample behind an alias
SELECT * FROM orders AS o TABLESAMPLE (100 PERCENT)

-- refused: the history
SELECT * FROM orders FOR SYSTEM_TIME ALL

-- refused: the history as of a time
SELECT * FROM orders FOR SYSTEM_TIME AS OF '2020-01-01' AS o

-- refused: the changes
SELECT * FROM CHANGETABLE(CHANGES orders, 0) AS c

-- refused: a full-text index
SELECT k.[KEY] FROM CONTAINSTABLE(orders, note, 'x') AS k

-- refused: a full-text index of a forbidden table
SELECT k.[KEY] FROM FREETEXTTABLE(salaries, *, 'x') AS k

-- refused: a hint that locks
SELECT * FROM orders WITH (TABLOCKX)

-- refused: a hint for a table in OPTION
SELECT * FROM orders OPTION (TABLE HINT(orders, INDEX(1)))

-- refused: a plan that is given
SELECT * FROM orders OPTION (USE PLAN N'<x/>')

-- refused: a function that an administrator has vouched for
SELECT dbo.secret_total(1) AS a

-- refused: a table function that an administrator has vouched for
SELECT * FROM dbo.all_orders(1) AS a

-- refused: a function of the database that looks like a method
SELECT dbo.value('x', 'int') AS a FROM products

-- refused: a table function of the database that looks like a method
SELECT n.id FROM products CROSS APPLY dbo.nodes('/a') AS n (id)

-- refused: a function of another database that looks like a method
SELECT master.dbo.value('x', 'int') AS a FROM products

-- refused: text that runs as a statement
SELECT * FROM OPENQUERY(linked, 'SELECT * FROM salaries')

-- refused: text that runs as a statement by a call
EXEC('SELECT * FROM salaries')

-- refused: text that runs behind a read
SELECT * FROM orders EXEC('SELECT * FROM salaries')

-- refused: a second statement
SELECT * FROM orders; SELECT * FROM salaries

-- refused: a second statement without a semicolon
SELECT * FROM orders SELECT * FROM salaries

-- refused: a natural join, which is none
SELECT * FROM products NATURAL JOIN salaries

-- refused: a join with USING, which is none
SELECT * FROM products JOIN salaries USING (id)

-- refused: TABLE, which is none
TABLE salaries

-- refused: a plan
EXPLAIN SELECT * FROM orders

-- refused: a plan by a setting
SET SHOWPLAN_ALL ON; SELECT * FROM orders

-- refused: SELECT INTO
SELECT * INTO copied FROM orders

-- safe: a row's address
SELECT %%physloc%% FROM orders

-- refused: a partition's number
SELECT $PARTITION.by_region(region) FROM orders

-- refused: an identity column by its role
SELECT $IDENTITY FROM orders

-- refused: a temporary table
SELECT * FROM #orders

-- refused: a table variable
SELECT * FROM @orders

-- refused: letters that look like others
SELECT * FROM ｓalaries

-- refused: letters that look like others in brackets
SELECT * FROM [ｓalaries]

-- refused: a name with a space behind
SELECT * FROM [salaries ]

-- refused: a line end that disappears
SELECT 'a\
' AS a FROM salaries

-- refused: a quote that is not closed
SELECT 'a FROM orders

-- refused: a comment that is not closed
SELECT * FROM orders /* FROM salaries

-- refused: a dot before the name
SELECT * FROM .salaries

-- refused: two dots before the name
SELECT * FROM ..salaries

-- refused: a dot before a limited table
SELECT * FROM .orders

-- refused: two dots before a limited table
SELECT * FROM ..orders

-- refused: a dot after a limited table
SELECT * FROM orders.

-- refused: a forbidden table in a named window
SELECT SUM(price) OVER w AS a FROM products WINDOW w AS (PARTITION BY (SELECT MAX(amount) FROM salaries))

-- refused: a forbidden table in json
SELECT j.value FROM OPENJSON((SELECT MAX(note) FROM salaries)) AS j

-- refused: a forbidden table in a series
SELECT value FROM GENERATE_SERIES(1, (SELECT MAX(amount) FROM salaries))

-- refused: a forbidden table in the order of an aggregate
SELECT STRING_AGG(name, ',') WITHIN GROUP (ORDER BY (SELECT MAX(amount) FROM salaries)) AS a FROM products

-- refused: a forbidden table in a time zone
SELECT SYSDATETIME() AT TIME ZONE (SELECT MAX(note) FROM salaries) AS a

-- refused: a forbidden table in a case
SELECT CASE 1 WHEN (SELECT MAX(amount) FROM salaries) THEN 1 END AS a

-- refused: a forbidden table in a pattern
SELECT 1 AS a WHERE 'x' LIKE (SELECT MAX(note) FROM salaries) ESCAPE '!'

-- refused: a forbidden table in between
SELECT 1 AS a WHERE 1 BETWEEN 0 AND (SELECT MAX(amount) FROM salaries)

-- refused: a forbidden table in a cast
SELECT CAST((SELECT MAX(note) FROM salaries) AS int) AS a

-- refused: a forbidden table in a convert
SELECT CONVERT(varchar(10), 1, (SELECT MAX(amount) FROM salaries)) AS a

-- refused: a forbidden table in a parse
SELECT TRY_PARSE((SELECT MAX(note) FROM salaries) AS int USING 'en-US') AS a

-- refused: a forbidden table in iif
SELECT IIF((SELECT MAX(amount) FROM salaries) > 1, 1, 0) AS a

-- refused: a forbidden table in a partition
SELECT RANK() OVER (PARTITION BY (SELECT MAX(amount) FROM salaries) ORDER BY id) AS a FROM products

-- safe: a forbidden table in a grouping
SELECT COUNT(*) AS a FROM products GROUP BY (SELECT MAX(amount) FROM salaries)

-- refused: a forbidden table in a json object
SELECT JSON_OBJECT('a': (SELECT MAX(amount) FROM salaries)) AS a

-- refused: a forbidden table with a collation
SELECT (SELECT MAX(note) FROM salaries) COLLATE Latin1_General_CI_AS AS a

-- refused: a forbidden table behind all
SELECT id FROM products WHERE price > ALL (SELECT amount FROM salaries)

-- refused: a forbidden table in the condition of a join
SELECT 1 AS a FROM products AS p JOIN products AS q ON p.id = (SELECT MAX(amount) FROM salaries)

-- refused: a forbidden table in trim
SELECT TRIM((SELECT MAX(note) FROM salaries) FROM 'x') AS a

-- refused: a forbidden table in a method
SELECT CAST('<a/>' AS xml).value((SELECT MAX(note) FROM salaries), 'int') AS a

-- refused: a forbidden table behind a join hint
SELECT 1 AS a FROM products INNER HASH JOIN salaries ON 1 = 1

-- refused: a forbidden table behind an outer apply
SELECT 1 AS a FROM products OUTER APPLY (SELECT TOP (1) amount FROM salaries ORDER BY amount) AS s

-- refused: a forbidden table in a later WITH query
WITH a AS (SELECT 1 AS i), b AS (SELECT amount FROM salaries) SELECT i FROM a

-- refused: a forbidden table in the recursive part
WITH n AS (SELECT 1 AS i UNION ALL SELECT amount FROM n JOIN salaries ON i < 3) SELECT i FROM n

-- refused: a forbidden table as a column's table
SELECT salaries.amount FROM products, dbo.salaries

-- refused: a forbidden table under a limited table's name
SELECT orders.amount FROM salaries AS orders

-- refused: a forbidden table in parentheses
SELECT * FROM (salaries)

-- refused: a forbidden table in two parentheses
SELECT * FROM ((salaries JOIN products ON 1 = 1))

-- refused: a prediction
SELECT d.* FROM PREDICT(MODEL = @p1, DATA = orders AS d) WITH (a int) AS p

-- refused: a search by vectors
SELECT * FROM VECTOR_SEARCH(TABLE = orders AS t, COLUMN = note, SIMILAR_TO = @p1, METRIC = 'cosine', TOP_N = 1) AS s

-- refused: a graph's path
SELECT * FROM orders FOR PATH AS o

-- refused: braces of ODBC
SELECT * FROM {oj salaries LEFT OUTER JOIN products ON 1 = 1}

-- refused: a graft's end in a text
SELECT * FROM salaries WHERE note = N')) AS [orders] --'
