#ifndef CDC_POSTGRES_ROW_JSON_HPP
#define CDC_POSTGRES_ROW_JSON_HPP

#include "postgres/pgoutput.hpp"
#include "postgres/relation.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Rows of pgoutput as JSON objects. All throw Error (bad_data) naming the column.
namespace cdc::postgres {

/// Whether somebody reads the row's texts afterwards: see append_value_once().
enum class Use { again, once };

/// `{"id":7}`, the columns of the key; `null` when the table has none.
void append_key(std::string& out, const RelationPlan& plan, const pgoutput::Tuple& row);

/// All columns that have a value; the places of those that have none (unchanged out-of-line
/// values) are put into `missing`.
void append_row(std::string& out, const RelationPlan& plan, const pgoutput::Tuple& row,
                std::vector<std::size_t>& missing, Use use = Use::again);

/// `,"member":["a","b"]`; nothing when there are no columns.
void append_names(std::string& out, std::string_view member, const RelationPlan& plan,
                  const std::vector<std::size_t>& columns);

} // namespace cdc::postgres

#endif
