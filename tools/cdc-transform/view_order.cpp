#include "cdc-transform/view_order.hpp"

#include "base/error.hpp"
#include "views/names.hpp"
#include "views/view_refusal.hpp"

#include <algorithm>

namespace cdc::transform {

namespace {

/// A view that reads `name` itself, also with a schema, shows that there is a table of that name.
bool reads_table(const KeptView& view, const std::string& name) {
    return std::any_of(view.named().begin(), view.named().end(), [&](const std::string& each) {
        return views::is_name_of(name, each, true);
    });
}

} // namespace

const KeptView* view_before(const KeptViews& views, const KeptView& reader,
                            const std::string& name) {
    for (const auto& view : views) {
        if (view.get() == &reader) {
            return nullptr;
        }
        if (view->view().name == name) {
            return view.get();
        }
    }
    return nullptr;
}

void check_order(const KeptViews& views) {
    for (auto reader = views.begin(); reader != views.end(); ++reader) {
        for (const std::string& name : (*reader)->named()) {
            const auto behind = std::find_if(reader + 1, views.end(), [&](const auto& view) {
                return view->view().name == name && !reads_table(*view, name);
            });
            if (behind != views.end() && view_before(views, **reader, name) == nullptr &&
                (*reader)->view().name != name) {
                views::refuse_view(
                    (*reader)->view(),
                    {fmt::format("it reads view {}, which stands behind it, in line {}",
                                 base::in_quotes(name), (*behind)->view().line),
                     "put that one before it; a table of that name is schema.table",
                     views::kNoPosition});
            }
        }
    }
}

} // namespace cdc::transform
