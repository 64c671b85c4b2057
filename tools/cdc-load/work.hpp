#ifndef CDC_LOAD_WORK_HPP
#define CDC_LOAD_WORK_HPP

#include "base/error.hpp"
#include "cdc-load/kept_lines.hpp"
#include "cdc-load/marks.hpp"
#include "checkpoints/by_input.hpp"
#include "clickhouse/batch.hpp"
#include "clickhouse/state.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace cdc::load {

/// An update whose unchanged columns must be taken from an earlier row.
struct WaitingLine {
    std::string key; ///< as rows begin with it
    event::Order order;
    std::string line;
};

/// A line that could not be taken apart.
struct BrokenLine {
    std::uint64_t line_number;
    std::string line;
    base::Error error;
};

/// What one flush brings to one table.
struct TableWork {
    clickhouse::RowBatch rows;
    std::vector<WaitingLine> waiting;
    std::unordered_set<std::string> waiting_keys;
    std::size_t waiting_bytes = 0;
    event::Order barrier;          ///< new since the last flush; 0: none
    event::Order read_whole;       ///< of the last snapshot that ended; 0: none
    event::Order snapshot;         ///< of the last snapshot line; 0: none
    bool snapshot_begins = false;  ///< which of the two
    Proof proof;                   ///< that it gives
    event::Order known_barrier;    ///< the table's, when the batch was handed over
    KeptLines kept;                ///< with Options::keeps_lines()
    clickhouse::ParkedKeys freed;  ///< keys that this batch makes good
    bool suspect = false;          ///< a kept line does not fit
    bool complete_waiting = false; ///< rows came without this batch: look at all that wait
    bool touched = false;
};

/// What one flush brings: filled by the reading thread, then handed over.
struct Work {
    std::vector<std::unique_ptr<TableWork>> tables; ///< by the number of the table
    std::vector<std::size_t> touched;               ///< tables with something in them
    std::vector<BrokenLine> broken;
    std::vector<clickhouse::StateRow> state_rows; ///< of facts, marks and truncates
    checkpoints::LastLines checkpoints;
    std::uint64_t rows = 0;
    std::size_t bytes = 0;       ///< of rows and waiting lines
    std::int64_t started_ms = 0; ///< steady clock, of the first thing in it; 0: empty
    bool full = false;           ///< more was there than it takes
    bool last = false;           ///< nothing comes after it

    TableWork& table(std::size_t number) {
        if (number >= tables.size()) {
            tables.resize(number + 1);
        }
        if (tables[number] == nullptr) {
            tables[number] = std::make_unique<TableWork>();
        }
        TableWork& work = *tables[number];
        if (!work.touched) {
            work.touched = true;
            touched.push_back(number);
        }
        return work;
    }
    bool empty() const {
        return touched.empty() && checkpoints.empty() && broken.empty() && state_rows.empty();
    }

    /// Empties it; memory is kept up to `keep_bytes`.
    void clear(std::size_t keep_bytes) {
        std::size_t kept = 0;
        for (const auto& work : tables) {
            kept += work != nullptr ? work->rows.reserved() + work->kept.capacity() : 0;
        }
        for (const auto& work : tables) {
            if (work == nullptr) {
                continue;
            }
            if (kept > keep_bytes) {
                work->rows.release();
                work->kept.release();
            } else if (work->touched) {
                work->rows.clear();
            }
            work->kept.clear();
            work->freed.clear();
            work->suspect = false;
            work->complete_waiting = false;
            work->waiting.clear();
            work->waiting_keys.clear();
            work->waiting_bytes = 0;
            work->barrier = {};
            work->read_whole = {};
            work->snapshot = {};
            work->proof = {};
            work->touched = false;
        }
        touched.clear();
        broken.clear();
        state_rows.clear();
        checkpoints.clear();
        rows = 0;
        bytes = 0;
        started_ms = 0;
        full = false;
        last = false;
    }
};

} // namespace cdc::load

#endif
