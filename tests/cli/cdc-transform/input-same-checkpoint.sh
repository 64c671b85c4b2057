echo "CREATE VIEW v KEY (id) AS SELECT id FROM t;" >views.sql; touch a b
cdc-transform --views views.sql --state s --input x=a --input y=b --checkpoint x=f --checkpoint y=f </dev/null
