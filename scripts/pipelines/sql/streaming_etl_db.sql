-- The sample tables of mysql-enrich, for local services.
CREATE TABLE geo (
    id int AUTO_INCREMENT PRIMARY KEY,
    city varchar(100),
    country char(2),
    latitude decimal(9,6),
    longitude decimal(9,6)
);
CREATE TABLE address (
    id int AUTO_INCREMENT PRIMARY KEY,
    street varchar(100),
    postcode varchar(20),
    geo_id int,
    KEY (geo_id)
);
CREATE TABLE person (
    id int AUTO_INCREMENT PRIMARY KEY,
    first_name varchar(50),
    last_name varchar(50),
    email varchar(100) UNIQUE,
    birthday date,
    address_id int,
    updated_at datetime(3) DEFAULT now(3),
    KEY (address_id)
);
CREATE TEMPORARY TABLE numbers (n int PRIMARY KEY);
INSERT INTO numbers VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
INSERT INTO numbers WITH RECURSIVE more AS (SELECT 10 AS n UNION ALL SELECT n + 1 FROM more WHERE n < 999) SELECT n FROM more;
INSERT INTO geo (city, country, latitude, longitude)
    SELECT CONCAT('City ', n), ELT(1 + n % 5, 'DE', 'FR', 'IT', 'US', 'PL'), -90 + n * 1.234567, -180 + n * 2.345678
    FROM numbers WHERE n < 100;
INSERT INTO address (street, postcode, geo_id)
    SELECT CONCAT('Street ', n), LPAD(n * 37 % 100000, 5, '0'), 1 + n % 110 FROM numbers WHERE n < 600;
INSERT INTO person (first_name, last_name, email, birthday, address_id)
    SELECT CONCAT('First', n), CONCAT('Last', n), CONCAT('person', n, '@example.com'), '1950-01-01' + INTERVAL n * 23 DAY,
           IF(n % 17 = 0, NULL, 1 + n % 650) FROM numbers;
