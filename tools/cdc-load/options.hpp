#ifndef CDC_LOAD_OPTIONS_HPP
#define CDC_LOAD_OPTIONS_HPP

#include "cli/metrics.hpp"
#include "clickhouse/layout.hpp"
#include "clickhouse/value_policy.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::cli {
class App;
}

namespace cdc::load {

/// Of --print-kafka-engine-ddl.
struct KafkaEngineOptions {
    bool print = false;
    std::string brokers;
    std::string prefix; ///< of topics; "": source.name of the table line
    std::string topic{"{prefix}.{schema}.{table}"};
    std::string group{"clickhouse"}; ///< each table's is <group>.<name>
};

struct Options {
    std::string target;             ///< chdb:DIR or http(s)://user@host:port/database
    clickhouse::Layout layout;      ///< mode and names
    clickhouse::ValuePolicy policy; ///< of values that no column can hold
    bool ignore_truncates = false;
    bool keep_dropped_partitions = false;  ///< a partition that is gone leaves no mark
    std::string chdb_library;              ///< "": found by itself
    std::int64_t timeout_ms = 300'000;     ///< of one request
    std::uint64_t batch_rows = 500'000;    ///< of all tables together
    std::uint64_t batch_bytes = 64U << 20; ///< of encoded rows; two batches are in memory
    std::int64_t flush_interval_ms = 1000; ///< oldest unflushed line
    std::size_t insert_jobs = 4;           ///< tables that are stored at once
    std::int64_t retry_ms = -1;            ///< of one request; -1: for ever
    std::vector<std::string> checkpoints;  ///< files; "-" is stdout
    std::int64_t drain_ms = 30'000;        ///< to read on after a signal
    bool dead_letters = false;             ///< what cannot be loaded goes to a file
    std::string dead_letter;               ///< that file
    std::string replay;                    ///< file of dead letters to load; "": stdin is loaded
    cli::MetricsOptions metrics;
    std::vector<std::string> files; ///< to read instead of stdin; "-" is stdin
    bool create_database = false;   ///< make the target's database if there is none
    bool dry_run = false;
    KafkaEngineOptions kafka_engine;
    bool rebuild = false; ///< whole snapshots fill tables anew, which are then exchanged
    bool purge = false;   ///< remove deleted rows instead of loading

    bool replaying() const { return !replay.empty(); }
    /// Whether the lines of a batch are kept until it is durable.
    bool keeps_lines() const { return dead_letters || replaying(); }
};

/// Registers the options of cdc-load, which fill `options`.
void add_options(cli::App& app, Options& options);
/// Throws base::Error (usage) on contradictions.
void check_options(const Options& options);

} // namespace cdc::load

#endif
