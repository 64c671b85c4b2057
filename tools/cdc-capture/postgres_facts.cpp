#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-capture/postgres_changes.hpp"
#include "event/facts_change.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <map>

/// The part of PostgresChanges that puts out what the log does not say: what a look at the catalog
/// found waits until the stream has passed the look's position, and goes out there when it is news.
namespace cdc::capture {

using event::Facts;
using postgres::Lsn;

namespace {

constexpr int kStepMs = 20;
constexpr std::int64_t kFirstLookMs = 60000;
constexpr std::int64_t kAwaitedMs = 1000;
constexpr std::int64_t kFactsQuestionMs = 200;
/// A commit that a look could see is on disk, and in the stream's reach, three delays of the
/// server's WAL writer later at most: 0.6 s, unless it is told otherwise.
constexpr std::int64_t kFlushedMs = 3000;
constexpr std::int64_t kFlushCheckMs = 500;
constexpr std::size_t kFactsSample = 100;

bool same(const Facts& a, const Facts& b) {
    Facts copy = b;
    copy.xid = a.xid;
    copy.since = a.since;
    copy.slot = a.slot;
    copy.empty = a.empty;
    copy.lost = a.lost;
    copy.renamed_labels = a.renamed_labels;
    copy.filled = a.filled;
    return a == copy;
}

/// Tables that were captured and are so no more, unless another one has their name.
std::vector<Facts> left(const std::vector<Facts>& before, const std::vector<Facts>& after) {
    std::map<std::pair<std::string_view, std::string_view>, const Facts*> names;
    for (const Facts& facts : after) {
        names[{facts.schema, facts.table}] = &facts;
    }
    std::vector<Facts> out;
    for (const Facts& facts : before) {
        if (names.count({facts.schema, facts.table}) == 0) {
            Facts& gone = out.emplace_back();
            gone.schema = facts.schema;
            gone.table = facts.table;
            gone.oid = facts.oid;
            gone.gone = true;
        }
    }
    return out;
}

/// The stream has its rows from the first: it is younger than slot and publication.
bool is_made_since(const Facts& facts, const std::string& xid) {
    const event::LeafFacts* root = event::find_leaf(facts, facts.oid);
    return !xid.empty() && root != nullptr && !event::precedes(root->birth, xid) &&
           !event::precedes(root->birth, facts.publication.version);
}

/// A table that is older than `xid`, and was altered, truncated or written anew since.
bool is_written_since(const Facts& facts, const std::string& xid) {
    const event::LeafFacts* root = event::find_leaf(facts, facts.oid);
    return !xid.empty() && root != nullptr && !event::precedes(root->xmin, xid) &&
           event::precedes(root->birth, xid);
}

bool has_new_column(const postgres::FactsLook& before, const Facts& facts) {
    const Facts* then = postgres::find_table(before, facts.oid);
    return then != nullptr &&
           std::any_of(facts.columns.begin(), facts.columns.end(), [&](const auto& column) {
               return std::none_of(
                   then->columns.begin(), then->columns.end(),
                   [&](const auto& other) { return other.number == column.number; });
           });
}

} // namespace

/// What happened before this connection is seen by its first look: an end that is the end of the
/// log at the start is not before that look.
void PostgresChanges::begin_looks() {
    m_facts.pending.clear();
    m_facts.first = true;
    const auto& extra = m_session->start.extra;
    if (m_facts.digest.empty()) {
        m_facts.digest = text_member(extra, event::kFactsMember);
        m_facts.xid = text_member(extra, event::kFactsXidMember);
        m_facts.order = text_member(extra, event::kFactsOrderMember);
        if (const auto unseen = extra.find(kUnseenMember); unseen != extra.end()) {
            m_unseen.restore(*unseen);
        }
        if (const auto labels = extra.find(kUnknownLabelsMember); labels != extra.end()) {
            m_labels.restore(*labels);
        }
    }
    if (!m_options.exit_at_end || m_until != 0) {
        return;
    }
    m_until = m_session->system.flushed;
    const std::int64_t give_up = base::steady_ms() + kFirstLookMs;
    const auto seen = [this] { // it may be passed at once
        return !m_facts.first || !m_facts.pending.empty();
    };
    while (!seen() && base::steady_ms() < give_up && !io::stop_signal::requested()) {
        wait_a_step();
        take_look();
    }
    if (!m_facts.pending.empty()) {
        m_until = std::max(m_until, m_facts.pending.front()->moment.position);
    } else if (!seen() && !io::stop_signal::requested()) {
        base::fail(base::ExitCode::failed, "the catalog did not answer within a minute");
    }
}

void PostgresChanges::wait_a_step() {
    io::wait_readable(io::stop_signal::wake_fd(), kStepMs);
    m_now = base::steady_ms();
    m_on_wait();
}

/// Whether a table whose identity does not say so has a key may be known by the first look only.
void PostgresChanges::await_first_look() {
    const std::int64_t give_up = base::steady_ms() + kAwaitedMs;
    while (m_facts.first && m_facts.pending.empty() && base::steady_ms() < give_up) {
        wait_a_step();
        take_look();
    }
}

void PostgresChanges::take_look() {
    m_session->builder.set_time(base::now_ms());
    if (auto look = m_session->looks.take(); look != nullptr) {
        if (m_facts.pending.size() > 1) {
            m_facts.pending.pop_back();
        }
        m_labels.learn(*look->facts);
        if (look->facts->digest == m_facts.digest) {
            // What it found was so when the facts were put out, above which the stream stands.
            m_session->builder.passed(look->facts, nullptr);
            if (m_facts.emitted == nullptr) {
                m_facts.emitted = look->facts;
            }
        }
        m_facts.pending.push_back(std::move(look));
    }
    if (!m_session->builder.in_transaction()) {
        pass_looks(m_position);
        ask_for_passing();
    }
}

/// `passed`: all commits before it are put out. Not within a transaction.
void PostgresChanges::pass_looks(Lsn passed) {
    while (!m_facts.pending.empty() && m_facts.pending.front()->moment.position <= passed) {
        const auto look = std::move(m_facts.pending.front());
        m_facts.pending.pop_front();
        m_facts.first = false;
        m_edited.take(*look->facts);
        const bool unsettled = !m_unseen.empty() || !m_labels.empty();
        const Unseen::Missing missing = m_unseen.settle(*look);
        const RenamedLabels renamed = m_labels.settle(*look);
        const auto tables = grown(*look->facts);
        emit_facts(*look, missing, renamed);
        m_lines_since_checkpoint |= unsettled || look->facts->digest != m_facts.digest;
        m_facts.digest = look->facts->digest;
        m_facts.emitted = look->facts;
        m_facts.xid = look->moment.running;
        std::erase_if(m_facts.truncates, [&](const FactsState::Truncate& truncate) {
            return truncate.commit < look->moment.position && look->moment.could_see(truncate.xid);
        });
        m_session->builder.passed(look->facts, &look->moment);
        pass_whole(*look);
        emit_tables(tables, look->moment.position);
    }
}

/// An idle server names its position only now and then, unless it is asked to.
void PostgresChanges::ask_for_passing() {
    if (m_facts.pending.empty() || !m_drained) {
        return;
    }
    const postgres::Look& look = *m_facts.pending.front();
    if (!m_facts.first && m_unseen.empty() && m_labels.empty() &&
        look.facts->digest == m_facts.digest) {
        return;
    }
    if (m_now - m_facts.last_question >= kFactsQuestionMs) {
        m_facts.last_question = m_now;
        send_status(true);
    }
    // What was written before the look and not committed need not be flushed for hours.
    if (m_now - look.made_ms >= kFlushedMs && m_now - m_facts.last_check >= kFlushCheckMs) {
        m_facts.last_check = m_now;
        if (postgres::end_of_log(m_session->plain) <= m_position) {
            if (m_options.exit_at_end && m_until == look.moment.position) {
                m_until = m_position;
            }
            pass_looks(look.moment.position);
        }
    }
}

void PostgresChanges::emit_facts(const postgres::Look& look, const Unseen::Missing& missing,
                                 const RenamedLabels& renamed) {
    std::string& out = *m_out;
    const std::size_t start = out.size();
    std::size_t appended = 0;
    const auto append = [&](Facts facts) {
        if (m_unseen.is_replaced(facts)) {
            return; // the next look shows what has its name now
        }
        facts.xid = look.moment.running;
        facts.since = m_facts.xid;
        if (facts.since.empty() && is_made_since(facts, m_session->slot_xmin)) {
            facts.since = m_session->slot_xmin;
        }
        facts.slot = m_options.slot;
        if (const auto lost = missing.lost.find(facts.oid); lost != missing.lost.end()) {
            facts.lost = lost->second;
        }
        if (const auto labels = renamed.find(facts.oid); labels != renamed.end()) {
            facts.renamed_labels = labels->second;
        }
        if (m_facts.emitted != nullptr && !facts.gone) {
            judge_facts(facts);
        }
        m_session->builder.append_facts(out, facts, look.moment.position);
        // Of many tables the lines grow in one step: in several they would stand in memory twice.
        if (++appended == kFactsSample) {
            out.reserve(start +
                        (out.size() - start) / kFactsSample * 9 / 8 * look.facts->tables.size());
        }
    };
    const std::vector<Facts>& now = look.facts->tables;
    std::for_each(missing.gone.begin(), missing.gone.end(), append);
    if (m_facts.emitted == nullptr && look.facts->digest != m_facts.digest) {
        m_facts.order = m_session->builder.order_at(look.moment.position).text();
        std::for_each(now.begin(), now.end(), append);
        return;
    }
    const postgres::FactsLook& before = m_facts.emitted == nullptr ? *look.facts : *m_facts.emitted;
    for (Facts& facts : left(before.tables, now)) {
        append(std::move(facts));
    }
    for (const Facts& facts : now) {
        const Facts* then = postgres::find_table(before, facts.oid);
        if (missing.lost.contains(facts.oid) || renamed.contains(facts.oid) || then == nullptr ||
            !same(*then, facts)) {
            append(facts);
        }
    }
}

/// Tables that have a column more than at the last look that the stream has passed. Where only its
/// digest is known: tables whose row of the catalog was written since.
std::vector<const Facts*> PostgresChanges::grown(const postgres::FactsLook& now) const {
    std::vector<const Facts*> out;
    if (now.digest == m_facts.digest) {
        return out;
    }
    const std::string& since = m_facts.xid.empty() ? m_session->slot_xmin : m_facts.xid;
    for (const Facts& facts : now.tables) {
        if (m_unseen.is_replaced(facts)) {
            continue;
        }
        if (m_facts.emitted == nullptr ? is_written_since(facts, since)
                                       : has_new_column(*m_facts.emitted, facts)) {
            out.push_back(&facts);
        }
    }
    return out;
}

/// A column comes with the next row, which may be long in coming.
void PostgresChanges::emit_tables(const std::vector<const Facts*>& tables, Lsn position) {
    for (const Facts* facts : tables) {
        m_now = base::steady_ms(); // several questions a table, of many tables
        send_status_if_due();
        if (const auto relation = postgres::read_relation(m_session->plain, *facts)) {
            m_session->builder.append_table(*m_out, relation->get(), position);
            m_lines_since_checkpoint = true;
        }
    }
}

void PostgresChanges::add_facts_members(nlohmann::ordered_json& extra) const {
    const auto set = [&extra](const char* name, const std::string& text) {
        if (!text.empty()) {
            extra[name] = text;
        }
    };
    set(event::kFactsMember, m_facts.digest);
    set(event::kFactsXidMember, m_facts.xid);
    set(event::kFactsOrderMember, m_facts.order);
    extra.erase(kUnseenMember);
    if (!m_unseen.empty()) {
        extra[kUnseenMember] = m_unseen.json();
    }
    extra.erase(kUnknownLabelsMember);
    if (!m_labels.empty()) {
        extra[kUnknownLabelsMember] = m_labels.json();
    }
}

/// A reader judges by the facts that it has kept; here it is said to people.
void PostgresChanges::judge_facts(const Facts& facts) {
    const std::vector<Facts>& before = m_facts.emitted->tables;
    const auto then = std::find_if(before.begin(), before.end(), [&](const Facts& other) {
        return other.schema == facts.schema && other.table == facts.table;
    });
    std::vector<std::string> truncates;
    for (const FactsState::Truncate& truncate : m_facts.truncates) {
        truncates.push_back(truncate.xid);
    }
    const auto mark = then == before.end() ? event::judge_new(facts, facts.since, truncates)
                                           : event::judge(*then, facts, truncates);
    if (!mark) {
        return;
    }
    ++m_facts.marks;
    const std::string name = facts.schema + "." + facts.table;
    if (mark->kind == event::Mark::Kind::stale) {
        base::log::warning("table {} is stale: {}; copies of it have wrong or missing rows until "
                           "it is read again (cdc-snapshot --tables '{}')",
                           base::in_quotes(name), mark->why, name);
    } else {
        base::log::warning("table {} is unproven: {}; nothing shows that copies of it are right "
                           "until it is read again (cdc-snapshot --tables '{}') or verified",
                           base::in_quotes(name), mark->why, name);
    }
}

} // namespace cdc::capture
