#include "views/view_refusal.hpp"

#include <algorithm>
#include <string_view>

namespace cdc::views {

namespace {

std::size_t line_of(const View& view, std::size_t position) {
    if (position > view.select.size()) {
        return view.line;
    }
    const std::string_view before = std::string_view{view.select}.substr(0, position);
    return view.select_line +
           static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

} // namespace

void refuse_view(const View& view, const Problem& problem) {
    throw Refused{view.file, line_of(view, problem.position),
                  fmt::format("view {}: {}", base::in_quotes(view.name), problem.construct),
                  problem.advice};
}

} // namespace cdc::views
