#ifndef CDC_VIEWS_WHOLE_HPP
#define CDC_VIEWS_WHOLE_HPP

#include "views/bind.hpp"
#include "views/refused.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cdc::views {

/// Of a FULL view: sets the stored names of its tables in `node` and says which it reads. Functions
/// must be on the list, as in every view. Throws Problem.
std::vector<std::string> bind_whole(Json& node, const std::vector<Relation>& relations);

/// Throws Problem for what no view of the kind may use, whatever its tables are.
void check_parts(const Json& query, bool full);

/// Of a FULL view as it was parsed: a name or a place that means another column to the engine than
/// to PostgreSQL, unless names are resolved.
std::optional<Problem> misread_names(const Json& query, const std::vector<Relation>& relations);

} // namespace cdc::views

#endif
