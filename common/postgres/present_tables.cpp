#include "postgres/present_tables.hpp"

#include "postgres/published.hpp"

#include <nlohmann/json.hpp>

namespace cdc::postgres {

namespace {

// Behind published_sql(). A partition counts where its changes go under its own name.
constexpr char kPresentTables[] = R"(
SELECT n.nspname, c.relname, (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND (NOT c.relispartition OR EXISTS (SELECT FROM pub CROSS JOIN sent s WHERE s.oid = c.oid
        AND CASE WHEN pub.via_root THEN s.top = c.oid ELSE c.relkind = 'r' END))
ORDER BY 1, 2)";

} // namespace

std::vector<event::PresentTable> present_tables(Connection& connection,
                                                const std::string& publication) {
    const Result result = connection.query(
        published_sql(connection.server_version()) + kPresentTables, {publication});
    std::vector<event::PresentTable> tables;
    for (int row = 0; row < result.rows(); ++row) {
        tables.push_back({std::string{result.text(row, 0)}, std::string{result.text(row, 1)},
                          nlohmann::json::parse(result.text(row, 2))});
    }
    return tables;
}

} // namespace cdc::postgres
