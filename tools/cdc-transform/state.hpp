#ifndef CDC_TRANSFORM_STATE_HPP
#define CDC_TRANSFORM_STATE_HPP

#include "cdc-transform/outbox.hpp"
#include "cdc-transform/parking.hpp"
#include "duckdb/database.hpp"
#include "event/order.hpp"
#include "event/table.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cdc::transform {

/// What the state knows of an input table beside its rows.
struct StoredTable {
    int id = 0;        ///< of the engine's tables, for ever
    std::string input; ///< through which it comes; "": stdin
    event::Table shape;
    std::string connector;
    bool whole = false;                  ///< read whole once, or named by --empty
    event::Order current_from;           ///< not current before a cut at or above it
    std::optional<event::Order> reading; ///< of a snapshot under way, or that waits for its cut
    bool reading_whole = false;          ///< its rows replace the table
    bool reading_ended = false;
    event::Order read_at;               ///< of the last whole snapshot
    event::Order highest_read;          ///< of the rows of the snapshot under way
    event::Order barrier;               ///< rows below it were truncated
    event::Order shaped_at;             ///< of the table line that brought the shape
    std::string facts;                  ///< the last that came, as JSON; "": none
    event::Order facts_order;           ///< theirs
    std::vector<std::string> truncates; ///< transactions of the last truncates, for facts
    event::Order taken; ///< of a table without key, by marks: changes up to it are in its rows
};

/// What the state knows of a view beside its rows.
struct StoredView {
    std::string name;
    std::string definition; ///< what it is compared by when the state is opened again
    std::string columns;    ///< the table line's JSON
};

/// The columns of a view's lines below a position of its orders, as StoredView has them.
struct OlderShape {
    std::uint64_t position = 0;
    std::string columns;
};

/// The database of a state folder: input tables, views, and how far they came.
///
///     DIR/state.duckdb   `cdc.tN gN pN` of input table N, one table of each view, and `cdc.…`
///     DIR/outbox/        lines that may not have arrived
///     DIR/tmp/           what does not fit into --memory
///
/// Names and contents of `cdc.meta`, `cdc.positions`, `cdc.tables`, `cdc.views` are read by later
/// versions: do not rename.
class State {
public:
    static constexpr int kFormat = 1;

    /// Opens the folder, or makes it. `epoch`: of the orders of a state that is made (0: the
    /// day's). Throws Error: refused when another process holds it or another version made it.
    State(const std::string& folder, const duckdb::Settings& settings, std::uint16_t epoch);

    duckdb::Connection& connection() { return m_connection; }
    /// Outside of any transaction, for questions that name no table.
    duckdb::Connection& asking() { return m_asking; }
    const std::string& folder() const { return m_folder; }
    bool made_anew() const { return m_made_anew; }
    std::uint16_t epoch() const { return m_epoch; }

    /// Position of the last outputs' orders.
    std::uint64_t last_position() const { return m_last_position; }
    /// The highest commit time of an input's cut: rows that KEEP let go by it are gone.
    std::int64_t kept_ts_ms(const std::string& input) const;
    OutboxEnd outbox_end() const { return m_outbox_end; }
    /// The last checkpoint line of each source, by position_name(). It says its input.
    const std::map<std::string, std::string>& positions() const { return m_positions; }

    std::vector<StoredTable> tables();
    std::vector<StoredView> views();
    ParkedKeys parked(const std::string& view);
    std::map<std::string, OlderShape> older_shapes(); ///< by view

    /// In the caller's transaction.
    void keep_table(const StoredTable& table);
    void keep_view(const StoredView& view);
    void forget_view(const std::string& name);
    /// A view gets these columns ("": it is dropped) at a position, and lines from `waiting` on may
    /// not have arrived: those of its columns so far want them when they are sent again.
    void keep_older_shape(const std::string& view, const std::string& columns,
                          std::uint64_t position, std::optional<std::uint64_t> waiting);
    void keep_parked(const std::string& view, const ParkedKeys& keys);
    void keep_time(const std::string& input, std::int64_t commit_ts_ms);
    /// Of a stream that goes on at another server. `name`: position_name() of its line.
    void forget_position(const std::string& name);
    /// `name`: position_name() of the line.
    void keep_cut(const std::string& name, std::string_view line, std::uint64_t position,
                  const OutboxEnd& end);

private:
    void make();
    void read();
    std::string meta(const std::string& name);
    void set_meta(const std::string& name, const std::string& value);

    std::string m_folder;
    duckdb::Database m_database;
    duckdb::Connection m_connection;
    duckdb::Connection m_asking;
    bool m_made_anew = false;
    std::uint16_t m_epoch;
    std::uint64_t m_last_position = 0;
    std::map<std::string, std::int64_t> m_kept_ts_ms; ///< by input
    OutboxEnd m_outbox_end;
    std::map<std::string, std::string> m_positions;
};

/// Kind, server, database and slot, for people.
std::string source_name(const event::Checkpoint& checkpoint);
/// The same without the slot.
std::string database_name(const event::Checkpoint& checkpoint);
/// Of State::positions(): the source's name, behind its input's and a tab where it has one.
std::string position_name(const event::Checkpoint& checkpoint, const std::string& input);

/// What the checkpoint says of the source itself: Kafka's say how far topics were read, and those
/// at marks have the source's beside it. Nothing where none does.
std::optional<event::Checkpoint> source_checkpoint(const event::Checkpoint& checkpoint);
/// Up to where the source's log is taken in at a cut; the highest order where that is not known.
event::Order order_of(const event::Checkpoint& checkpoint);

/// Of the clock: days of it are a new state's epoch, and it is the least position of a cut.
std::int64_t ms_since_2020();

} // namespace cdc::transform

#endif
