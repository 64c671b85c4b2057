#ifndef CDC_SNAPSHOT_OPTIONS_HPP
#define CDC_SNAPSHOT_OPTIONS_HPP

#include "cli/metrics.hpp"
#include "event/column_edits.hpp"
#include "event/encoding.hpp"
#include "event/table_filter.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::cli {
class App;
}

namespace cdc::snapshot {

/// Rows of the tables that match `pattern` are read only where `condition` holds.
struct Where {
    std::string pattern; ///< as for --tables
    std::string condition;
};

struct Options {
    std::string source;               ///< libpq URI or "key=value" text
    std::string slot;                 ///< of the stream that follows; empty: beside a running one
    std::string publication;          ///< default: as the slot; empty: every table
    std::vector<std::string> tables;  ///< globs; none: those of `where`, or all
    std::vector<std::string> exclude; ///< globs
    bool minimal_metadata = false;    ///< MySQL: the stream behind it takes names of the catalog
    bool allow_no_match = false;      ///< patterns may meet nothing
    event::ColumnEditOptions edited;
    event::ColumnEdits edits; ///< of `edited`; filled in by check_options(), which reads the keys
    std::vector<std::string> where; ///< TABLE=CONDITION
    std::vector<Where> conditions;  ///< `where`, taken apart by check_options()
    std::string beside;  ///< MySQL: checkpoint file of the stream beside which tables are read
    bool create = false; ///< make publication and slot
    bool add = false;    ///< add the tables to the publication first
    bool allow_no_identity = false;          ///< publish tables that have no replica identity
    std::int64_t connect_timeout_ms = 30000; ///< how long the first connection is tried
    std::int64_t wait_ms = -1;               ///< for running writers; -1: for ever

    std::string prefix; ///< source.name; default: the database's name
    event::Encoding types = event::Encoding::exact;
    cli::MetricsOptions metrics;

    std::vector<std::string> checkpoints; ///< files that the last stages write
    std::int64_t drain_ms = 600000;       ///< how long the acknowledgement may take

    int jobs = 2;                          ///< readers
    std::string chunk_by = "auto";         ///< key, ctid or auto
    std::uint64_t chunk_rows = 100000;     ///< about so many rows a range
    std::uint64_t max_rows_per_second = 0; ///< of all readers; 0: no limit
    bool schema_only = false;              ///< no rows

    /// Whether the stream of the slot follows; else another one runs beside this.
    bool before_stream() const { return !slot.empty(); }
};

void add_options(cli::App& app, Options& options);

/// Throws Error (usage) for what is missing or contradicts itself; fills in what depends on other
/// options.
void check_options(Options& options);

/// The tables that are asked for: those of --tables, else of --where, else all.
event::TableFilter filter_of(const Options& options);
std::vector<std::string> patterns_of_conditions(const Options& options);
/// The condition that --where has for the table; "": none. Throws Error (refused) where the table
/// has no key: its rows would be there twice.
std::string condition_of(const Options& options, const std::string& schema,
                         const std::string& table, bool keyed);

/// "public.orders=id > 5": the first '=' outside double quotes ends the pattern. Throws Error
/// (usage).
Where parse_where(const std::string& text);

} // namespace cdc::snapshot

#endif
