#ifndef CDC_VERIFY_OPTIONS_HPP
#define CDC_VERIFY_OPTIONS_HPP

#include "cli/metrics.hpp"
#include "event/column_edits.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::cli {
class App;
}

namespace cdc::verify {

struct Options {
    std::string source;
    std::string target;
    std::string chdb_library;
    std::string slot;       ///< whose position in the target counts; "": the only one
    std::string checkpoint; ///< file that says the target's position; "": `_cdc_state` does
    std::vector<std::string> tables;
    std::vector<std::string> exclude;
    bool allow_no_match = false;    ///< patterns may meet nothing
    std::vector<std::string> pairs; ///< SOURCE=TARGET: any two tables
    std::vector<std::string> key;   ///< columns by which their rows are told apart
    std::vector<std::string> exclude_columns;
    event::ColumnEditOptions edited;
    std::vector<std::string> where; ///< TABLE=CONDITION
    std::string publication;        ///< whose tables must be there; "": that named as the slot

    std::vector<std::string> keys_from; ///< files of change lines whose keys are compared; "-"
    std::string changed_since;          ///< an order or "last": keys of later rows of the target
    bool by_keys() const { return !keys_from.empty() || !changed_since.empty(); }

    bool counts = false;
    bool rows = false;
    double sample = 1;          ///< part of the rows, 0 to 1
    double float_tolerance = 0; ///< largest difference that is none, relative to the larger value
    int jobs = 2;
    std::uint64_t max_rows = 1'000'000; ///< held in memory at a time, of each side
    std::int64_t settle_ms = 30'000;
    std::int64_t time_budget_ms = 0; ///< 0: none
    bool no_wait = false;
    bool repair = false;
    std::string on_dropped{"report"}; ///< or "differ": a table that the source dropped is different

    std::size_t show = 20; ///< differing rows shown of each table
    cli::MetricsOptions metrics;
    bool json = false;
    bool quiet = false;
    bool explain = false;

    /// Throws Error (usage).
    event::ColumnEdits edits() const { return event::ColumnEdits{edited}; }
};

void add_options(cli::App& app, Options& options);
/// Throws Error (usage).
void check_options(const Options& options);

} // namespace cdc::verify

#endif
