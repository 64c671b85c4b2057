-- The sample tables of ecommerce-stream, for local services.
CREATE SCHEMA inventory;
SET search_path = inventory;
CREATE TABLE customers (
    id serial PRIMARY KEY,
    first_name varchar(50),
    last_name varchar(50),
    email varchar(100) UNIQUE,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE TABLE products (
    id serial PRIMARY KEY,
    name varchar(100),
    description text,
    price decimal(10,2),
    reorder_level int NOT NULL DEFAULT 20,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE TABLE orders (
    id serial PRIMARY KEY,
    order_date date,
    purchaser int NOT NULL REFERENCES customers,
    quantity int,
    product_id int REFERENCES products,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE TABLE order_items (
    id serial PRIMARY KEY,
    order_id int NOT NULL REFERENCES orders,
    product_id int NOT NULL REFERENCES products,
    quantity int NOT NULL,
    price decimal(10,2) NOT NULL,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE TABLE inventory_movements (
    id serial PRIMARY KEY,
    product_id int NOT NULL REFERENCES products,
    quantity int NOT NULL, -- below zero: it left the stock
    reason varchar(20) NOT NULL,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE TABLE customer_activity (
    id serial PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers,
    kind varchar(20),
    page varchar(200),
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE INDEX ON orders (purchaser);
CREATE INDEX ON order_items (order_id);
CREATE INDEX ON inventory_movements (product_id);
CREATE INDEX ON customer_activity (customer_id);

-- Old rows are in the log, as readers that compute with retractions need them (Flink's debezium-json).
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['customers', 'products', 'orders', 'order_items', 'inventory_movements', 'customer_activity'] LOOP
        EXECUTE format('ALTER TABLE %I REPLICA IDENTITY FULL', name);
        EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION touch()', name);
    END LOOP;
END $$;

INSERT INTO customers (first_name, last_name, email)
    SELECT 'First' || g, 'Last' || g, 'user' || g || '@example.com' FROM generate_series(1, 200) g;
INSERT INTO products (name, description, price)
    SELECT 'Product ' || g, 'Description of product ' || g, round((1 + g * 1.37)::numeric, 2) FROM generate_series(1, 50) g;
INSERT INTO orders (order_date, purchaser, quantity, product_id, created_at)
    SELECT date '2026-01-01' + g / 20, 1 + g * 7 % 200, 1 + g % 4, 1 + g % 50, timestamp '2026-01-01 08:00' + g * interval '71 minutes'
    FROM generate_series(1, 1000) g;
INSERT INTO order_items (order_id, product_id, quantity, price, created_at)
    SELECT o.id, 1 + (o.id + i * 11) % 50, 1 + (o.id + i) % 3, round((2 + (o.id * i) % 40)::numeric * 1.05, 2), o.created_at
    FROM orders o, generate_series(1, 2) i;
INSERT INTO inventory_movements (product_id, quantity, reason, created_at)
    SELECT id, 85 + id, 'restock', timestamp '2026-01-01' FROM products;
INSERT INTO inventory_movements (product_id, quantity, reason, created_at)
    SELECT product_id, -quantity, 'sale', created_at FROM order_items;
INSERT INTO customer_activity (customer_id, kind, page, created_at)
    SELECT 1 + g / 10 % 200, (ARRAY['view', 'search', 'cart', 'login'])[1 + g % 4], '/product/' || g % 50,
           timestamp '2026-01-01 08:00' + g * interval '1 minute' + (g % 7) * interval '20 minutes'
    FROM generate_series(1, 2000) g;
