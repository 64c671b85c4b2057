echo 'CREATE VIEW v KEY (id) AS SELECT id FROM t;' >views.sql
cdc-transform --views views.sql --state nothing --check
code=$?
ls
exit $code
