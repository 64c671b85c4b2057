CREATE TABLE _cdc_state
(
    `scope` LowCardinality(String),
    `name` String,
    `item` String,
    `version` UInt128,
    `position` String,
    `value` String,
    `commit_time` DateTime64(3, 'UTC'),
    `load_time` DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (scope, name, item)
SETTINGS index_granularity = 8192
