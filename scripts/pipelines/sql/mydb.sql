-- The sample tables of mysql-users, for local services.
CREATE TABLE users (
    id int AUTO_INCREMENT PRIMARY KEY,
    first_name varchar(50),
    last_name varchar(50),
    email varchar(100) UNIQUE,
    country char(2),
    created_at datetime DEFAULT now()
);
CREATE TABLE products (
    id int AUTO_INCREMENT PRIMARY KEY,
    name varchar(100),
    description text,
    price decimal(10,2),
    created_at datetime DEFAULT now()
);
CREATE TABLE orders (
    id int AUTO_INCREMENT PRIMARY KEY,
    order_date date,
    purchaser int,
    quantity int,
    product_id int,
    created_at datetime DEFAULT now()
);
CREATE TEMPORARY TABLE numbers (n int PRIMARY KEY);
INSERT INTO numbers VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
INSERT INTO numbers WITH RECURSIVE more AS (SELECT 10 AS n UNION ALL SELECT n + 1 FROM more WHERE n < 999) SELECT n FROM more;
INSERT INTO users (first_name, last_name, email, country, created_at)
    SELECT CONCAT('First', n), CONCAT('Last', n), CONCAT('user', n, '@example.com'), ELT(1 + n % 5, 'DE', 'FR', 'IT', 'US', 'PL'),
           '2025-01-01' + INTERVAL n % 30 DAY FROM numbers;
INSERT INTO products (name, description, price)
    SELECT CONCAT('Product ', n), CONCAT('Description of product ', n), n * 1.37 FROM numbers WHERE n BETWEEN 1 AND 100;
INSERT INTO orders (order_date, purchaser, quantity, product_id)
    SELECT '2025-01-01' + INTERVAL n % 365 DAY, 1 + n % 1000, 1 + n % 9, 1 + n % 100 FROM numbers;
