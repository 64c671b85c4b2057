-- How many users there are by day of birth in the table and country, kept by mysql-users: cdc-pipelines(7), AN AGGREGATE.
-- A part is 10,000 ids. Parts with a row that was stored since the last whole look, less 20 seconds for inserts that
-- were on their way then, are counted anew from the view; a group that a part no longer has gets 0.
CREATE TABLE IF NOT EXISTS users_by_day_parts
    (part Int64, day Date32, country String, users UInt64, _version DateTime64(3, 'UTC'))
    ENGINE = ReplacingMergeTree(_version) ORDER BY (part, day, country);

CREATE VIEW IF NOT EXISTS users_by_day AS
    SELECT day, country, sum(p.users) AS users FROM users_by_day_parts AS p FINAL GROUP BY day, country HAVING users > 0;

-- The barrier voids rows without touching them (a truncate, a whole snapshot): where it moved, all is counted.
CREATE TABLE IF NOT EXISTS users_by_day_looks (begun DateTime64(3, 'UTC'), barrier UInt128, whole UInt8)
    ENGINE = ReplacingMergeTree(whole) ORDER BY begun TTL toDateTime(begun) + INTERVAL 1 DAY;

INSERT INTO users_by_day_looks
    SELECT now64(3, 'UTC'), max(version), 0 FROM _cdc_state WHERE scope = 'table' AND name = 'users' AND item = 'barrier';

INSERT INTO users_by_day_parts
    WITH (SELECT argMax(barrier, begun) FROM users_by_day_looks) AS barrier_now,
        (SELECT if(argMax(barrier, begun) = barrier_now, max(begun) - INTERVAL 20 SECOND, toDateTime64(0, 3, 'UTC'))
            FROM users_by_day_looks WHERE whole = 1) AS since,
        touched AS (SELECT intDiv(id, 10000) AS part FROM users_raw WHERE _synced_at >= since
            UNION DISTINCT SELECT part FROM users_by_day_parts WHERE since < toDateTime64(1, 3, 'UTC'))
    SELECT part, day, country, sum(n), (SELECT max(begun) FROM users_by_day_looks)
    FROM (
        SELECT intDiv(id, 10000) AS part, ifNull(toDate32(created_at), toDate32('1970-01-01')) AS day,
            ifNull(country, '') AS country, 1 AS n
        FROM users WHERE intDiv(id, 10000) IN (SELECT part FROM touched)
        UNION ALL
        SELECT part, day, country, 0 FROM users_by_day_parts FINAL WHERE part IN (SELECT part FROM touched))
    GROUP BY part, day, country;

INSERT INTO users_by_day_looks SELECT begun, barrier, 1 FROM users_by_day_looks ORDER BY begun DESC LIMIT 1;
