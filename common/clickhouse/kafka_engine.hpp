#ifndef CDC_CLICKHOUSE_KAFKA_ENGINE_HPP
#define CDC_CLICKHOUSE_KAFKA_ENGINE_HPP

#include "clickhouse/layout.hpp"
#include "clickhouse/schema.hpp"

#include <string>
#include <vector>

/// A table's topic read by ClickHouse itself, into the same tables that cdc-load fills:
///
///     t_queue           ENGINE = Kafka, one column `json`: a record's value
///     t_queue_reader    materialized view, from the queue into
///     t_queue_lines     ENGINE = Null, from which two materialized views fill the tables
///     t_queue_rows      t_raw
///     t_queue_barriers  `_cdc_state`: truncates, and snapshots of the whole table
///
/// The reader is made last: the engine reads as soon as any view asks the queue, and what it read
/// before the others are there would be lost.
///
/// Only for tables with key. What a view cannot decide makes it throw, so that the engine does not
/// commit the record: updates with unchanged columns, columns that the shape does not have, dates
/// and integers that the columns do not hold.
///
/// These functions only make SQL.
namespace cdc::clickhouse {

struct KafkaTopic {
    std::string brokers;
    std::string topic;
    std::string group;
};

/// In the order in which they are to run, without `_cdc_state`, t_raw and the view.
std::vector<std::string> create_queue_sql(const Target& target, const TargetShape& shape,
                                          const KafkaTopic& topic);

} // namespace cdc::clickhouse

#endif
