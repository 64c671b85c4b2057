#ifndef CDC_MYSQL_XA_ROWS_HPP
#define CDC_MYSQL_XA_ROWS_HPP

#include "io/spool.hpp"
#include "mysql/binlog_event.hpp"
#include "mysql/position.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cdc::mysql {

/// Where a stream goes on.
struct ResumePoint {
    Position position;
    std::uint32_t file_created = 0;   ///< seconds since 1970; 0: not known
    std::optional<std::string> gtids; ///< executed before it; nothing: not known
};

/// The rows of an XA transaction from its XA PREPARE to its end: they stand in the log where it was
/// prepared, and happen where it commits.
class XaRows {
public:
    /// `before`: where the transaction begins.
    explicit XaRows(ResumePoint before) : m_before{std::move(before)} {}

    const ResumePoint& before() const { return m_before; }

    /// A table map, or rows.
    void add(const Event& event);
    /// Changes of tables that are not captured: only their number is kept.
    void add_uncaptured(std::uint64_t changes);

    /// A part of them was rolled back to a savepoint; which one is not kept.
    void set_partly_undone() { m_partly_undone = true; }
    bool partly_undone() const { return m_partly_undone; }

    struct Next {
        Event event;                  ///< its body points into the reader's memory
        std::uint64_t uncaptured = 0; ///< not 0: so many changes instead of an event
    };
    /// From the first on, once; nothing at the end.
    std::optional<Next> next();

private:
    ResumePoint m_before;
    io::Spool m_spool;
    std::string m_record;
    bool m_partly_undone = false;
};

} // namespace cdc::mysql

#endif
