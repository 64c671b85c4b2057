#include "cdc-transform/bag.hpp"

#include <fmt/format.h>

namespace cdc::transform {

std::uint64_t take_equal_rows(duckdb::Connection& connection, const std::string& table,
                              const std::string& delta, const std::vector<std::string>& columns) {
    std::string same;
    std::string row;
    for (const std::string& column : columns) {
        same +=
            fmt::format("{0}s.{1} IS NOT DISTINCT FROM d.{1}", same.empty() ? "" : " AND ", column);
        row += (row.empty() ? "s." : ", s.") + column;
    }
    const std::uint64_t taken = connection.execute(fmt::format(
        "DELETE FROM {0} WHERE rowid IN (SELECT place FROM (SELECT s.rowid AS place, -d.\"cdc n\" "
        "AS take, "
        "row_number() OVER (PARTITION BY {2}) AS number FROM {0} s JOIN {1} d ON {3} WHERE "
        "d.\"cdc n\" < 0) WHERE number <= take)",
        table, delta, row, same));
    const std::int64_t wanted = connection.number(fmt::format(
        "SELECT coalesce(sum(-\"cdc n\"), 0)::BIGINT FROM {} WHERE \"cdc n\" < 0", delta));
    return static_cast<std::uint64_t>(wanted) - taken;
}

} // namespace cdc::transform
