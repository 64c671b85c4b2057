#ifndef CDC_LOAD_HISTORY_HPP
#define CDC_LOAD_HISTORY_HPP

#include "cdc-load/marks.hpp"
#include "cdc-load/options.hpp"
#include "cdc-load/table_loader.hpp"
#include "clickhouse/retry.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/transport.hpp"
#include "event/line_decoder.hpp"
#include "event/order.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::load {

/// A stream of MySQL or MariaDB that goes on in another history (at another server, or in a log
/// that was begun anew) has a higher epoch, and sends again, with new orders, what was loaded
/// behind its checkpoint. Rows with a key take that; a table without key, and a history of changes,
/// would have them twice. So those rows are removed at the table's first line of the new epoch,
/// where the checkpoint file says what they are: what is above its order and below the new epoch.
/// Where nobody knows (through Kafka, in mid-stream) the table is marked as unproven.
class History {
public:
    History(clickhouse::Transport& transport, const Options& options,
            const clickhouse::RetryPolicy& retry, Marks& marks)
        : m_transport{transport}, m_options{options}, m_retry{retry}, m_marks{marks} {}

    /// Reads the checkpoint files, and what an earlier run has noted in `_cdc_state`.
    void load();
    /// A change goes by.
    void take_change() { m_changed = true; }
    /// Before a checkpoint line is kept. The row to be stored before the files are written; nothing
    /// for a line of the same epoch. `tables`: all that have lines.
    std::optional<clickhouse::StateRow>
    take_checkpoint(std::string_view line, const std::vector<std::unique_ptr<TableLoader>>& tables);
    /// The first table line of a table in this run, before the table is set up. Call while the
    /// flusher is idle. Throws ServerError.
    void take_table(TableLoader& table, const event::Source& source, bool keyed);

private:
    struct Range {
        event::Order above;
        event::Order below;
    };
    void remove(const TableLoader& table, const Range& range);
    void mark(TableLoader& table, event::Order order);
    void store(const std::vector<clickhouse::StateRow>& rows);

    clickhouse::Transport& m_transport;
    const Options& m_options;
    const clickhouse::RetryPolicy& m_retry;
    Marks& m_marks;
    std::optional<event::Order> m_held; ///< of the last checkpoint
    std::optional<Range> m_again;       ///< what the stream sends again, where it is known
    bool m_changed = false;
};

} // namespace cdc::load

#endif
