#include "mysql/statement_effects.hpp"

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
}

nlohmann::ordered_json StatementEffects::to_json() const {
    return {{"dropped_databases", dropped_databases},
            {"dropped_columns", by_table(dropped_columns)},
            {"constants", by_table(constants)}};
}

StatementEffects StatementEffects::from_json(const nlohmann::ordered_json& json) {
    StatementEffects out;
    json.at("dropped_databases").get_to(out.dropped_databases);
    read(json.at("dropped_columns"), out.dropped_columns);
    read(json.at("constants"), out.constants);
    return out;
}

} // namespace cdc::mysql
