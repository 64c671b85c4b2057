#include "mysql/collations.hpp"

#include "base/numbers.hpp"
#include "mysql/connection.hpp"

namespace cdc::mysql {

namespace {

/// From here on MariaDB has collations that serve several character sets, whose numbers and full
/// names stand in a table of their own.
constexpr unsigned long kSharedCollations = 101001;

} // namespace

void Collations::add(std::uint32_t number, const std::string& name, bool padded) {
    if (number != 0) {
        m_names[number] = name;
    }
    if (name == "binary" || (!padded && name.ends_with("_bin"))) {
        m_exact.insert(name);
    }
}

std::string Collations::inexact_name(const TableMap::Column& column) const {
    std::string name = column.collation_name;
    if (name.empty()) {
        const auto found = m_names.find(column.collation);
        name = found == m_names.end() ? std::to_string(column.collation) : found->second;
    }
    return m_exact.contains(name) ? std::string{} : name;
}

Collations read_collations(Connection& connection) {
    const bool mariadb = connection.is_mariadb();
    const char* const sql = !mariadb ? "SELECT id, collation_name, pad_attribute = 'PAD SPACE' "
                                       "FROM information_schema.collations"
                            : connection.version() < kSharedCollations
                                ? "SELECT id, collation_name, collation_name NOT LIKE '%nopad%' "
                                  "FROM information_schema.collations"
                                : "SELECT id, full_collation_name, full_collation_name NOT LIKE "
                                  "'%nopad%' FROM "
                                  "information_schema.collation_character_set_applicability";
    Collations out;
    for (const Connection::Row& row : connection.query(sql)) {
        out.add(base::parse_integer<std::uint32_t>(row.at(0).value_or("")).value_or(0),
                row.at(1).value_or(""), row.at(2).value_or("1") != "0");
    }
    return out;
}

} // namespace cdc::mysql
