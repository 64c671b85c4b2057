#ifndef CDC_VERIFY_TABLES_HPP
#define CDC_VERIFY_TABLES_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/source.hpp"
#include "cdc-verify/table.hpp"
#include "cdc-verify/target.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cdc::verify {

/// A table that the target holds, before anything was asked about it.
struct Candidate {
    std::string schema;
    std::string table;
    std::string target; ///< "": it should hold it, and does not
    std::string layout; ///< of clickhouse::layout_json()
    std::string stale;
    std::string name() const { return schema + "." + table; }
};

/// What `_cdc_state` says of tables of this database, and the tables of the publication that it
/// does not name, filtered as the options say, by name. The publication is --publication, or one
/// that is named as a slot that fills the target; where there is none, nothing says what should be
/// there.
std::vector<Candidate> find_tables(const Options& options, Source& source, Target& target,
                                   const std::string& database);

/// Pairs the columns of both sides by name. Throws Error (refused) when there is no such table on
/// one of them, or a key column is missing. `edits`: what the stream did to its columns.
Table describe(const Options& options, const Candidate& candidate, Source& source, Target& target,
               const std::shared_ptr<const postgres::ColumnEdits>& edits);

} // namespace cdc::verify

#endif
