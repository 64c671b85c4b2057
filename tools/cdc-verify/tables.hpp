#ifndef CDC_VERIFY_TABLES_HPP
#define CDC_VERIFY_TABLES_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/source.hpp"
#include "cdc-verify/table.hpp"
#include "cdc-verify/target.hpp"

#include <string>
#include <vector>

namespace cdc::verify {

/// A table that the target holds, before anything was asked about it.
struct Candidate {
    std::string schema;
    std::string table;
    std::string target;
    std::string stale;
    std::string name() const { return schema + "." + table; }
};

/// What `_cdc_state` says of tables of this database, filtered as the options say, by name.
std::vector<Candidate> find_tables(const Options& options, Target& target,
                                   const std::string& database);

/// Pairs the columns of both sides by name. Throws Error (refused) when there is no such table on
/// one of them, or a key column is missing.
Table describe(const Options& options, const Candidate& candidate, Source& source, Target& target);

} // namespace cdc::verify

#endif
