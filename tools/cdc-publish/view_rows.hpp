#ifndef CDC_PUBLISH_VIEW_ROWS_HPP
#define CDC_PUBLISH_VIEW_ROWS_HPP

#include "kafka/change_cut.hpp"

#include <cstdint>
#include <string>

namespace cdc::publish {

/// Rows of snapshots of cdc-transform's views. All of one cut have the same order, below that of
/// its changes, and cdc-transform writes a cut again as it was: how many of them were committed
/// says which.
struct ViewRows {
    std::string order;       ///< of the last cut with such rows; empty: none yet
    std::uint64_t count = 0; ///< its rows

    static bool has(const kafka::ChangeCut& cut) {
        return cut.op == 'r' &&
               cut.source.find(R"("connector":"transform")") != std::string_view::npos;
    }
    /// A row of them, in the order of the stream.
    void take(std::string_view of_order) {
        if (order != of_order) {
            order.assign(of_order);
            count = 0;
        }
        ++count;
    }
    /// Whether a row was committed that `seen`, the rows since a restart, ends with.
    bool holds(const ViewRows& seen) const {
        return seen.order < order || (seen.order == order && seen.count <= count);
    }
};

} // namespace cdc::publish

#endif
