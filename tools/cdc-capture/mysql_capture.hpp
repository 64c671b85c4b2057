#ifndef CDC_CAPTURE_MYSQL_CAPTURE_HPP
#define CDC_CAPTURE_MYSQL_CAPTURE_HPP

#include "cdc-capture/figures.hpp"
#include "cdc-capture/mysql_session.hpp"
#include "cdc-capture/options.hpp"
#include "checkpoints/watch.hpp"
#include "event/order.hpp"
#include "event/table_filter.hpp"
#include "io/line_writer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cdc::capture {

/// The pipeline of a MySQL or MariaDB source: its binary log in, lines out. One thread decodes and
/// waits for signals and timers; one reads the log, one writes.
class MysqlCapture {
public:
    /// `output` is closed at the end, so that the next stage sees it.
    MysqlCapture(const Options& options, int output);

    /// Streams until a stop condition or a signal, then drains. Returns the exit code.
    int run();

private:
    void connect();
    /// False when a stop was asked for meanwhile. Throws the last error when time is over.
    bool reconnect(const base::Error& cause);
    void stream();
    void wait();
    int next_timeout() const;
    void read();
    bool make_room();
    void check_history();
    bool stop_wanted();
    bool end_reached() const;
    void emit_checkpoint();
    void emit_due_checkpoint();
    void submit_if_worthwhile();
    void show_figures(bool last = false);
    int finish();
    bool wait_until(std::int64_t deadline, const std::function<bool()>& done);
    MysqlResume here() const;

    static constexpr std::int64_t kPollMs = 100; ///< how often checkpoint files are looked at
    static constexpr std::int64_t kQuietMs = 50; ///< without events: the stream is idle
    static constexpr std::int64_t kSubmitMs =
        20; ///< a line of a running transaction waits no longer

    const Options& m_options;
    event::TableFilter m_filter;
    checkpoints::Watch m_checkpoints; ///< nothing of it is told to the server
    io::LineWriter m_writer;
    int m_output;
    Figures m_figures;
    AcknowledgedTimes m_acknowledged{m_figures.acknowledged};
    std::unique_ptr<MysqlSession> m_session;
    std::uint64_t m_transactions = 0; ///< of this connection
    std::optional<MysqlResume> m_resume;
    mysql::Position m_checkpointed_at; ///< read up to there at the last checkpoint line
    std::optional<mysql::Position> m_until;
    std::optional<std::string> m_until_gtids; ///< of --exit-at-end: reached by these, too
    event::Order m_checkpointed;              ///< of the last checkpoint line
    bool m_history_checked = false;
    bool m_awaits_history = false; ///< no change goes out before all files hold the new history
    bool m_drained = false;        ///< no event was there at the last look
    bool m_lines_since_checkpoint = false;
    bool m_stop = false; ///< a stop condition is met
    std::uint64_t m_changes_before = 0;
    std::uint64_t m_stale_before = 0;

    // On the monotonic clock, in milliseconds.
    std::int64_t m_now = 0;
    std::int64_t m_last_checkpoint = 0;
    std::int64_t m_last_data = 0;
    std::int64_t m_last_submit = 0;
    std::int64_t m_last_poll = 0;
    std::int64_t m_failed_since = 0;
    std::int64_t m_stop_deadline = 0; ///< for the end of the transaction; 0: no stop asked for
};

} // namespace cdc::capture

#endif
