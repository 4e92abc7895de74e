CREATE SCHEMA shop;
CREATE TYPE size AS ENUM ('small', 'large');
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, region text NOT NULL, email text, credit int);
CREATE TABLE orders (id int PRIMARY KEY, region text NOT NULL, customer_id int REFERENCES customers, total numeric(10,2) NOT NULL,
  email text, note text, placed date, payload jsonb, tags text[], size size);
CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, region text, price numeric(10,2));
CREATE TABLE items (order_id int, product_id int, quantity int);
CREATE TABLE "Orders" (id int, region text, note text);
CREATE TABLE "odd table" ("Total Sum" numeric, "select" text, "a""b" text, region text);
CREATE TABLE "order" ("group" int, region text, "user" text);
CREATE TABLE shop.orders (id int, region text, note text);
CREATE TABLE shop.prices (product_id int, price numeric);
CREATE TABLE events (id int, day date NOT NULL, region text, note text) PARTITION BY RANGE (day);
CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE letters (id int, region text, note text);
CREATE TABLE letters_old (year int) INHERITS (letters);
CREATE TABLE letters_odd () INHERITS (letters_old);
CREATE VIEW orders_view AS SELECT * FROM orders;
CREATE MATERIALIZED VIEW orders_saved AS SELECT * FROM orders WITH NO DATA;
CREATE SEQUENCE numbers;

INSERT INTO customers SELECT i, CASE WHEN i % 2 = 0 THEN 'EU customer ' ELSE 'HIDDEN customer ' END || i,
  CASE WHEN i % 2 = 0 THEN 'EU' ELSE 'HIDDEN-US' END, 'HIDDEN' || i || '@example.com', CASE WHEN i % 2 = 0 THEN i * 10 ELSE 0 END
FROM generate_series(1, 12) i;
INSERT INTO orders SELECT i, CASE WHEN i % 3 = 0 THEN 'EU' ELSE 'HIDDEN-US' END, i % 12 + 1,
  CASE WHEN i % 3 = 0 THEN i + 0.25 ELSE 666666.66 END, 'HIDDEN' || i || '@example.com', 'HIDDEN note ' || i, '2024-01-01'::date + i,
  jsonb_build_object('kind', CASE WHEN i % 3 = 0 THEN 'good' || i % 2 ELSE 'HIDDEN kind' END, 'n', CASE WHEN i % 3 = 0 THEN 1 ELSE 0 END),
  ARRAY[CASE WHEN i % 3 = 0 THEN 'tag' || i % 4 ELSE 'HIDDEN tag' END], CASE WHEN i % 2 = 0 THEN 'small' ELSE 'large' END::size
FROM generate_series(1, 60) i;
INSERT INTO products SELECT i, 'product ' || i, CASE WHEN i % 2 = 0 THEN 'EU' END, i * 1.5 FROM generate_series(1, 8) i;
INSERT INTO items SELECT i, i % 8 + 1, i % 5 + 1 FROM generate_series(1, 60) i;
INSERT INTO "Orders" VALUES (1, 'EU', 'HIDDEN one'), (2, 'HIDDEN-US', 'HIDDEN two');
INSERT INTO "odd table" VALUES (5, 'seen', 'HIDDEN', 'EU'), (666, 'HIDDEN', 'HIDDEN', 'HIDDEN-US');
INSERT INTO "order" VALUES (1, 'EU', 'seen'), (2, 'HIDDEN-US', 'HIDDEN');
INSERT INTO shop.orders VALUES (1000, 'EU', 'HIDDEN a'), (1001, 'HIDDEN-US', 'HIDDEN b');
INSERT INTO shop.prices SELECT i, i * 2 FROM generate_series(1, 8) i;
INSERT INTO events SELECT i, '2023-06-01'::date + i * 10, CASE WHEN i % 2 = 0 THEN 'EU' ELSE 'HIDDEN-US' END, 'HIDDEN event ' || i FROM generate_series(1, 40) i;
INSERT INTO letters VALUES (1, 'EU', 'HIDDEN'), (2, 'HIDDEN-US', 'HIDDEN');
INSERT INTO letters_old VALUES (3, 'EU', 'HIDDEN', 2001), (4, 'HIDDEN-US', 'HIDDEN', 2002);
INSERT INTO letters_odd VALUES (5, 'EU', 'HIDDEN', 2003), (6, 'HIDDEN-US', 'HIDDEN', 2004);

-- Functions of the database's own, which read past every rule.
CREATE FUNCTION peek(orders) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION peek_any(anyelement) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION peek_text(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION peek_late(text, int DEFAULT 1) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION peek_many(VARIADIC text[]) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION upper(size) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION "Peek.Odd"(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION all_orders() RETURNS SETOF orders LANGUAGE sql STABLE AS $$ SELECT * FROM orders $$;

-- What runs those functions without naming them.
CREATE FUNCTION area() RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION array_sort(int[], bool) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION date_add(date, int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION crc32(text, text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE FUNCTION peek_two(int, int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM orders $$;
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = peek_two);
CREATE OPERATOR !!! (RIGHTARG = text, FUNCTION = peek_text);
CREATE OPERATOR @@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
CREATE TYPE boxed AS (v text);
CREATE TYPE box_of_boxed AS (b boxed);
CREATE FUNCTION to_boxed(int) RETURNS boxed LANGUAGE sql STABLE AS $$ SELECT ROW(string_agg(note, ','))::boxed FROM orders $$;
CREATE CAST (int AS boxed) WITH FUNCTION to_boxed(int);
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION from_pair(pair) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT sum(total)::bigint FROM orders $$;
CREATE CAST (pair AS bigint) WITH FUNCTION from_pair(pair);
CREATE FUNCTION known(text) RETURNS bool LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT FROM orders WHERE note = $1) $$;
CREATE DOMAIN known_mail AS text CHECK (known(VALUE));
CREATE DOMAIN knowing_mail AS known_mail;
CREATE DOMAIN bit_count AS text CHECK (known(VALUE));
CREATE DOMAIN looked AS text CHECK (query_to_xml('SELECT note FROM orders', true, true, '')::text LIKE VALUE);
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE TYPE mailed AS (mail known_mail);
CREATE TABLE shop.mails (id int, mail known_mail);
CREATE TABLE shop.closed (id int, salary int);
CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm;
