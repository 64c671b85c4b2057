#ifndef CDC_POSTGRES_COLUMN_MATCH_HPP
#define CDC_POSTGRES_COLUMN_MATCH_HPP

#include "postgres/pgoutput.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Which column of the catalog a column of the stream is. The stream describes a table as it was
/// when the change was written, the catalog as it is now: columns may have been renamed, retyped,
/// dropped and added since.
namespace cdc::postgres {

/// A row of pg_attribute, as it is now.
struct CatalogColumn {
    int number = 0;
    std::string name; ///< "": dropped since
    std::uint32_t type = 0;
    std::string layout;   ///< of its type, which a dropped column keeps: length and alignment
    bool certain = false; ///< the row is older than what is decoded: it was so then
};

struct ColumnMatch {
    std::optional<std::size_t> row; ///< in the catalog's rows; nothing: none fits
    bool certain = false;           ///< it can be no other
    bool several = false;           ///< several fit
    /// Rows that it may be although they have another name by now, and another type too.
    std::vector<std::size_t> renamed;
};

/// `layouts` of the sent columns' types. Both sides are in the order of their numbers, which are
/// given once: a column that came before another one is there if that one is, dropped or not.
/// Where several fit, the one of that name counts, and is not certain.
std::vector<ColumnMatch> match_columns(const std::vector<pgoutput::RelationColumn>& sent,
                                       const std::vector<std::string>& layouts,
                                       const std::vector<CatalogColumn>& rows);

} // namespace cdc::postgres

#endif
