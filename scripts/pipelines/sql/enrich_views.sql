-- What mysql-enrich keeps current, in cdc-transform's view file. MySQL and ClickHouse answer the same SELECT.

-- Each person with the address and its place on earth, as far as they are known.
CREATE VIEW person_enriched KEY (person_id) AS
SELECT p.id AS person_id, p.first_name, p.last_name, p.email, p.birthday, p.updated_at,
       p.address_id, a.street, a.postcode, a.geo_id, g.city, g.country, g.latitude, g.longitude
FROM person p
LEFT JOIN address a ON a.id = p.address_id
LEFT JOIN geo g ON g.id = a.geo_id;
