#ifndef CDC_VERIFY_ANY_TABLE_HPP
#define CDC_VERIFY_ANY_TABLE_HPP

#include "cdc-verify/tables.hpp"

#include <string>
#include <vector>

/// --table SOURCE=TARGET: a table of the target that cdc-load does not fill.
namespace cdc::verify {

/// Throws Error (refused) when a name is none of the source's tables, or of several.
std::vector<Candidate> find_pairs(const Options& options, Source& source);

struct AnyTable {
    std::vector<Target::ExistingColumn> columns;
    std::string sql; ///< what stands behind FROM
};
/// `name` is that of a table or view, or DATABASE.TABLE. Throws Error (refused).
AnyTable find_any_table(Target& target, const std::string& name);

/// --key, else the source's. Throws Error (refused) when --key names another column.
std::vector<std::string> key_of(const Options& options, const source::TableFacts& facts);

} // namespace cdc::verify

#endif
