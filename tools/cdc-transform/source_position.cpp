// How far each input came: checkpoint lines, of which source they are, and whether they make a cut.
#include "cdc-transform/transformer.hpp"

#include "base/error.hpp"
#include "kafka/cut_mark.hpp"

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using base::in_quotes;

/// A stream of MySQL or MariaDB that goes on at another server, or in a log that was begun anew,
/// has a higher epoch, and sends again, with new orders, what the last stage has not acknowledged.
bool Transformer::in_later_history(event::Order order) {
    if (!m_in->source || order.epoch() <= m_in->source->order.epoch()) {
        return false;
    }
    if (!m_in->goes_on) {
        m_in->goes_on = true;
        m_in->has = sources::ExecutedTransactions::of(*m_in->source);
    }
    return m_in->has.has_value();
}

/// Whether the state has more than a checkpoint of a later history says.
bool Transformer::is_behind(const event::Checkpoint& checkpoint) {
    if (m_in->was_read || !in_later_history(checkpoint.order)) {
        return false;
    }
    const auto told = sources::ExecutedTransactions::of(checkpoint);
    return told && !told->contains(*m_in->has);
}

void Transformer::check_source(const event::Checkpoint& checkpoint,
                               const std::optional<event::Checkpoint>& source) {
    const auto require_same = [this](const std::string& held, const std::string& told) {
        if (held != told) {
            throw Error{ExitCode::refused,
                        fmt::format("the state {} is of source {}, the input {}of {}",
                                    in_quotes(m_options.state), in_quotes(held),
                                    m_in->name.empty() ? "" : m_in->name + " ", in_quotes(told)),
                        "Each pipe needs a state of its own."};
        }
    };
    const auto& held = m_in->source;
    if (held && source && held->kind == source->kind && in_later_history(source->order)) {
        const auto told = sources::ExecutedTransactions::of(*source);
        if (told && told->related(*m_in->has)) {
            if (checkpoint.kind == "kafka") {
                require_same(source_name(*m_in->stream), source_name(checkpoint));
            }
            return;
        }
    }
    if (m_in->stream) {
        require_same(source_name(*m_in->stream), source_name(checkpoint));
    }
    if (held && source) { // behind topics the slot may be another one
        require_same(database_name(*held), database_name(*source));
    }
}

/// A snapshot beside a stream says nothing of how far the stream came.
bool Transformer::says_position(const event::Checkpoint& checkpoint) const {
    return !m_in->stream || !checkpoint.beside_stream();
}

void Transformer::take_checkpoint(const event::DecodedLine& line) {
    const event::Checkpoint checkpoint = event::parse_checkpoint(line.raw, "checkpoint line");
    const std::optional<event::Checkpoint> source = source_checkpoint(checkpoint);
    if (!checkpoint.beside_stream()) {
        check_source(checkpoint, source);
    }
    if (checkpoint.kind != "kafka" && says_position(checkpoint) &&
        checkpoint.order < m_in->position) {
        return; // sent again by the source: what has left is further already
    }
    const bool behind = source && !checkpoint.beside_stream() && is_behind(*source);
    if (behind && checkpoint.kind == "kafka") {
        return; // it says how far the topics were read, and what comes again is not in the state
                // yet
    }
    m_in->only_passed = behind;
    if (m_in->only_passed && (m_in->announced || m_in->in_stream)) {
        return; // as well
    }
    if (!says_position(checkpoint) && m_in->in_stream) {
        m_in->beside = line.raw; // half of a transaction may stand before it
        return;
    }
    m_in->by_marks = checkpoint.extra.contains(kafka::kMarksMember);
    set_cut(line.raw);
}

bool Transformer::can_leave_cut_for(std::string_view later) const {
    if (!kept_columns().empty() || m_in->only_passed || m_in->beside) {
        return false;
    }
    const event::Checkpoint due = event::parse_checkpoint(*m_cut, "checkpoint line");
    event::Checkpoint next;
    try {
        next = event::parse_checkpoint(later, "checkpoint line");
    } catch (const Error&) {
        return false; // said when it is taken
    }
    const auto of_stream = [](const event::Checkpoint& checkpoint) {
        return !checkpoint.beside_stream() && !checkpoint.snapshot.is_object();
    };
    return of_stream(due) && of_stream(next) && source_name(due) == source_name(next) &&
           due.order <= next.order;
}

void Transformer::set_cut(std::string_view line) {
    m_cut = m_in->name.empty() ? std::string{line} : event::with_input(line, m_in->name);
}

} // namespace cdc::transform
