#ifndef CDC_PUBLISH_POSITION_HPP
#define CDC_PUBLISH_POSITION_HPP

#include "base/xxh64.hpp"
#include "kafka/change_cut.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

/// Tables of which all rows of a snapshot were committed, each with the order of that snapshot. An
/// order alone does not say it: a server on which nothing happens gives each snapshot the same one,
/// and one that was kept in a file comes behind changes that are younger.
class SnapshotTables {
public:
    static constexpr std::size_t kMost = 256; ///< older ones are forgotten: their rows come again

    /// Of the table's names, and its snapshot's order.
    static std::uint64_t hash(std::string_view db, std::string_view schema, std::string_view table,
                              std::string_view order) {
        std::string names;
        for (const std::string_view part : {db, schema, table, order}) {
            names.append(part) += '\xff'; // in no UTF-8
        }
        return base::xxh64(names);
    }
    /// A row came.
    void take(std::uint64_t table) { add(m_open, table); }
    /// A checkpoint line of a snapshot that is done, or of none, came.
    void done() {
        for (const std::uint64_t table : m_open) {
            add(m_done, table);
        }
        m_open.clear();
    }
    bool holds(std::uint64_t table) const {
        return std::find(m_done.begin(), m_done.end(), table) != m_done.end();
    }
    const std::vector<std::uint64_t>& all() const noexcept { return m_done; }
    void set(std::vector<std::uint64_t> done) { m_done = std::move(done); }

private:
    static void add(std::vector<std::uint64_t>& to, std::uint64_t table) {
        if (std::find(to.rbegin(), to.rend(), table) != to.rend()) {
            return;
        }
        if (to.size() >= kMost) {
            to.erase(to.begin());
        }
        to.push_back(table);
    }

    std::vector<std::uint64_t> m_open; ///< rows of them came; perhaps not all
    std::vector<std::uint64_t> m_done; ///< the youngest last
};

/// How far a stream has come in its topics. Orders are 32 hex digits, or empty before the first.
struct Position {
    std::string order; ///< the highest of a change
    /// The highest of a row of a snapshot. It says nothing of changes: a snapshot that went on
    /// after a failure has rows of a later position than the one where the stream begins.
    std::string row_order;
    ViewRows view_rows;
    SnapshotTables snapshot_tables;

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
