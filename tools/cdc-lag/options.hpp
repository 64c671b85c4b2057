#ifndef CDC_LAG_OPTIONS_HPP
#define CDC_LAG_OPTIONS_HPP

#include "cli/groups.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::cli {
class App;
}

namespace cdc::lag {

struct Options {
    std::string source;             ///< libpq's URL or key=value text; "": no source is asked
    std::vector<std::string> slots; ///< none: all logical slots of the database
    std::vector<std::string> checkpoints;
    std::vector<std::string> stages; ///< FILE or HOST:PORT of --metrics of a running tool
    std::string target;              ///< URL; "": no target is asked
    std::string chdb_library;
    cli::KafkaOptions kafka;
    std::vector<std::string> groups;
    std::vector<std::string> topics; ///< names, or patterns that begin with '^'

    bool json = false;
    bool csv = false;
    bool partitions = false; ///< in the table too; the other forms always have them
    std::string prometheus;  ///< file; "": none
    bool quiet = false;      ///< the table only when the verdict is not 0
    std::optional<std::int64_t> watch_ms;

    std::optional<std::uint64_t> max_bytes;
    std::optional<std::int64_t> max_ms;
    std::optional<std::uint64_t> min_safe_wal;
    std::optional<std::uint64_t> max_messages;
};

void add_options(cli::App& app, Options& options);
/// Throws Error (usage).
void check_options(const Options& options);

} // namespace cdc::lag

#endif
