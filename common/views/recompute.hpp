#ifndef CDC_VIEWS_RECOMPUTE_HPP
#define CDC_VIEWS_RECOMPUTE_HPP

#include "views/bind.hpp"

#include <string>

namespace cdc::views {

/// Keys to compute a view for.
struct KeySet {
    /// A table whose columns are view.found_by(), without duplicates.
    std::string table;
    /// A column of the table may hold NULL: the condition then finds NULL keys too, and costs more.
    bool has_null = false;
};

/// The view's rows of these keys, with all its columns. The condition stands inside the view, below
/// GROUP BY, windows and set operations. For KEY () it is the whole view.
std::string recompute(const BoundView& view, const KeySet& keys, const Engine& engine);

/// The same for a key of one column and few keys: `literals` is a list of SQL literals, as `1, 2`,
/// none of them NULL. The engine pushes them into scans.
std::string recompute_literals(const BoundView& view, const std::string& literals, bool has_null,
                               const Engine& engine);

} // namespace cdc::views

#endif
