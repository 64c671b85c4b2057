#ifndef CDC_VERIFY_SOURCE_HPP
#define CDC_VERIFY_SOURCE_HPP

#include "cdc-verify/rows.hpp"
#include "cdc-verify/table.hpp"
#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace cdc::verify {

/// Thrown by a reading when its time is over.
struct TimeUp {};

/// Reads tables of PostgreSQL. One per thread. Throws ServerError, TimeUp.
class Source {
public:
    explicit Source(const std::string& url);
    /// From now on nothing goes on behind `end` (steady_ms; 0: whenever).
    void set_end(std::int64_t end) { m_end = end; }

    postgres::Connection& connection() { return m_connection; }

    /// Sums of part `part` of `parts`, of about the same size (physical ranges), added to `out`.
    void sums(const Table& table, const Selection& selection, int part, int parts, Buckets& out);

    /// One statement, so one state of the table.
    Rows rows(const Table& table, const Selection& selection);

    /// The same in an exported snapshot.
    Rows rows_in(const std::string& snapshot, const Table& table, const Selection& selection);

    std::uint64_t count(const Table& table);

    /// A position that every change visible to an earlier statement is below, and that the stream
    /// reaches: the end of the log on disk, after what was visible is there.
    postgres::Lsn position_after();
    /// The end of the log, on disk or not (of a standby: what was replayed).
    postgres::Lsn insert_position();

    /// What stands behind FROM and WHERE.
    std::string from(const Table& table) const;
    std::string keys_sql(const Table& table, const std::vector<std::string>& keys) const;

private:
    template<typename Visitor>
    void scan(const Table& table, const std::string& condition, const Selection& selection,
              Visitor&& visit);

    postgres::Lsn ask(const char* function);

    void check_stop() const;

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
