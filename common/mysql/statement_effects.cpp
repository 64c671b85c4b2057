#include "mysql/statement_effects.hpp"

#include "mysql/folded_name.hpp"

namespace cdc::mysql {

namespace {

template<typename Columns>
nlohmann::ordered_json by_table(const std::map<StatementEffects::TableName, Columns>& tables) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const auto& [table, columns] : tables) {
        out.push_back({{"db", table.first}, {"table", table.second}, {"columns", columns}});
    }
    return out;
}

template<typename Columns>
void read(const nlohmann::ordered_json& json, std::map<StatementEffects::TableName, Columns>& out) {
    for (const auto& table : json) {
        table.at("columns").get_to(out[{table.at("db"), table.at("table")}]);
    }
}

} // namespace

void StatementEffects::forget(const TableName& table) {
    dropped_columns.erase(table);
    constants.erase(table);
    former_names.erase(table);
    unannounced.erase(table);
}

nlohmann::ordered_json StatementEffects::to_json() const {
    nlohmann::ordered_json temporary = nlohmann::ordered_json::array();
    for (const TemporaryTable& each : temporary_tables) {
        temporary.push_back({{"thread", each.thread}, {"db", each.db}, {"table", each.table}});
    }
    nlohmann::ordered_json out{{"dropped_databases", dropped_databases},
                               {"dropped_columns", by_table(dropped_columns)},
                               {"constants", by_table(constants)},
                               {"temporary_tables", std::move(temporary)}};
    for (const auto& [table, names] : former_names) {
        out["former_names"].push_back(
            {{"db", table.first}, {"table", table.second}, {"names", names}});
    }
    if (!unannounced.empty()) {
        out["unannounced"] = unannounced;
    }
    return out;
}

StatementEffects StatementEffects::from_json(const nlohmann::ordered_json& json) {
    StatementEffects out;
    json.at("dropped_databases").get_to(out.dropped_databases);
    std::map<TableName, std::set<std::string>> dropped;
    read(json.at("dropped_columns"), dropped);
    for (const auto& [table, columns] : dropped) { // older versions did not fold
        for (const std::string& column : columns) {
            out.dropped_columns[table].insert(folded_name(column));
        }
    }
    read(json.at("constants"), out.constants);
    if (const auto temporary = json.find("temporary_tables"); temporary != json.end()) {
        for (const auto& table : *temporary) {
            out.temporary_tables.insert({table.at("thread"), table.at("db"), table.at("table")});
        }
    }
    if (const auto former = json.find("former_names"); former != json.end()) {
        for (const auto& table : *former) {
            table.at("names").get_to(out.former_names[{table.at("db"), table.at("table")}]);
        }
    }
    if (const auto tables = json.find("unannounced"); tables != json.end()) {
        tables->get_to(out.unannounced);
    }
    return out;
}

} // namespace cdc::mysql
