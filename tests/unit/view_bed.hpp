// An engine for views, and a view file of one view.
#ifndef CDC_TESTS_VIEW_BED_HPP
#define CDC_TESTS_VIEW_BED_HPP

#include "duckdb/database.hpp"
#include "views/bind.hpp"

#include <string>

namespace cdc::views {

struct Bed {
    cdc::duckdb::Database database{"", {}};
    cdc::duckdb::Connection connection{database};
    Engine engine{
        [this](const std::string& sql) { return cdc::duckdb::serialize_sql(connection, sql); },
        [this](const std::string& tree) { return cdc::duckdb::deserialize_sql(connection, tree); },
        {}};
};

inline View one_view(const std::string& clauses, const std::string& select) {
    return parse_view_file("CREATE VIEW v " + clauses + " AS " + select + ";", "views.sql")
        .views.at(0);
}

} // namespace cdc::views

#endif
