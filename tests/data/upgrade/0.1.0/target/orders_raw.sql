CREATE TABLE orders_raw
(
    `id` Int32,
    `amount` Nullable(Decimal(10, 2)),
    `note` Nullable(String),
    `tags` Array(Nullable(String)),
    `m` LowCardinality(Nullable(String)),
    `at` Nullable(DateTime64(6, 'UTC')),
    `_version` UInt128,
    `_deleted` UInt8,
    `_source_ts_ms` Int64,
    `_synced_at` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(_version, _deleted)
ORDER BY (id)
SETTINGS index_granularity = 8192
