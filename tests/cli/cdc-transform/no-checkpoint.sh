echo 'CREATE VIEW v KEY (id) AS SELECT id FROM t;' >views.sql
cdc-transform --views views.sql --state here
code=$?
ls
exit $code
