#ifndef CDC_CAPTURE_OPTIONS_HPP
#define CDC_CAPTURE_OPTIONS_HPP

#include "cli/metrics.hpp"
#include "event/column_edits.hpp"
#include "event/encoding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::cli {
class App;
}

namespace cdc::capture {

struct Options {
    std::string source;               ///< libpq URI or "key=value" text, mysql://, mariadb://
    std::string slot;                 ///< replication slot
    std::string publication;          ///< default: the name of the slot
    std::vector<std::string> tables;  ///< globs; none: all
    std::vector<std::string> exclude; ///< globs
    bool allow_no_match = false;      ///< patterns may meet nothing
    event::ColumnEditOptions edited;
    event::ColumnEdits edits; ///< of `edited`; filled in by check_options(), which reads the keys

    bool create = false;            ///< make publication and slot first
    bool exit_after_create = false; ///< and do not stream
    bool drop = false;              ///< drop them and exit
    bool check = false;             ///< report whether capture can work, and exit
    bool allow_no_identity = false; ///< publish tables that have no replica identity

    std::string prefix;                ///< source.name; default: the database's name
    bool transactions = false;         ///< lines at the begin and end of each transaction
    std::vector<std::string> messages; ///< logical messages whose prefix matches one of these globs
    event::Encoding types = event::Encoding::exact;

    std::string spool; ///< folder for transactions that run; default: Spool's
    std::uint64_t spool_limit = std::uint64_t{8} << 30; ///< 0: they are sent after their commit

    std::vector<std::string> checkpoints; ///< files that the last stages write
    std::string ack;                      ///< "on-write": confirm what left this process
    bool peek = false;                    ///< confirm nothing
    std::int64_t checkpoint_interval_ms = 1000;
    std::int64_t heartbeat_ms = 10000;
    std::int64_t emit_heartbeat_ms = 0; ///< logical messages of ours in the source; 0: none

    std::optional<std::string> until_position; ///< as the source's log spells it
    std::string from_gtids;        ///< MySQL: behind these transactions; "": not by global ids
    std::string from_position;     ///< MySQL: FILE:OFFSET or "earliest"; "": the end of the log
    bool begin_again = false;      ///< MySQL: at the end of the log where the checkpoint's is gone
    bool minimal_metadata = false; ///< MySQL: names that the log lacks are the catalog's
    std::uint32_t server_id = 0;   ///< MySQL: that of a replica; 0: any
    std::int64_t until_idle_ms = -1; ///< -1: no such condition
    std::uint64_t max_events = 0;    ///< 0: no such condition
    bool exit_at_end = false;        ///< stop at the end the log has at the start

    std::int64_t drain_ms = 30000;           ///< how long a stop may take
    std::int64_t connect_timeout_ms = 30000; ///< how long the first connection is tried
    std::int64_t retry_ms = 300000;          ///< how long a lost connection may take to come back

    cli::MetricsOptions metrics;

    bool on_write() const { return ack == "on-write"; }
};

void add_options(cli::App& app, Options& options);

/// Throws Error (usage) for what is missing or contradicts itself; fills in defaults that depend
/// on other options.
void check_options(Options& options);

} // namespace cdc::capture

#endif
