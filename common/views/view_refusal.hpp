#ifndef CDC_VIEWS_VIEW_REFUSAL_HPP
#define CDC_VIEWS_VIEW_REFUSAL_HPP

#include "views/refused.hpp"
#include "views/view_file.hpp"

namespace cdc::views {

/// Throws Refused with the view's name and the line of the file.
[[noreturn]] void refuse_view(const View& view, const Problem& problem);

} // namespace cdc::views

#endif
