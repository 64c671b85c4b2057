#ifndef CDC_CAPTURE_CAPTURE_HPP
#define CDC_CAPTURE_CAPTURE_HPP

#include "cdc-capture/acknowledgement.hpp"
#include "cdc-capture/figures.hpp"
#include "cdc-capture/options.hpp"
#include "cdc-capture/session.hpp"
#include "cdc-capture/unknown_labels.hpp"
#include "cdc-capture/unseen.hpp"
#include "event/table_filter.hpp"
#include "io/line_writer.hpp"
#include "postgres/open_transactions.hpp"
#include "postgres/pgoutput.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace cdc::capture {

/// The pipeline: stream in, lines out, acknowledged positions back. One thread waits for the
/// server, the output's writer, signals and its own timers; a second one only writes. When the
/// output is blocked the stream is not read any more, but feedback goes on.
class Capture {
public:
    /// `output` is closed at the end, so that the next stage sees it.
    Capture(const Options& options, Acknowledgement& acknowledgement, int output);

    /// Makes the first connection. Throws io::Stopped when a signal came meanwhile.
    void connect();
    /// After connect(): streams until a stop condition or a signal, then drains. Returns the exit
    /// code.
    int run();

private:
    using StreamMessage = postgres::ReplicationStream::Message;

    void leave_session();
    bool reconnect(const postgres::ServerError& cause);
    bool connect_until(std::int64_t give_up);

    /// False: it is to begin again, see begin_again().
    bool stream();
    bool wait();
    bool work_is_due() const;
    int next_timeout() const;
    void read();
    /// Before a message is taken: its position is of the timeline that we know, or that one is
    /// learnt. Asks a standby once for all that was received before.
    void learn_timeline();
    void handle(const StreamMessage& message);
    void handle_data(const StreamMessage& message);
    void make_room(std::size_t message_bytes);
    bool is_repeated(const postgres::pgoutput::Message& decoded, postgres::Lsn lsn);
    /// A message of a transaction that has committed.
    void take(const postgres::pgoutput::Message& message, postgres::Lsn lsn);
    bool stop_wanted();
    bool position_reached();
    static void stop_at_second_signal();
    /// The one thing that is ever written to the source, where asked.
    void emit_heartbeat();

    // in_progress.cpp
    bool take_in_progress(const StreamMessage& message);
    void begin_read_out(postgres::OpenTransactions::Committed transaction);
    void read_out_next();
    std::string in_progress_memory() const;
    void send_whole(const std::string& why, std::uint32_t xid);
    void pass_whole(const postgres::Look& look);
    bool begin_again();
    bool begin_again_due() const { return m_begin_again && !m_session->builder.in_transaction(); }

    // feedback.cpp
    void emit_checkpoint();
    void emit_due_checkpoint();
    void submit_if_worthwhile();
    void send_status(bool want_reply = false);
    void send_status_if_due();
    void poll_acknowledgement();
    void show_figures(bool last = false);

    // facts.cpp
    void begin_looks();
    void take_look();
    void await_first_look();
    void pass_looks(postgres::Lsn passed);
    void ask_for_passing();
    using RenamedLabels = std::map<std::uint32_t, std::vector<std::string>>; ///< by table
    void emit_facts(const postgres::Look& look, const Unseen::Missing& missing,
                    const RenamedLabels& renamed);
    void add_facts_members(nlohmann::ordered_json& extra) const;
    void judge_facts(const event::Facts& facts);
    std::vector<const event::Facts*> grown(const postgres::FactsLook& now) const;
    void emit_tables(const std::vector<const event::Facts*>& tables, postgres::Lsn position);
    bool first_look_passed() const { return !m_facts.first; }

    static constexpr std::int64_t kAckPollMs = 100; ///< how often checkpoint files are looked at
    static constexpr std::int64_t kQuietMs = 50;    ///< without data: the stream is idle
    static constexpr std::int64_t kSubmitMs =
        20; ///< a line of a running transaction waits no longer

    // drain.cpp
    int finish();
    bool wait_until(std::int64_t deadline, const std::function<bool()>& done);
    void confirm_and_leave();
    void leave_in_disorder() noexcept;

    const Options& m_options;
    Acknowledgement& m_ack;
    event::TableFilter m_filter;
    io::LineWriter m_writer;
    int m_output;
    postgres::pgoutput::Decoder m_decoder;
    Figures m_figures;
    AcknowledgedTimes m_acknowledged{m_figures.acknowledged};
    std::unique_ptr<Session> m_session;
    std::optional<ResumePoint> m_resume;
    event::Order m_last_message; ///< of those that stand beside transactions

    /// What was looked up beside the stream, and how much of it was put out.
    struct FactsState {
        std::string digest; ///< of the facts put out last, by an earlier run too; "": none were
        std::string xid;    ///< of the last look that the stream has passed; "": there was none
        std::string order;  ///< at which the facts of all tables were put out
        std::shared_ptr<const postgres::FactsLook> emitted; ///< null: only their digest is known
        /// Looks whose position the stream has not passed: the first of them, and the newest.
        std::deque<std::shared_ptr<const postgres::Look>> pending;
        bool first = true;              ///< this connection's first look was not passed yet
        std::int64_t last_question = 0; ///< to the server, how far it is
        std::int64_t last_check = 0;    ///< of the end of the log
        struct Truncate {
            postgres::Lsn commit = 0;
            std::string xid;
        };
        std::vector<Truncate> truncates; ///< that the stream has passed since the last look
        Truncate running;                ///< the transaction in work
        std::uint64_t marks = 0;         ///< judged from facts
    };
    FactsState m_facts;
    Unseen m_unseen;
    UnknownLabels m_labels;

    postgres::OpenTransactions m_open;
    std::optional<postgres::OpenTransactions::Committed> m_read_out; ///< in work
    /// A transaction for which there was no room: all are sent after their commit until the stream
    /// has passed it. "": there is none.
    std::string m_whole_until;
    bool m_begin_again = false; ///< transactions are to be sent the other way from here on

    postgres::Lsn m_position = 0;     ///< everything before it was put out whole
    postgres::Lsn m_received = 0;     ///< the highest position that the server named
    postgres::Lsn m_checkpointed = 0; ///< position of the last checkpoint line
    postgres::Lsn m_confirmed = 0;    ///< told to the server
    postgres::Lsn m_until = 0;        ///< stop there; 0: no such condition
    std::int64_t m_commit_ts_ms = 0;
    std::uint64_t m_changes_before = 0; ///< change lines of earlier connections
    std::uint64_t m_marks_before = 0;   ///< mark lines of earlier connections
    bool m_lines_in_transaction = false;
    bool m_lines_since_checkpoint = false;
    bool m_unread = false;         ///< messages may have been received and not yet taken
    bool m_drained = false;        ///< nothing more was there at the last look
    bool m_standby = false;        ///< the source is one, and may be promoted while it is read
    bool m_timeline_known = false; ///< of all that was received up to now
    bool m_stop = false;           ///< a stop condition is met

    // On the monotonic clock, in milliseconds.
    std::int64_t m_now = 0;
    std::int64_t m_last_checkpoint = 0;
    std::int64_t m_last_data = 0;
    std::int64_t m_last_submit = 0;
    std::int64_t m_last_status = 0;
    std::int64_t m_last_poll = 0;
    std::int64_t m_last_heartbeat = 0; ///< written to the source
    std::int64_t m_last_question = 0;  ///< see position_reached()
    std::int64_t m_status_interval = 0;
    std::int64_t m_failed_since = 0; ///< the stream at m_failed_at, without getting further since
    postgres::Lsn m_failed_at = 0;
    std::int64_t m_stop_deadline = 0; ///< for the end of the transaction; 0: no stop asked for
};

} // namespace cdc::capture

#endif
