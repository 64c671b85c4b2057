# Words of the tests of scripts/pipelines/mysql-enrich; source it behind lib.sh. CDC_TEST_MYSQL_SERVICES: mysql or mariadb.
. "$HERE/pipeline_mysql.bash"
MYSQL_DB=streaming_etl_db
the_pipeline mysql-enrich
at_end() { "$pipeline" terminate --yes; }

# The join as MySQL answers it, against the rows of the target, as text; no comparator of ours.
same_join() {
    my "SELECT p.id, p.first_name, p.last_name, p.email, p.birthday, DATE_FORMAT(p.updated_at, '%Y-%m-%d %H:%i:%s.%f'),
            p.address_id, a.street, a.postcode, a.geo_id, g.city, g.country, g.latitude, g.longitude
        FROM person p LEFT JOIN address a ON a.id = p.address_id LEFT JOIN geo g ON g.id = a.geo_id ORDER BY p.id" >join.source
    ch "SELECT * FROM person_enriched ORDER BY person_id FORMAT TSVRaw SETTINGS output_format_decimal_trailing_zeros = 1" |
        sed 's/\\N/NULL/g' >join.target
    cmp -s join.source join.target
}
parity() {
    wait_until 60 same_join
    "$pipeline" verify >verify.txt 2>verify.err || { cat verify.txt; fail "verify"; }
    grep -Eq '^views.person_enriched  [0-9]+ rows  same$' verify.txt || { cat verify.txt; fail "verify of the view"; }
}

# Transactions of each kind, one a line, the same for the same number: persons come, go and get other keys, addresses are
# shared, changed and taken away, places move. Persons 1 to 20 move house in one transaction each time: nobody may see one of
# them without an address.
changes() { # NUMBER
    local n=$1 house=$((1000000 + $1)) mover=$(($1 % 20 + 1))
    cat <<SQL
UPDATE person SET first_name = 'changed$n', updated_at = now(3) WHERE id % 37 = $((n % 37));
UPDATE person SET address_id = IF(id % 3 = 0, NULL, $((n * 7 % 650 + 1))) WHERE id > 20 AND id % 53 = $((n % 53));
UPDATE address SET street = CONCAT('Road ', $n), geo_id = $((n * 11 % 110 + 1)) WHERE id % 41 = $((n % 41));
UPDATE geo SET city = CONCAT('Town ', $n), latitude = -latitude WHERE id = $((n % 100 + 1));
INSERT INTO person (first_name, email, address_id) VALUES ('new''s', 'new$n@example.com', $((n % 600 + 1))), ('ünï', NULL, NULL);
DELETE FROM person WHERE id = $((n % 900 + 100));
DELETE FROM geo WHERE id = $((n * 3 % 90 + 1));
INSERT IGNORE INTO geo (id, city, country) VALUES ($((n % 90 + 1)), 'again', 'XX');
UPDATE person SET id = -id - $n * 1000 WHERE id = $((n % 80 + 21));
SET @old = (SELECT address_id FROM person WHERE id = $mover); START TRANSACTION; INSERT INTO address (id, street, postcode, geo_id) VALUES ($house, 'Moved $n', '1', 1); UPDATE person SET address_id = $house WHERE id = $mover; DELETE FROM address WHERE id = @old AND id > 1000000; COMMIT;
SQL
}
change() { my "$(changes "$1")"; }
# Rows of the movers in the view's topic that have no address.
homeless() {
    "$pipeline" messages person_enriched 1000000 2>messages.err | jq -c 'select(.op and .after) | .after | select(.person_id >= 1 and .person_id <= 20 and .street == null)'
}
