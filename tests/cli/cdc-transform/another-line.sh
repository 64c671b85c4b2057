# what is no line stops it, with the place
echo 'CREATE VIEW v KEY (id) AS SELECT id FROM t;' >views.sql
echo 'id,name' | cdc-transform --views views.sql --state state --ack on-write
