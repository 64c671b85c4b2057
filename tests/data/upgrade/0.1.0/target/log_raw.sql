CREATE TABLE log_raw
(
    `a` Nullable(Int32),
    `b` Nullable(String),
    `_version` UInt128,
    `_row` UInt64,
    `_sign` Int8,
    `_source_ts_ms` Int64,
    `_synced_at` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (_version, _row)
SETTINGS index_granularity = 8192
