#include "cdc-load/careful_loader.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "event/json_writer.hpp"

#include <algorithm>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using clickhouse::ParkedKey;
using clickhouse::ServerError;
using event::Order;

namespace {

/// So many refusals in turn, with no row taken between them, are not the rows' fault.
constexpr int kHopeless = 100;

const event::Field* find_field(const event::Image& image, std::string_view name) {
    const auto found = std::find_if(image.fields.begin(), image.fields.end(),
                                    [&](const event::Field& field) { return field.name == name; });
    return found == image.fields.end() ? nullptr : &*found;
}

} // namespace

/// A row of a snapshot is whole, and was read behind the lines that are missing.
bool CarefulLoader::heals(const Line& line, const ParkedKey& parked) {
    return line.op == 'r' && line.order > parked.through;
}

std::string key_text(const clickhouse::TargetShape& shape, const event::DecodedLine& line) {
    const event::Image& image = !line.key.fields.empty() ? line.key
                                : line.op == 'd'         ? line.before
                                                         : line.after;
    std::string text;
    std::string name;
    for (const std::size_t index : shape.key) {
        name.clear();
        event::append_json_escaped(name, shape.columns[index].name);
        const event::Field* field = find_field(image, name);
        if (field == nullptr) {
            return {};
        }
        text += text.empty() ? "{\"" : ",\"";
        text.append(name).append("\":").append(field->value);
    }
    return text.empty() ? text : text + "}";
}

bool CarefulLoader::wanted(const TableLoader& table, const TableWork& work) const {
    return work.suspect || m_options.replaying() ||
           std::any_of(table.parked.begin(), table.parked.end(),
                       [](const auto& entry) { return entry.second.parked(); });
}

void CarefulLoader::load(TableLoader& table, const TableWork& work, const Store& store) {
    m_table = &table;
    m_work = &work;
    m_store = &store;
    m_scratch =
        std::make_unique<TableLoader>(table.source(), table.target(), table.encoder().policy());
    m_scratch->set_shape(table.version(), table.encoder().shape());
    m_scratch->raise_barrier(work.known_barrier);
    if (!table.parked.empty()) { // a replay beside this program may have freed some
        clickhouse::with_retry(m_retry, [&] {
            table.parked = clickhouse::read_table_state(m_transport, table.target().name).parked;
        });
    }
    run(0, work.kept.units().size());
    free_void_keys();
}

std::string CarefulLoader::take_state_rows() {
    return std::exchange(m_state_rows, {});
}

void CarefulLoader::run(std::size_t from, std::size_t to) {
    Attempt attempt;
    attempt.work.known_barrier = m_work->known_barrier;
    m_scratch->pending = m_table->pending.load();
    for (std::size_t index = from; index < to; ++index) {
        take(attempt, index);
    }
    if (!attempt.sent.empty()) {
        try {
            (*m_store)(*m_table, attempt.work);
            m_refused_in_turn = attempt.work.rows.empty() ? m_refused_in_turn : 0;
        } catch (const ServerError& error) {
            if (!clickhouse::is_row_fault(error.server_code())) {
                throw;
            }
            if (attempt.sent.size() > 1) {
                const std::size_t middle = attempt.sent[attempt.sent.size() / 2];
                run(from, middle);
                run(middle, to);
                return;
            }
            refuse_sent(attempt, error);
        }
    }
    commit(attempt);
}

void CarefulLoader::take_apart(const Unit& unit) {
    m_lines.clear();
    const auto add = [&](std::string_view text, std::uint64_t number) {
        const event::DecodedLine& line = m_decoder.decode(text);
        m_lines.push_back({text, line.op == 't' ? "" : key_text(m_table->encoder().shape(), line),
                           line.source.order, number, line.op});
    };
    add(m_work->kept.first(unit), unit.line_number);
    if (unit.second > 0) {
        add(m_work->kept.second(unit), unit.line_number + 1);
    }
}

const ParkedKey* CarefulLoader::find(const Attempt& attempt, const std::string& key) const {
    auto found = attempt.parked.find(key);
    if (found != attempt.parked.end()) {
        return &found->second;
    }
    found = m_table->parked.find(key);
    return found == m_table->parked.end() ? nullptr : &found->second;
}

bool CarefulLoader::is_parked(const Attempt& attempt, const Line& line) const {
    const ParkedKey* parked = line.key.empty() ? nullptr : find(attempt, line.key);
    if (parked == nullptr || !parked->parked()) {
        return false;
    }
    if (m_options.replaying()) {
        return attempt.parked.contains(line.key) || m_failed.contains({m_table, line.key});
    }
    if (heals(line, *parked)) {
        return false;
    }
    return line.order >= parked->from && parked->through >= m_work->known_barrier;
}

void CarefulLoader::take(Attempt& attempt, std::size_t index) {
    const Unit& unit = m_work->kept.units()[index];
    take_apart(unit);
    for (const Line& line : m_lines) {
        if (is_parked(attempt, line)) {
            refuse(attempt, index,
                   Error{ExitCode::bad_data,
                         fmt::format("table {}: its key {} is parked, because an earlier line of "
                                     "it could not be loaded",
                                     in_quotes(m_table->source().display_name()), line.key)},
                   true);
            return;
        }
    }
    if (unit.half) {
        refuse(attempt, index,
               Error{ExitCode::bad_data, "the other line of its key change is broken"}, false);
        return;
    }
    try {
        encode(attempt, unit);
        attempt.sent.push_back(index);
        for (const Line& line : m_lines) {
            Order& highest = attempt.loaded[line.key];
            highest = std::max(highest, line.order);
            const ParkedKey* parked = find(attempt, line.key);
            if (parked != nullptr && parked->parked() && heals(line, *parked)) {
                attempt.parked[line.key] = {parked->from, line.order, ""};
            }
        }
    } catch (const Error& error) {
        if (error.code() != ExitCode::bad_data) {
            throw Error{error.code(), fmt::format("line {}: {}", unit.line_number, error.what()),
                        error.hint()};
        }
        refuse(attempt, index, error, false);
    }
}

void CarefulLoader::encode(Attempt& attempt, const Unit& unit) {
    m_scratch->set_snapshot_row(unit.snapshot_row);
    if (m_lines.front().op == 't') {
        m_scratch->truncate(m_decoder.decode(m_lines.front().text), attempt.work);
        return;
    }
    if (m_lines.size() > 1) {
        TableWork proof; // both or none
        for (const Line& line : m_lines) {
            m_scratch->add(m_decoder.decode(line.text), proof);
        }
    }
    for (const Line& line : m_lines) {
        m_scratch->add(m_decoder.decode(line.text), attempt.work);
    }
}

void CarefulLoader::park(Attempt& attempt, const Line& line, const std::string& reason) {
    if (line.key.empty()) {
        return;
    }
    const ParkedKey* before = find(attempt, line.key);
    ParkedKey parked{line.order, line.order, reason};
    if (before != nullptr) {
        parked.through = std::max(before->through, line.order);
        if (before->parked()) {
            parked.from = std::min(before->from, line.order);
            parked.reason = before->reason;
        }
    }
    attempt.parked[line.key] = parked;
}

void CarefulLoader::refuse(Attempt& attempt, std::size_t index, const Error& error, bool follower) {
    if (!m_options.dead_letters) {
        throw Error{ExitCode::bad_data,
                    fmt::format("line {}: {}", m_lines.front().number, error.what()),
                    error.hint().empty() ? "What fails again can go to a new file: --on-error "
                                           "dead-letter --dead-letter FILE."
                                         : error.hint()};
    }
    if (!m_options.replaying()) {
        const bool replayed = std::any_of(m_lines.begin(), m_lines.end(), [&](const Line& line) {
            const ParkedKey* before = find(attempt, line.key);
            return before != nullptr && !before->parked() && line.order <= before->through;
        });
        if (replayed) { // read again from before a checkpoint, but a replay has loaded it mended
            base::log::debug("line {}: {}; it was replayed before", m_lines.front().number,
                             error.what());
            return;
        }
    }
    attempt.refused.push_back({index, error, follower});
    for (const Line& line : m_lines) {
        park(attempt, line, error.what());
    }
}

void CarefulLoader::refuse_sent(Attempt& attempt, const ServerError& error) {
    if (++m_refused_in_turn >= kHopeless) {
        throw ServerError{ExitCode::refused,
                          fmt::format("{} lines in turn were refused, which is not the rows' "
                                      "fault; the last: {}",
                                      kHopeless, error.what()),
                          "Look at constraints and materialized views of the table.",
                          error.server_code(), false};
    }
    const std::size_t index = attempt.sent.front();
    take_apart(m_work->kept.units()[index]);
    const Error why{
        ExitCode::bad_data,
        fmt::format("table {}: {}", in_quotes(m_table->source().display_name()), error.what())};
    attempt.loaded.clear();
    for (const Line& line : m_lines) {
        if (const ParkedKey* parked = find(attempt, line.key); parked && !parked->parked()) {
            attempt.parked.erase(line.key); // it heals nothing
        }
    }
    refuse(attempt, index, why, false);
    // An update that waited for this row may be what was refused.
    if (m_options.dead_letters && m_table->pending > 0) {
        const std::uint64_t number = m_lines.front().number;
        m_resolver.give_up(
            *m_table, attempt.work,
            [&](Order order, std::string_view text) {
                m_letters.add_follower(*m_table, number, text, why);
                const event::DecodedLine& line = m_decoder.decode(text);
                park(attempt,
                     {text, key_text(m_table->encoder().shape(), line), order, number, line.op},
                     why.what());
            },
            [&] { m_letters.write(); });
    }
}

void CarefulLoader::change_parked(const std::string& key, const ParkedKey& parked) {
    m_table->parked[key] = parked;
    clickhouse::append_state_row(
        m_state_rows, clickhouse::parked_row(m_table->target().name, key, parked), base::now_ms());
}

void CarefulLoader::commit(Attempt& attempt) {
    std::stable_sort(attempt.refused.begin(), attempt.refused.end(),
                     [](const Refused& a, const Refused& b) { return a.unit < b.unit; });
    for (const Refused& refused : attempt.refused) {
        take_apart(m_work->kept.units()[refused.unit]);
        for (const Line& line : m_lines) {
            if (refused.follower) {
                m_letters.add_follower(*m_table, line.number, line.text, refused.error);
            } else {
                m_letters.add(m_table, line.number, line.text, refused.error);
            }
            if (m_options.replaying()) {
                m_failed.emplace(m_table, line.key);
            }
        }
    }
    for (const auto& [key, parked] : attempt.parked) {
        change_parked(key, parked);
    }
    if (!m_options.replaying()) {
        return;
    }
    for (const auto& [key, order] : attempt.loaded) {
        const auto found = m_table->parked.find(key);
        if (found != m_table->parked.end() && found->second.parked() &&
            order >= found->second.through && !m_failed.contains({m_table, key})) {
            change_parked(key, {found->second.from, order, ""});
        }
    }
}

void CarefulLoader::free_void_keys() {
    for (auto& [key, parked] : m_table->parked) {
        if (parked.parked() && parked.through < m_work->known_barrier) {
            change_parked(key, {parked.from, parked.through, ""});
        }
    }
}

} // namespace cdc::load
