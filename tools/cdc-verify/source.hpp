#ifndef CDC_VERIFY_SOURCE_HPP
#define CDC_VERIFY_SOURCE_HPP

#include "cdc-verify/activity.hpp"
#include "cdc-verify/options.hpp"
#include "cdc-verify/sides.hpp"
#include "clickhouse/target_state.hpp"
#include "event/checkpoint.hpp"
#include "event/pattern_check.hpp"
#include "event/table.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::verify {

/// Thrown by a reading when its time is over.
struct TimeUp {};

/// A table by the names that people give to it; of MySQL and MariaDB `schema` is the database.
struct TableName {
    std::string schema;
    std::string table;
};

/// The source at one exact position of its log, for the lines that make a table of the target
/// right.
class RepairPoint {
public:
    virtual ~RepairPoint() = default;

    virtual const event::Table& shape() const = 0;
    /// The lines' `source`, of change `index` of a transaction that stands here; index 0: not above
    /// what the point holds, and below what comes later.
    virtual void append_source(std::string& out, std::uint64_t index) const = 0;
    virtual event::Order order(std::uint64_t index) const = 0;
    virtual Rows rows(const Selection& selection) = 0;
    /// `{"key":…,"before":null,"after":{…}` of each row of these keys, and what `append_tail` adds
    /// to it. Returns how many there are.
    virtual std::uint64_t append_rows(std::string& out, const std::vector<std::string>& keys,
                                      const std::function<void(std::string&)>& append_tail) = 0;
    /// The end of the log now.
    virtual LogPosition end() = 0;
    /// Throws Error (refused) unless the target, filled up to `loaded`, was filled from this
    /// server's own history, not beyond its end.
    virtual void check_lineage(const std::optional<event::Order>& loaded) = 0;
};

/// The database that is compared. One per thread. Throws ServerError, TimeUp.
class Source : public SourceSide {
public:
    /// From now on nothing goes on behind `end` (steady_ms; 0: whenever).
    void set_end(std::int64_t end) { m_end = end; }

    virtual const std::string& description() const = 0;
    virtual const std::string& database() const = 0;

    /// Whether the checkpoint is of this server and database.
    virtual bool owns(const event::Checkpoint& checkpoint) const = 0;
    /// Nothing when it has none.
    virtual std::optional<LogPosition> position_of(const event::Checkpoint& checkpoint) const = 0;
    /// "POSITION, N bytes of log before POSITION"
    virtual std::string behind_text(LogPosition reached, LogPosition wanted) const = 0;
    /// Why nothing reads the log for the target; "": something does. Nothing: it cannot be told.
    virtual std::optional<std::string> why_unread(const std::string& slot) = 0;
    /// Where the log ends, in the history that `loaded` of the target belongs to; nothing when the
    /// role may not know.
    virtual std::optional<event::Order> order_now(const std::optional<event::Order>& loaded) = 0;

    /// The table that `_cdc_state` names so; nothing when it is not of this database.
    virtual std::optional<TableName> table_of(const std::string& db, const std::string& schema,
                                              const std::string& table) const = 0;
    /// Tables that the target has to hold, as far as the source says so.
    virtual std::vector<TableName> captured_tables(const Options& options,
                                                   const clickhouse::TargetState& state,
                                                   const event::TableFilter& filter) = 0;
    virtual std::vector<TableName> all_tables() = 0;
    virtual std::vector<event::PresentTable> present_tables(const Options& options) = 0;
    /// Nothing when there is no such table.
    virtual std::optional<source::TableFacts> facts(const std::string& schema,
                                                    const std::string& table) = 0;
    /// How a column is compared with the target's of that type, `stored` in the raw table.
    virtual Column pair(const source::FactColumn& column, std::string_view target_type,
                        const std::string& stored) = 0;

    virtual std::unique_ptr<RepairPoint> repair_point(const Table& table) = 0;

protected:
    explicit Source(Activity& activity) : m_activity{activity} {}

    void check_stop() const;
    void count_row(std::uint64_t rows) {
        if (rows % kRowsBetweenLooks == 0) {
            m_activity.add_rows(kRowsBetweenLooks);
            check_stop();
        }
    }

    Activity& m_activity;

private:
    static constexpr std::uint64_t kRowsBetweenLooks = 10000;
    std::int64_t m_end = 0;
};

std::string join_conditions(const std::string& a, const std::string& b);

/// All columns of the rows of `from` for which the table's condition and `condition` hold.
std::string select_sql(const Table& table, const std::string& from, const std::string& condition);

/// "(a, b) IN (…)" over the keys' images; `literal` spells one value as SQL.
std::string key_condition(const Table& table, const std::vector<std::string>& keys,
                          const std::function<std::string(const Column&)>& name,
                          const std::function<std::string(const Column&, const Value&)>& literal);

} // namespace cdc::verify

#endif
