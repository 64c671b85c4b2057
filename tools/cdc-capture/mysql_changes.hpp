#ifndef CDC_CAPTURE_MYSQL_CHANGES_HPP
#define CDC_CAPTURE_MYSQL_CHANGES_HPP

#include "cdc-capture/mysql_session.hpp"
#include "cdc-capture/options.hpp"
#include "event/table_filter.hpp"
#include "source/change_stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cdc::capture {

/// The changes in the binary log of a MySQL or MariaDB server. Nothing is confirmed to it: it keeps
/// its log as long as it was told to. In a log of another history the first thing is a barrier, so
/// that no change of the new epoch goes out before the checkpoint files hold that epoch.
class MysqlChanges : public source::ChangeStream {
public:
    explicit MysqlChanges(const Options& options);

    bool open(const std::optional<event::Checkpoint>& resume, const std::string& file,
              std::string& out, OnWait on_wait) override;
    bool is_open() const override { return m_session != nullptr; }
    void leave(int /*timeout_ms*/) override {}
    void close() override;
    int wake_fd() const override { return m_session->stream.wake_fd(); }
    void receive(bool more) override;
    Taken take(std::size_t limit, std::int64_t now) override;
    void work(std::int64_t now, bool drained) override;
    bool wants_reopening() const override { return false; }
    bool in_transaction() const override;
    /// The log names no place ahead of what is read.
    event::Order received() const override { return emitted(); }
    event::Order emitted() const override;
    std::string place() const override;
    std::optional<News> news() const override;
    event::Checkpoint checkpoint() override;
    void confirm(event::Order /*flushed*/, std::int64_t /*now*/) override {}
    std::int64_t confirm_due_ms() const override { return INT64_MAX; }
    bool at_end(std::int64_t now, bool drained) override;
    bool settled() const override { return m_history_checked; }
    std::int64_t last_data_ms() const override { return m_last_data; }
    std::uint64_t changes() const override;
    Figures figures() const override;
    event::ChangeCounts& changes_by_table() override {
        return m_session->builder.changes_by_table();
    }
    bool may_come_back(const source::ServerError& error) const override;
    std::string way_past() const override { return ""; }

private:
    void learn_until();
    bool past_until() const;
    void end_transaction();
    void check_history();
    MysqlResume here() const;

    const Options& m_options;
    event::TableFilter m_filter;
    std::unique_ptr<MysqlSession> m_session;
    std::optional<MysqlResume> m_resume;
    std::string* m_out = nullptr;   ///< of the open connection
    bool m_first = false;           ///< no checkpoint was made, nor was there one
    bool m_history_checked = false; ///< on this connection
    bool m_new_history = false;     ///< its barrier is still to come
    std::optional<mysql::Position> m_until;
    std::optional<std::string> m_until_gtids; ///< of --exit-at-end: reached by these, too

    event::Order m_checkpointed;           ///< of the last checkpoint
    std::uint64_t m_transactions = 0;      ///< of this connection, as are the next
    std::uint64_t m_changes_at_commit = 0; ///< made up to the end of the last transaction
    bool m_lines_since_checkpoint = false;
    std::uint64_t m_changes_before = 0; ///< change lines of earlier connections
    std::uint64_t m_marks_before = 0;   ///< mark lines of earlier connections
    std::uint64_t m_read_bytes = 0;

    // On the monotonic clock, in milliseconds.
    std::int64_t m_last_data = 0;
    std::int64_t m_take_until = 0; ///< then other work is due
    std::int64_t m_told = 0;       ///< when tables that got columns were asked about last
    unsigned m_taken = 0;          ///< since receive(), for a look at the clock now and then
};

} // namespace cdc::capture

#endif
