echo 'CREATE VIEW v KEY (id) AS SELECT id FRM t x y;' >views.sql
cdc-transform --views views.sql --dry-run
