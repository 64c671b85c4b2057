#ifndef CDC_POSTGRES_EDITED_COLUMNS_HPP
#define CDC_POSTGRES_EDITED_COLUMNS_HPP

#include "event/column_edits.hpp"
#include "postgres/facts.hpp"
#include "postgres/relation.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace cdc::postgres {

/// The columns that --leave-out, --mask and --encrypt name, by the numbers that they keep when they
/// are renamed: one that goes on under a name which no pattern meets would leave as it is.
class EditedColumns {
public:
    /// `edits` must outlive this object.
    explicit EditedColumns(const event::ColumnEdits& edits) : m_edits{&edits} {}

    /// Columns as the stream describes them, what the catalog says of each, and the source that
    /// knows the table's name of now. Throws Error (refused).
    void take(const pgoutput::Relation& relation, const std::vector<ColumnFacts>& facts,
              SourceLookup& source);
    /// Before anything of the look is put out. Throws Error (refused).
    void take(const FactsLook& look);

private:
    using Names = std::map<int, std::string>; ///< `schema.table.column` by number
    void check(const pgoutput::Relation& relation, const ColumnFacts& fact, std::string_view column,
               const NameNow& now) const;
    [[noreturn]] static void refuse(const std::string& name, const std::string& other);

    const event::ColumnEdits* m_edits;
    std::unordered_map<std::uint32_t, Names> m_names; ///< by table
};

} // namespace cdc::postgres

#endif
