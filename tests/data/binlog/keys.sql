-- Keys of two columns, and updates that change one of them, the other, both, and none.
CREATE TABLE pairs (a int NOT NULL, n int, b varchar(10) NOT NULL, PRIMARY KEY (b, a));
INSERT INTO pairs VALUES (1, 0, 'x'), (2, 0, 'x'), (3, 0, 'y');
UPDATE pairs SET b = 'z' WHERE a = 1;
UPDATE pairs SET a = 20 WHERE a = 2;
UPDATE pairs SET a = a + 1, b = 'w' WHERE a = 3;
UPDATE pairs SET n = 1;
DELETE FROM pairs WHERE b = 'z';
