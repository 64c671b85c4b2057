#include "cdc-capture/postgres_server.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-capture/acknowledgement.hpp"
#include "cdc-capture/patterns.hpp"
#include "cdc-capture/postgres_changes.hpp"
#include "cdc-capture/postgres_session.hpp"
#include "event/table_filter.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "postgres/exported_snapshot.hpp"
#include "postgres/patience.hpp"
#include "postgres/preflight.hpp"
#include "postgres/present_tables.hpp"
#include "postgres/slot.hpp"

#include <memory>

namespace cdc::capture {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::Connection;

namespace {

postgres::PreflightQuestion question_of(const Options& options) {
    return {options.source, options.slot, options.publication,
            event::TableFilter{options.tables, options.exclude}, options.allow_no_identity};
}

constexpr char kSlotInUse[] = "55006";
constexpr std::int64_t kSessionEndMs = 10000;

/// The session of a capture that has just ended, or was killed, holds the slot for a moment more.
void drop_when_free(Connection& plain, const std::string& slot) {
    const std::int64_t give_up = base::steady_ms() + kSessionEndMs;
    for (bool told = false;; told = true) {
        try {
            return postgres::drop_slot(plain, slot);
        } catch (const postgres::ServerError& error) {
            if (error.sqlstate() != kSlotInUse || base::steady_ms() > give_up) {
                throw;
            }
        }
        const auto now = postgres::inspect_slot(plain, slot);
        if (!told && now && now->active_pid != 0) {
            base::log::info("slot {} is in use by {}; waiting for its end", in_quotes(slot),
                            postgres::describe_session(plain, now->active_pid));
        }
        io::wait_readable(io::stop_signal::wake_fd(), 200);
        if (io::stop_signal::requested()) {
            throw io::Stopped{"another session held the slot"};
        }
    }
}

/// Whether the stream can go on where the checkpoint files are. Nothing: they are behind the slot;
/// where a capture runs beside us, they may have gone on since.
std::optional<ExitCode> ask_of_files(const Options& options, Connection& plain, bool again) {
    const Acknowledgement files{options.checkpoints, options.on_write(),
                                postgres_check(options.slot)};
    if (!files.lowest()) {
        return ExitCode::ok;
    }
    const ResumePoint resume = resume_point(*files.lowest(), files.lowest_file());
    Connection replication{options.source, Connection::Kind::replication};
    const auto system = postgres::identify_system(replication);
    const std::string database = plain.database();
    check_identity(resume, system, database);
    const auto slot = postgres::inspect_slot(plain, options.slot);
    if (!slot) {
        postgres::slot_gone(resume, options.slot);
    }
    if (resume.position < slot->confirmed && !again) {
        return std::nullopt;
    }
    check_resume(resume, *slot, system, database);
    base::log::info("checkpoint: the stream goes on at {}", postgres::format_lsn(resume.position));
    return ExitCode::ok;
}

/// What a run would say of its checkpoint file; ok where there is none.
ExitCode check_checkpoint(const Options& options, Connection& plain) {
    try {
        const auto code = ask_of_files(options, plain, false);
        return code ? *code : ask_of_files(options, plain, true).value_or(ExitCode::failed);
    } catch (const Error& error) {
        base::log::write_error(fmt::format("checkpoint: {}", error.what()), error.hint());
        return error.code();
    }
}

/// While a slot is made: the server waits for the transactions that write now.
class SlotWait {
public:
    explicit SlotWait(const std::string& source) : m_source{source} {}
    void operator()() {
        if (io::stop_signal::requested()) {
            fail(ExitCode::failed, "stopped while the slot was made");
        }
        if (m_making && base::steady_ms() >= m_tell) {
            m_tell = base::steady_ms() + kTellEveryMs;
            Connection beside{m_source, Connection::Kind::plain};
            const std::string writers = postgres::describe_writers(beside);
            base::log::info("the slot is made when the transactions have ended that write "
                            "now{}{}",
                            writers.empty() ? "" : ": ", writers);
        }
    }
    void begin() {
        m_making = true;
        m_tell = base::steady_ms() + kTellAfterMs;
    }

private:
    static constexpr std::int64_t kTellAfterMs = 3000;
    static constexpr std::int64_t kTellEveryMs = 60000;
    std::string m_source;
    bool m_making = false;
    std::int64_t m_tell = 0;
};

} // namespace

checkpoints::Watch::Check PostgresServer::file_check() const {
    return postgres_check(m_options.slot);
}

void PostgresServer::await() {
    postgres::await_server(m_options.source, m_options.connect_timeout_ms);
}

void PostgresServer::check_patterns() {
    if (!has_patterns(m_options)) {
        return;
    }
    await();
    Connection plain{m_options.source, Connection::Kind::plain};
    plain.set_on_wait([] {
        if (io::stop_signal::requested()) {
            throw io::Stopped{"the catalog was read"};
        }
    });
    postgres::ask_patiently(plain, "the catalog", [&] {
        capture::check_patterns(m_options, {postgres::present_tables(plain, m_options.publication),
                                            plain.description()});
    });
}

ExitCode PostgresServer::check() {
    await();
    Connection plain{m_options.source, Connection::Kind::plain};
    postgres::PreflightQuestion question = question_of(m_options);
    question.refuses_lists = true;
    ExitCode code = postgres::report(postgres::preflight(plain, question), true);
    // A file of another source says nothing about what this one lost.
    if (const ExitCode file = check_checkpoint(m_options, plain);
        code == ExitCode::ok || file == ExitCode::refused) {
        code = file == ExitCode::ok ? code : file;
    }
    return code;
}

void PostgresServer::create(const std::string& checkpoint_file) {
    await();
    if (!checkpoint_file.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("--create, but checkpoint file {} says that slot {} was read "
                                "before; a new slot would leave a gap",
                                in_quotes(checkpoint_file), in_quotes(m_options.slot)),
                    "leave --create out to go on, or remove the file to begin anew"};
    }
    Connection plain{m_options.source, Connection::Kind::plain};
    const auto wait = std::make_shared<SlotWait>(m_options.source);
    plain.set_on_wait([wait] { (*wait)(); });
    check_version(plain);
    auto findings = postgres::preflight(plain, question_of(m_options));
    // A missing publication is what we are here for.
    std::erase_if(findings, [](const postgres::Finding& f) {
        return f.subject == "publication" && f.remedy == "--create makes it";
    });
    if (const ExitCode code = postgres::report(findings, false); code != ExitCode::ok) {
        throw Error{code, "nothing was made: see the errors above"};
    }
    const auto slot = postgres::inspect_slot(plain, m_options.slot);
    if (slot) {
        check_slot(*slot, m_options.slot, plain.database());
    }
    postgres::ensure_publication(plain, m_options.publication,
                                 event::TableFilter{m_options.tables, m_options.exclude});
    if (slot) {
        base::log::info("slot {} is there already; its stream begins at {}",
                        in_quotes(m_options.slot), postgres::format_lsn(slot->confirmed));
        return;
    }
    wait->begin();
    const postgres::Lsn position = postgres::create_slot(plain, m_options.slot);
    base::log::info("made slot {}; its stream begins at {}", in_quotes(m_options.slot),
                    postgres::format_lsn(position));
}

void PostgresServer::drop() {
    await();
    Connection plain{m_options.source, Connection::Kind::plain};
    check_version(plain);
    if (const auto slot = postgres::inspect_slot(plain, m_options.slot)) {
        drop_when_free(plain, m_options.slot);
        base::log::info("dropped slot {}", in_quotes(m_options.slot));
    } else {
        base::log::info("there is no slot {}", in_quotes(m_options.slot));
    }
    const auto publication = postgres::inspect_publication(plain, m_options.publication);
    if (publication && publication->made_by_us) {
        postgres::drop_publication(plain, m_options.publication);
        base::log::info("dropped publication {}", in_quotes(m_options.publication));
    } else if (publication) {
        base::log::info("publication {} was not made by --create and stays",
                        in_quotes(m_options.publication));
    }
}

std::unique_ptr<source::ChangeStream> PostgresServer::changes() {
    return std::make_unique<PostgresChanges>(m_options);
}

} // namespace cdc::capture
