#ifndef CDC_PUBLISH_POSITION_HPP
#define CDC_PUBLISH_POSITION_HPP

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

/// How far a stream has come in its topics. Orders are 32 hex digits, or empty before the first.
struct Position {
    std::string order; ///< the highest of a change
    /// The highest of a row of a snapshot. It says nothing of changes: a snapshot that went on
    /// after a failure has rows of a later position than the one where the stream begins.
    std::string row_order;
    ViewRows view_rows;

    void take(const kafka::ChangeCut& cut) {
        std::string& highest = cut.op == 'r' ? row_order : order;
        if (cut.order > highest) {
            highest.assign(cut.order);
        }
        if (ViewRows::has(cut)) {
            view_rows.take(cut.order);
        }
    }
};

} // namespace cdc::publish

#endif
