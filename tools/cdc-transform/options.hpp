#ifndef CDC_TRANSFORM_OPTIONS_HPP
#define CDC_TRANSFORM_OPTIONS_HPP

#include "cdc-transform/inputs.hpp"
#include "cli/metrics.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::cli {
class App;
}

namespace cdc::transform {

struct Options {
    std::string views;                   ///< file
    std::string state;                   ///< folder
    std::string name{"transform"};       ///< of the source in each line, and its database
    std::vector<std::string> empty;      ///< patterns of tables that are whole from the start
    std::vector<std::string> pass;       ///< patterns of tables whose lines go through
    std::vector<std::string> drop_views; ///< that left the file: emptied in the target
    std::string duckdb_library;          ///< "": found by itself
    std::uint64_t memory = 256U << 20;   ///< of the engine
    int threads = 1;
    std::vector<std::string> inputs;      ///< NAME=FILE; empty: stdin
    std::vector<std::string> checkpoints; ///< files of the last stage, [NAME=]FILE
    std::string ack;                      ///< "", or on-write
    std::uint32_t epoch = 0;              ///< of a state that is made; 0: the day's
    std::string on_error{"stop"};         ///< or park
    std::int64_t drain_ms = 30'000;
    std::int64_t merge_after_ms = 10'000; ///< behind for so long, checkpoints that wait are one cut
    cli::MetricsOptions metrics;
    bool explain = false;
    bool check = false;
    std::int64_t check_every_ms = 0; ///< 0: only when asked
    bool dry_run = false;
    bool print_flink_sql = false;
    std::string brokers; ///< of print_flink_sql

    bool on_write() const { return !ack.empty(); }
    /// stdin, without a name, where no --input is given.
    std::vector<NamedInput> named_inputs() const;
};

/// Registers the options of cdc-transform, which fill `options`.
void add_options(cli::App& app, Options& options);
/// Throws base::Error (usage) on contradictions.
void check_options(const Options& options);

} // namespace cdc::transform

#endif
