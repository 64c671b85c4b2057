#include "postgres/missing_right.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace cdc::postgres {

namespace {

constexpr std::size_t kMaxNamed = 5;

} // namespace

void MissingRights::add(std::string_view role, std::string_view schema, std::string_view table) {
    auto found = std::find_if(m_schemas.begin(), m_schemas.end(),
                              [&](const Schema& one) { return one.schema == schema; });
    if (found == m_schemas.end()) {
        found = m_schemas.insert(m_schemas.end(), {std::string{role}, std::string{schema}, {}});
    }
    found->tables.emplace_back(table);
}

void MissingRights::append_to(std::vector<Finding>& findings) const {
    for (const Schema& one : m_schemas) {
        const std::size_t count = one.tables.size();
        if (count == 1) {
            const std::string name = one.schema + "." + one.tables[0];
            findings.push_back({Finding::Level::problem, "tables",
                                fmt::format("role {} may not read {}", one.role, name),
                                fmt::format("GRANT SELECT ON {} TO {};", name, one.role)});
            continue;
        }
        const std::vector<std::string> named(
            one.tables.begin(), one.tables.begin() + static_cast<long>(std::min(count, kMaxNamed)));
        findings.push_back(
            {Finding::Level::problem, "tables",
             fmt::format("role {} may not read {} tables of schema {}: {}{}", one.role, count,
                         one.schema, fmt::join(named, ", "), count > kMaxNamed ? ", …" : ""),
             fmt::format("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {};", one.schema, one.role)});
    }
}

} // namespace cdc::postgres
