#include "mysql/dropped_names.hpp"

namespace cdc::mysql {

nlohmann::ordered_json DroppedNames::to_json() const {
    nlohmann::ordered_json tables = nlohmann::ordered_json::array();
    for (const auto& [table, names] : columns) {
        tables.push_back({{"db", table.first}, {"table", table.second}, {"columns", names}});
    }
    return {{"databases", databases}, {"columns", std::move(tables)}};
}

DroppedNames DroppedNames::from_json(const nlohmann::ordered_json& json) {
    DroppedNames out;
    json.at("databases").get_to(out.databases);
    for (const auto& table : json.at("columns")) {
        table.at("columns").get_to(out.columns[{table.at("db"), table.at("table")}]);
    }
    return out;
}

} // namespace cdc::mysql
