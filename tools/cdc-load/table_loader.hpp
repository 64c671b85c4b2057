#ifndef CDC_LOAD_TABLE_LOADER_HPP
#define CDC_LOAD_TABLE_LOADER_HPP

#include "cdc-load/work.hpp"
#include "clickhouse/layout.hpp"
#include "clickhouse/row_encoder.hpp"
#include "clickhouse/state.hpp"
#include "event/line_decoder.hpp"
#include "event/table.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cdc::load {

/// What a table line says.
struct SourceShape {
    std::string connector;
    event::Table described;
    std::string version;
    event::Order order;
    std::int64_t ts_ms = 0; ///< commit time of the change behind the line
    /// Facts say what becomes of the rows of another table of the name.
    bool facts = false;
};

/// One source table and its table in the target. The reading thread adds lines; the flushing
/// thread reads encoder(), whose shape changes only while it is idle, and copies it to make rows.
class TableLoader {
public:
    TableLoader(event::Table identity, clickhouse::Target target,
                const clickhouse::ValuePolicy& policy);

    /// A second one of `table`, for the table that its snapshot's rows fill anew: it raises no
    /// barrier.
    static std::unique_ptr<TableLoader> aside(const TableLoader& table);

    bool is_aside() const { return m_aside; }

    const event::Table& source() const { return m_source; }
    const clickhouse::Target& target() const { return m_target; }

    /// The shape of the lines that follow, once the target has it.
    void set_shape(std::string version, clickhouse::TargetShape shape);
    const std::string& version() const { return m_version; }
    const clickhouse::RowEncoder& encoder() const { return *m_encoder; }
    /// The first column that the change has NULL for and that cannot be NULL; nothing: none.
    std::optional<std::size_t> misplaced_null(const event::DecodedLine& line);

    /// Values that the policy decided.
    clickhouse::ValueCounts replaced() const;
    void count_replaced(const clickhouse::ValueCounts& more);
    const clickhouse::ValuePolicy& policy() const { return m_policy; }

    /// Everything below is void: from the target's state, from truncates and snapshots.
    void raise_barrier(event::Order order);
    event::Order barrier() const { return m_barrier; }
    /// Lines below have a shape that is gone: the table was made anew (remake.hpp). They are void,
    /// also in a history.
    void set_remade(event::Order order) { m_remade = std::max(m_remade, order); }
    /// Whether a line of this order changes nothing any more.
    bool is_void(event::Order order) const;
    /// Takes note of a void change line.
    void pass_over(event::Order order, char op);
    /// Lines of a shape that is gone came behind later ones: they may never have been loaded.
    bool late = false;
    bool late_told = false;
    bool passed = false; ///< there were some of which this program does not know
    event::Order highest() const { return m_highest; }

    /// Adds a change (op c, r, u, d) to the batch. Throws Error: bad_data, or refused when a
    /// table without key does not come with full rows; the batch is then as before.
    void add(const event::DecodedLine& line, TableWork& work);
    void truncate(const event::DecodedLine& line, TableWork& work);
    /// A snapshot line: "begin" or "end", of the whole table or not.
    void snapshot(bool begin, bool whole, event::Order order, TableWork& work);

    /// Inside the snapshot of a table without key: the number of its next row; else
    /// KeptLines::kNoRow.
    std::uint64_t snapshot_row() const { return m_counting ? m_snapshot_rows : KeptLines::kNoRow; }
    void set_snapshot_row(std::uint64_t row);

    /// Keys of which lines are in a dead-letter file, or were. While lines are kept the flushing
    /// thread's, else the reading thread's.
    clickhouse::ParkedKeys parked;
    /// How many are parked still.
    std::size_t parked_keys() const;
    std::string table_line; ///< the last one, while lines are kept

    SourceShape line_shape;   ///< of the last table line
    event::Order shape_order; ///< of the shape that the target has
    /// Why the target cannot take that shape, which then waits for the first line that needs it.
    std::optional<base::Error> misfit;

    std::string rebuild_mark;        ///< of the table that is being filled; "": none
    event::Order rebuild_order;      ///< of the snapshot that fills it
    std::optional<std::size_t> side; ///< the number of the TableLoader that its rows go to

    /// Updates that wait in the target's pending table, as far as this program knows.
    std::atomic<std::uint64_t> pending{0};
    std::atomic<bool> pending_guessed{false}; ///< it may be fewer; never none
    std::atomic<bool> pending_table{false};   ///< whether it is there
    std::atomic<bool> stale{false};           ///< rows differ until it is read again
    std::atomic<bool> unproven{false};        ///< they may
    std::uint32_t oid = 0;                    ///< the source's own number of it; 0: not known

private:
    void set_barrier(event::Order order, TableWork& work);
    void add_keyed(const event::DecodedLine& line, TableWork& work);
    void add_unchanged(const event::DecodedLine& line, TableWork& work);
    void add_keyless(const event::DecodedLine& line, TableWork& work);
    void require_columns(const event::DecodedLine& line, const event::Image& image);
    void require_full(const event::Image& image, const char* what);

    event::Table m_source;
    clickhouse::Target m_target;
    clickhouse::ValuePolicy m_policy;
    std::string m_version;
    std::unique_ptr<clickhouse::RowEncoder> m_encoder;
    event::Order m_barrier;
    event::Order m_replaced; ///< the barrier without that of a remake
    event::Order m_remade;
    event::Order m_highest; ///< of the changes so far
    bool m_aside = false;
    bool m_counting = false;           ///< inside the snapshot of a table without key
    std::uint64_t m_snapshot_rows = 0; ///< of that snapshot, so far
    std::string m_key;                 ///< scratch
};

} // namespace cdc::load

#endif
