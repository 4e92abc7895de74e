package demo

// tables is the schema; amounts are euro, discounts are fractions of the price, times are UTC.
const tables = `
CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  segment TEXT NOT NULL CHECK (segment IN ('household', 'enthusiast', 'office', 'gastronomy')),
  country TEXT NOT NULL,
  city TEXT NOT NULL,
  signup_date DATE NOT NULL,
  newsletter BOOLEAN NOT NULL,
  birth_year INTEGER
);
CREATE TABLE products (
  id INTEGER PRIMARY KEY,
  sku TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  subcategory TEXT NOT NULL,
  supplier TEXT NOT NULL,
  unit_cost DECIMAL(10,2) NOT NULL,
  list_price DECIMAL(10,2) NOT NULL,
  launched_on DATE NOT NULL,
  discontinued_on DATE
);
CREATE TABLE shops (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  channel TEXT NOT NULL CHECK (channel IN ('store', 'online')),
  country TEXT NOT NULL,
  city TEXT NOT NULL,
  opened_on DATE NOT NULL,
  closed_on DATE,
  square_metres INTEGER
);
CREATE TABLE campaigns (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  channel TEXT NOT NULL,
  started_on DATE NOT NULL,
  ended_on DATE NOT NULL,
  cost DECIMAL(10,2) NOT NULL,
  discount_code TEXT
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  shop_id INTEGER NOT NULL REFERENCES shops (id),
  ordered_at TIMESTAMP NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('paid', 'shipped', 'delivered', 'refunded', 'cancelled')),
  payment_method TEXT NOT NULL,
  shipping_fee DECIMAL(10,2) NOT NULL,
  discount_code TEXT
);
CREATE TABLE order_lines (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  unit_price DECIMAL(10,2) NOT NULL,
  discount DECIMAL(4,2) NOT NULL,
  line_total DECIMAL(10,2) NOT NULL
);
CREATE TABLE support_tickets (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  order_id INTEGER REFERENCES orders (id),
  opened_at TIMESTAMP NOT NULL,
  closed_at TIMESTAMP,
  topic TEXT NOT NULL,
  priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  satisfaction INTEGER CHECK (satisfaction BETWEEN 1 AND 5)
);
CREATE VIEW monthly_revenue AS
SELECT substr(o.ordered_at, 1, 7) || '-01' AS month,
       s.channel AS channel,
       s.country AS shop_country,
       count(DISTINCT o.id) AS orders,
       round(sum(l.line_total), 2) AS revenue
FROM orders o
JOIN order_lines l ON l.order_id = o.id
JOIN shops s ON s.id = o.shop_id
WHERE o.status NOT IN ('refunded', 'cancelled')
GROUP BY 1, 2, 3;
`

// indexes come after the rows, which is quicker than keeping them while writing.
// Questions about lines read them order by order, so one index carries what they
// sum up; an index on the product would only tempt the planner into reading the
// lines in an order that jumps about in the orders.
const indexes = `
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_ordered_at ON orders (ordered_at);
CREATE INDEX order_lines_order ON order_lines (order_id, product_id, quantity, line_total);
CREATE INDEX support_tickets_customer ON support_tickets (customer_id);
CREATE INDEX support_tickets_order ON support_tickets (order_id);
CREATE INDEX support_tickets_opened_at ON support_tickets (opened_at);
`
