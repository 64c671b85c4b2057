#ifndef CDC_VERIFY_SIDES_HPP
#define CDC_VERIFY_SIDES_HPP

#include "cdc-verify/rows.hpp"
#include "cdc-verify/table.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a comparison asks of both sides. Interfaces, because a test has to say exactly when a row
/// moves. Each call is one reading, never one row.
namespace cdc::verify {

/// A place in the source's log, as Order::position() has it: it rises with the log.
using LogPosition = std::uint64_t;

/// Rows of the source as they stood at one exact position of its log.
struct RowsAtPosition {
    Rows rows;
    LogPosition position = 0;
    event::Order order; ///< of `position`, with index 0
};

class SourceSide {
public:
    virtual ~SourceSide() = default;

    /// Sums of part `part` of `parts`, of about the same size (physical ranges), added to `out`.
    virtual void sums(const Table& table, const Selection& selection, int part, int parts,
                      Buckets& out) = 0;
    /// One statement, so one state of the table.
    virtual Rows rows(const Table& table, const Selection& selection) = 0;
    virtual std::uint64_t count(const Table& table) = 0;
    /// Rows at one position; nothing where the server or the role does not allow it now.
    virtual std::optional<RowsAtPosition>
    rows_at_position(const Table& table, const Selection& selection, std::int64_t wait_ms) = 0;

    /// A position that every change visible to an earlier statement is below, and that the stream
    /// reaches: the end of the log on disk, after what was visible is there.
    virtual LogPosition position_after() = 0;
    /// The end of the log, on disk or not (of a standby: what was replayed).
    virtual LogPosition insert_position() = 0;
    /// For --explain: how the rows come to `readers`, behind "the source's rows ".
    virtual std::string how_read(const Table& /*table*/, std::size_t /*readers*/) const {
        return {};
    }
    /// Rows of a standby are older than those of the primary.
    virtual bool is_standby() const = 0;
};

class TargetSide {
public:
    virtual ~TargetSide() = default;

    virtual void sums(const Table& table, const Selection& selection, Buckets& out) = 0;
    virtual Rows rows(const Table& table, const Selection& selection) = 0;
    virtual std::uint64_t count(const Table& table) = 0;
    /// What is below is void. It only rises: rows read up to an order at or above it were all
    /// valid.
    virtual event::Order barrier(const Table& table) = 0;
    /// The versions above `order` of these keys' rows, or of all; deleted ones too, the highest
    /// first, at most 10000.
    virtual std::vector<event::Order> versions_above(const Table& table,
                                                     const std::vector<std::string>& keys,
                                                     event::Order order) = 0;
};

/// How far the target has got in the source's log.
class TargetPosition {
public:
    virtual ~TargetPosition() = default;

    /// Nothing when neither the target nor the file says; why() then does. Throws Error (refused)
    /// when several slots fill the target and none was chosen.
    virtual std::optional<LogPosition> now() = 0;
    /// Waits until the target has everything before `position`. False: `deadline` (steady_ms) came
    /// first. After that every wait is a single look: the target stands still.
    virtual bool wait(LogPosition position, std::int64_t deadline) = 0;
    virtual const std::string& why() const = 0; ///< of the last false or nothing
};

} // namespace cdc::verify

#endif
