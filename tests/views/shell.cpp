// The engine and common/views behind a pipe: one JSON request a line, one answer a line.
//
//   {"sql": TEXT}                      {"rows": [[TEXT or null, …], …]}
//   {"file": TEXT, "relations": [{"name": …, "columns": [[name, type], …], "key": […]}, …]}
//                                      {"views": [VIEW, …]}; each view is a relation of those after
//                                      it
//   VIEW  {"name": …, "columns": […], "found_by": […], "reads": […], "select": SQL,
//          "derived": {relation: [SQL, …]}, "recompute": SQL that reads the table found_NAME}
//   any failure                        {"error": TEXT}

#include "duckdb/database.hpp"
#include "views/derive.hpp"
#include "views/recompute.hpp"
#include "views/unique.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
namespace duckdb = cdc::duckdb;
namespace views = cdc::views;

class Shell {
public:
    json answer(const json& request) {
        return request.contains("sql") ? rows(request["sql"]) : derive(request);
    }

private:
    /// Values of other types than varchar, such as the count of a DELETE, come as null.
    json rows(const std::string& sql) {
        json result = json::array();
        duckdb::Result answer = m_connection.query(sql);
        while (answer.next()) {
            for (std::uint64_t row = 0; row < answer.size(); ++row) {
                json values = json::array();
                for (std::size_t i = 0; i < answer.names().size(); ++i) {
                    const duckdb::Vector& column = answer.column(i);
                    const bool is_text = column.type().id == duckdb::TypeId::varchar;
                    values.push_back(is_text && !column.is_null(row) ? json(column.text(row))
                                                                     : json());
                }
                result.push_back(std::move(values));
            }
        }
        return {{"rows", std::move(result)}};
    }

    json derive(const json& request) {
        std::vector<views::Relation> relations;
        for (const json& given : request["relations"]) {
            views::Relation relation{given["name"], given["name"], {}, given["key"]};
            for (const json& column : given["columns"]) {
                relation.columns.push_back({column[0], column[1], {}});
            }
            relations.push_back(std::move(relation));
        }
        json result = json::array();
        for (const views::View& view :
             views::parse_view_file(request["file"].get<std::string>(), "views.sql").views) {
            result.push_back(describe(view, relations));
        }
        return {{"views", std::move(result)}};
    }

    json describe(const views::View& view, std::vector<views::Relation>& relations) {
        const views::BoundView bound = views::bind_view(view, relations, m_engine);
        json derived = json::object();
        for (const std::string& relation : bound.reads) {
            derived[relation] = json::array();
            for (const views::DerivedQuery& query : views::derive(bound, relation, m_engine)) {
                derived[relation].push_back(query.sql);
            }
        }
        const bool unique = views::is_unique(bound, relations);
        // Nobody checks the others here.
        views::Relation relation{view.name, view.name, {}, {}, true, unique && view.key.empty()};
        if (unique) {
            relation.key = view.key;
        }
        for (const std::string& name : bound.columns) {
            relation.columns.push_back({name, "HUGEINT", {}}); // all are whole numbers
        }
        relations.push_back(std::move(relation));
        return {{"name", view.name},
                {"columns", bound.columns},
                {"unique", unique},
                {"found_by", view.found_by()},
                {"reads", bound.reads},
                {"select", views::select_text(bound, m_engine)},
                {"derived", std::move(derived)},
                {"recompute", views::recompute(bound, {"found_" + view.name, true}, m_engine)}};
    }

    duckdb::Database m_database{"", {}};
    duckdb::Connection m_connection{m_database};
    views::Engine m_engine{
        [this](const std::string& sql) { return duckdb::serialize_sql(m_connection, sql); },
        [this](const std::string& tree) { return duckdb::deserialize_sql(m_connection, tree); },
        {}};
};

} // namespace

int main() {
    Shell shell;
    for (std::string line; std::getline(std::cin, line);) {
        json answer;
        try {
            answer = shell.answer(json::parse(line));
        } catch (const std::exception& error) {
            answer = {{"error", error.what()}};
        }
        std::cout << answer.dump() << std::endl;
    }
}
