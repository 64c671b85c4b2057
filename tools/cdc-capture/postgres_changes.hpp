#ifndef CDC_CAPTURE_POSTGRES_CHANGES_HPP
#define CDC_CAPTURE_POSTGRES_CHANGES_HPP

#include "cdc-capture/options.hpp"
#include "cdc-capture/postgres_session.hpp"
#include "cdc-capture/postgres_unknown_labels.hpp"
#include "cdc-capture/postgres_unseen.hpp"
#include "checkpoints/watch.hpp"
#include "event/table_filter.hpp"
#include "postgres/open_transactions.hpp"
#include "postgres/pgoutput.hpp"
#include "source/change_stream.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::capture {

/// Of checkpoint files: throws Error unless one is of a PostgreSQL source with this slot.
checkpoints::Watch::Check postgres_check(const std::string& slot);

/// The changes of a PostgreSQL slot, and beside them what looks at the catalog found.
class PostgresChanges : public source::ChangeStream {
public:
    explicit PostgresChanges(const Options& options);

    bool open(const std::optional<event::Checkpoint>& resume, const std::string& file,
              std::string& out, OnWait on_wait) override;
    bool is_open() const override { return m_session != nullptr; }
    void leave(int timeout_ms) override;
    void close() override;
    int wake_fd() const override { return m_session->stream.socket(); }
    void receive(bool more) override;
    Taken take(std::size_t limit, std::int64_t now) override;
    void work(std::int64_t now, bool drained) override;
    bool wants_reopening() const override { return m_begin_again; }
    bool in_transaction() const override { return m_session->builder.in_transaction(); }
    event::Order received() const override { return m_session->builder.order_at(m_received); }
    event::Order emitted() const override { return m_session->builder.order_at(m_position); }
    std::string place() const override { return postgres::format_lsn(m_position); }
    std::optional<News> news() const override;
    event::Checkpoint checkpoint() override;
    void confirm(event::Order flushed, std::int64_t now) override;
    std::int64_t confirm_due_ms() const override { return m_last_status + m_status_interval; }
    bool at_end(std::int64_t now, bool drained) override;
    bool settled() const override { return first_look_passed(); }
    std::int64_t last_data_ms() const override { return m_last_data; }
    std::uint64_t changes() const override;
    Figures figures() const override;
    event::ChangeCounts& changes_by_table() override {
        return m_session->builder.changes_by_table();
    }
    bool may_come_back(const source::ServerError& error) const override {
        return error.code() == base::ExitCode::failed;
    }
    std::string way_past() const override;

private:
    using StreamMessage = postgres::ReplicationStream::Message;

    /// Before a message is taken: its position is of the timeline that we know, or that one is
    /// learnt. Asks a standby once for all that was received before.
    void learn_timeline();
    void handle(const StreamMessage& message);
    void handle_data(const StreamMessage& message);
    void make_room(std::string_view message);
    bool is_repeated(const postgres::pgoutput::Message& decoded, postgres::Lsn lsn);
    /// A message of a transaction that has committed.
    void take(const postgres::pgoutput::Message& message, postgres::Lsn lsn);
    void end_transaction(const postgres::pgoutput::Message& commit);
    /// The one thing that is ever written to the source, where asked.
    void emit_heartbeat();
    void send_status(bool want_reply = false);
    void send_status_if_due();

    // in_progress.cpp
    StreamMessage next_message();
    bool take_in_progress(const StreamMessage& message);
    void begin_read_out(postgres::OpenTransactions::Committed transaction);
    void read_out_next();
    std::string in_progress_memory() const;
    void send_whole(const std::string& why, std::uint32_t xid);
    void pass_whole(const postgres::Look& look);
    bool begin_again_due() const { return m_begin_again && !in_transaction(); }

    // facts.cpp
    void begin_looks();
    void take_look();
    void wait_a_step();
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

    const Options& m_options;
    event::TableFilter m_filter;
    postgres::pgoutput::Decoder m_decoder;
    std::unique_ptr<Session> m_session;
    std::optional<ResumePoint> m_resume;
    HeldSlot m_held;
    std::string* m_out = nullptr; ///< of the open connection
    OnWait m_on_wait;             ///< likewise
    event::Order m_last_message;  ///< of those that stand beside transactions

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
    postgres::EditedColumns m_edited;

    postgres::OpenTransactions m_open;
    std::optional<postgres::OpenTransactions::Committed> m_read_out; ///< in work
    /// A transaction for which there was no room: all are sent after their commit until the stream
    /// has passed it. "": there is none.
    std::string m_whole_until;
    bool m_begin_again = false; ///< transactions are to be sent the other way from here on

    postgres::Lsn m_position = 0;     ///< everything before it was put out whole
    postgres::Lsn m_received = 0;     ///< the highest position that the server named
    postgres::Lsn m_checkpointed = 0; ///< position of the last checkpoint line
    postgres::Lsn m_flushed = 0;      ///< may be confirmed
    postgres::Lsn m_confirmed = 0;    ///< told to the server, on this connection
    postgres::Lsn m_until = 0;        ///< stop there; 0: no such condition
    std::int64_t m_commit_ts_ms = 0;
    std::uint64_t m_changes_before = 0; ///< change lines of earlier connections
    std::uint64_t m_marks_before = 0;   ///< mark lines of earlier connections
    std::uint64_t m_read_bytes = 0;
    bool m_lines_in_transaction = false;
    bool m_lines_since_checkpoint = false;
    bool m_committed = false;      ///< the message taken last ended a transaction
    bool m_end = false;            ///< the stream has passed m_until
    bool m_drained = false;        ///< nothing more was there at the last look
    bool m_standby = false;        ///< the source is one, and may be promoted while it is read
    bool m_timeline_known = false; ///< of all that was received up to now

    // On the monotonic clock, in milliseconds.
    std::int64_t m_now = 0;
    std::int64_t m_last_data = 0;
    std::int64_t m_last_status = 0;
    std::int64_t m_last_heartbeat = 0; ///< written to the source
    std::int64_t m_last_question = 0;  ///< see at_end()
    std::int64_t m_status_interval = 0;
};

} // namespace cdc::capture

#endif
