#ifndef CDC_VIEWS_WHOLE_HPP
#define CDC_VIEWS_WHOLE_HPP

#include "views/bind.hpp"

#include <string>
#include <vector>

namespace cdc::views {

/// Of a FULL view: sets the stored names of its tables in `node` and says which it reads. Functions
/// must be on the list, as in every view. Throws Problem.
std::vector<std::string> bind_whole(Json& node, const std::vector<Relation>& relations);

} // namespace cdc::views

#endif
