#ifndef CDC_MYSQL_COLLATIONS_HPP
#define CDC_MYSQL_COLLATIONS_HPP

#include "mysql/table_map.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace cdc::mysql {

class Connection;

/// The collations of a server: by which the texts of a column compare.
class Collations {
public:
    /// `padded`: trailing blanks make no difference. A collation without a number of its own has 0.
    void add(std::uint32_t number, const std::string& name, bool padded);

    /// The name of the collation of a column of texts or labels; "" where exactly equal bytes are
    /// equal texts. A number that the server does not know is its own name.
    std::string inexact_name(const TableMap::Column& column) const;

private:
    std::map<std::uint32_t, std::string> m_names;
    std::set<std::string> m_exact;
};

Collations read_collations(Connection& connection);

} // namespace cdc::mysql

#endif
