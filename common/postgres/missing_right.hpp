#ifndef CDC_POSTGRES_MISSING_RIGHT_HPP
#define CDC_POSTGRES_MISSING_RIGHT_HPP

#include "postgres/preflight.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cdc::postgres {

/// Tables that a role may not read, as one finding a schema: of several tables the remedy is one
/// statement too.
class MissingRights {
public:
    /// All texts as SQL has them, in quotes where they need some. `table` is without its schema.
    void add(std::string_view role, std::string_view schema, std::string_view table);
    void append_to(std::vector<Finding>& findings) const;

private:
    struct Schema {
        std::string role;
        std::string schema;
        std::vector<std::string> tables;
    };
    std::vector<Schema> m_schemas;
};

} // namespace cdc::postgres

#endif
