#include "cdc-transform/named_relations.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace cdc::transform {

using Json = nlohmann::json;

namespace {

void collect(const Json& node, std::vector<std::string>& tables, std::set<std::string>& hidden) {
    if (node.is_object()) {
        if (node.contains("cte_map") && node["cte_map"].contains("map")) {
            for (const Json& entry : node["cte_map"]["map"]) {
                hidden.insert(entry.value("key", ""));
            }
        }
        if (node.value("type", Json{}) == "BASE_TABLE") {
            std::string name = node.value("table_name", "");
            for (const char* before : {"schema_name", "catalog_name"}) {
                if (const std::string part = node.value(before, ""); !part.empty()) {
                    name = part + '.' + name;
                }
            }
            tables.push_back(std::move(name));
        }
    }
    if (node.is_structured()) {
        for (const Json& child : node) {
            collect(child, tables, hidden);
        }
    }
}

} // namespace

std::vector<std::string> named_relations(const std::string& tree) {
    std::vector<std::string> tables;
    std::set<std::string> hidden;
    collect(Json::parse(tree), tables, hidden);
    std::sort(tables.begin(), tables.end());
    tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
    std::erase_if(tables, [&](const std::string& name) { return hidden.contains(name); });
    return tables;
}

} // namespace cdc::transform
