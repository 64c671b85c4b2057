-- The sample tables of pg-orders and pg-monitored, for local services.
CREATE SCHEMA inventory;
SET search_path = inventory;
CREATE TABLE customers (
    id serial PRIMARY KEY,
    first_name varchar(50),
    last_name varchar(50),
    email varchar(100) UNIQUE,
    created_at timestamp DEFAULT now()
);
CREATE TABLE products (
    id serial PRIMARY KEY,
    name varchar(100),
    description text,
    price decimal(10,2),
    created_at timestamp DEFAULT now()
);
CREATE TABLE orders (
    id serial PRIMARY KEY,
    order_date date,
    purchaser int,
    quantity int,
    product_id int,
    created_at timestamp DEFAULT now()
);
INSERT INTO customers (first_name, last_name, email)
    SELECT 'First' || g, 'Last' || g, 'user' || g || '@example.com' FROM generate_series(1, 500) g;
INSERT INTO products (name, description, price)
    SELECT 'Product ' || g, 'Description of product ' || g, round((g * 1.37)::numeric, 2) FROM generate_series(1, 100) g;
INSERT INTO orders (order_date, purchaser, quantity, product_id)
    SELECT date '2025-01-01' + g % 365, 1 + g % 500, 1 + g % 9, 1 + g % 100 FROM generate_series(1, 5000) g;
