#include "cdc-transform/view_engine.hpp"

#include <cstdint>

namespace cdc::transform {

std::vector<std::string> column_types(duckdb::Connection& connection, const std::string& select) {
    duckdb::Result described =
        connection.query(fmt::format("SELECT column_type FROM (DESCRIBE {})", select));
    std::vector<std::string> types;
    while (described.next()) {
        for (std::uint64_t row = 0; row < described.size(); ++row) {
            types.emplace_back(described.column(0).text(row));
        }
    }
    return types;
}

views::Engine view_engine(duckdb::Connection& connection, duckdb::Connection& asking) {
    return {
        [&connection](const std::string& sql) { return duckdb::serialize_sql(connection, sql); },
        [&connection](const std::string& tree) {
            return duckdb::deserialize_sql(connection, tree);
        },
        [&asking](const std::string& sql) { return column_types(asking, sql); },
        [&asking](const std::string& sql) {
            asking.query(sql);
        }};
}

} // namespace cdc::transform
