CREATE VIEW log
(
    `a` Nullable(Int32),
    `b` Nullable(String)
)
AS SELECT
    a,
    b
FROM
(
    SELECT
        a,
        b,
        sum(_sign) AS _n
    FROM log_raw
    FINAL
    WHERE _version >= (
        SELECT max(version)
        FROM _cdc_state
        WHERE (scope = 'table') AND (name = 'log') AND (item = 'barrier')
    )
    GROUP BY
        a,
        b
    HAVING _n > 0
)
ARRAY JOIN range(toUInt64(_n)) AS _i
