#ifndef CDC_VERIFY_SOURCE_HPP
#define CDC_VERIFY_SOURCE_HPP

#include "cdc-verify/activity.hpp"
#include "cdc-verify/sides.hpp"
#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace cdc::verify {

/// Thrown by a reading when its time is over.
struct TimeUp {};

/// Reads tables of PostgreSQL. One per thread. Throws ServerError, TimeUp.
class Source : public SourceSide {
public:
    Source(const std::string& url, Activity& activity);
    /// From now on nothing goes on behind `end` (steady_ms; 0: whenever).
    void set_end(std::int64_t end) { m_end = end; }

    postgres::Connection& connection() { return m_connection; }

    void sums(const Table& table, const Selection& selection, int part, int parts,
              Buckets& out) override;
    Rows rows(const Table& table, const Selection& selection) override;
    std::uint64_t count(const Table& table) override;
    std::optional<RowsAtPosition> rows_at_position(const Table& table, const Selection& selection,
                                                   std::int64_t wait_ms) override;
    postgres::Lsn position_after() override;
    postgres::Lsn insert_position() override;
    bool is_standby() const override { return m_standby; }

    /// Where the log ends, with the timeline on which it is written; nothing when the role may not
    /// know.
    std::optional<event::Order> order_now();

    /// What stands behind FROM and WHERE.
    std::string from(const Table& table) const;
    std::string keys_sql(const Table& table, const std::vector<std::string>& keys) const;

private:
    template<typename Visitor>
    void scan(const Table& table, const std::string& condition, const Selection& selection,
              Visitor&& visit);

    postgres::Lsn ask(const char* function);

    void check_stop() const;

    std::string m_url;
    Activity& m_activity;
    postgres::Connection m_connection;
    std::int64_t m_end = 0;
    bool m_standby = false;
};

/// "(a, b) IN (…)" over the keys' images; `literal` spells one value as SQL.
std::string key_condition(const Table& table, const std::vector<std::string>& keys,
                          const std::function<std::string(const Column&)>& name,
                          const std::function<std::string(const Column&, const Value&)>& literal);

} // namespace cdc::verify

#endif
