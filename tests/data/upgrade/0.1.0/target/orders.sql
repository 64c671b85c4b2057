CREATE VIEW orders
(
    `id` Int32,
    `amount` Nullable(Decimal(10, 2)),
    `note` Nullable(String),
    `tags` Array(Nullable(String)),
    `m` LowCardinality(Nullable(String)),
    `at` Nullable(DateTime64(6, 'UTC'))
)
AS SELECT
    id,
    amount,
    note,
    tags,
    m,
    at
FROM orders_raw
FINAL
WHERE _version >= (
    SELECT max(version)
    FROM _cdc_state
    WHERE (scope = 'table') AND (name = 'orders') AND (item = 'barrier')
)
