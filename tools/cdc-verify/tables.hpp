#ifndef CDC_VERIFY_TABLES_HPP
#define CDC_VERIFY_TABLES_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/source.hpp"
#include "cdc-verify/table.hpp"
#include "cdc-verify/target.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::verify {

/// A table to compare, before anything was asked about it.
struct Candidate {
    std::string schema;
    std::string table;
    std::string target; ///< "": it should hold it, and does not
    std::string layout; ///< of clickhouse::layout_json()
    bool any = false;   ///< of --table: the target's name is that of a table or a view
    std::string name() const { return schema + "." + table; }
};

/// The pairs of --table; else what `_cdc_state` says of tables of this database, and the tables of
/// the publication that it does not name, filtered as the options say, by name. The publication is
/// --publication, or one that is named as a slot that fills the target; where there is none,
/// nothing says what should be there.
std::vector<Candidate> find_tables(const Options& options, Source& source, Target& target);

/// Pairs the columns of both sides by name. Nothing when the source has no such table. Throws Error
/// (refused) when the target has none, or a key column is missing. `edits`: what the stream did to
/// its columns.
std::optional<Table> describe(const Options& options, const Candidate& candidate, Source& source,
                              Target& target,
                              const std::shared_ptr<const event::ColumnEdits>& edits);

/// What the options leave out of a table, for people: "1% of the rows, without note"; "": nothing.
std::string describe_restriction(const Options& options, const Table& table);

/// Whether every row and every column is compared, as the source has them: only such a comparison
/// can prove that a table is right.
bool compares_all(const Options& options, const Table& table);
/// The same, of the rows that are compared: perhaps only those of changed keys.
bool compares_all_columns(const Options& options, const Table& table);

} // namespace cdc::verify

#endif
