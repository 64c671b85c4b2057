// A view's rows as its SELECT gives them: all, or those of the keys that were found.
#include "cdc-transform/kept_view.hpp"

#include "base/log.hpp"
#include "views/recompute.hpp"

#include <algorithm>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using duckdb::quoted_name;

namespace {

constexpr std::int64_t kMaxLiterals = 2000;
constexpr std::int64_t kBlocks = 64; ///< of keys, tried one after the other in an attempt

} // namespace

/// SQL: the key of a row, as its columns' literals.
std::string KeptView::key_literal() const {
    std::string out;
    for (const std::string& name : m_view.found_by()) {
        const auto place = std::find(m_columns.begin(), m_columns.end(), quoted_name(name));
        const std::string& type = m_types[static_cast<std::size_t>(place - m_columns.begin())];
        out += fmt::format("{0}coalesce('''' || replace({1}::VARCHAR, '''', '''''') || '''::{2}', "
                           "'NULL::{2}')",
                           out.empty() ? "" : " || ', ' || ", quoted_name(name), type);
    }
    return out;
}

void KeptView::make_found() {
    m_connection.execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT DISTINCT * FROM {}",
                                     temp("found"), temp("keys")));
}

/// SQL for the view's rows of these keys.
std::string KeptView::select_of_found() {
    const std::vector<std::string>& found = m_view.found_by();
    if (found.empty()) {
        return views::recompute(*m_bound, {temp("found"), false}, m_engine);
    }
    std::string any_null;
    for (const std::string& name : found) {
        any_null += (any_null.empty() ? "" : " OR ") + quoted_name(name) + " IS NULL";
    }
    const bool has_null = m_connection.number(fmt::format("SELECT count(*) FROM {} WHERE {}",
                                                          temp("found"), any_null)) > 0;
    const std::int64_t count = number_found();
    if (found.size() > 1 || count > kMaxLiterals || count == 0) {
        return views::recompute(*m_bound, {temp("found"), has_null}, m_engine);
    }
    const auto place = std::find(m_columns.begin(), m_columns.end(), quoted_name(found.front()));
    const std::string& type = m_types[static_cast<std::size_t>(place - m_columns.begin())];
    if (type == "VARCHAR" &&
        m_connection.number(fmt::format("SELECT count(*) FROM {} WHERE contains({}, chr(0))",
                                        temp("found"), quoted_name(found.front()))) > 0) {
        return views::recompute(*m_bound, {temp("found"), has_null}, m_engine); // SQL ends there
    }
    const std::string literals = m_connection.text(fmt::format(
        "SELECT string_agg('''' || replace({0}::VARCHAR, '''', '''''') || '''::{1}', ', ') FROM "
        "{2} WHERE {0} IS NOT NULL",
        quoted_name(found.front()), type, temp("found")));
    return literals.empty() ? views::recompute(*m_bound, {temp("found"), has_null}, m_engine)
                            : views::recompute_literals(*m_bound, literals, has_null, m_engine);
}

void KeptView::computing(const std::function<void()>& run, const Failure& failure) const {
    try {
        run();
    } catch (const Error& error) {
        if (error.code() != ExitCode::bad_data) {
            throw;
        }
        throw failure(error.what());
    }
}

KeptView::Failure KeptView::failure(RowFailed::What what) const {
    return [this, what](const std::string& words) {
        return RowFailed{what, m_view.name, words};
    };
}

/// Of all rows at once: one of them, where there are keys to look for.
KeptView::Failure KeptView::failure_of_rows(const KeyRange& range) const {
    if (!is_keyed()) {
        return failure(RowFailed::What::view);
    }
    return [this, range](const std::string& words) {
        return RowFailed{m_view.name, words, range};
    };
}

void KeptView::create(const std::string& table, const std::string& select,
                      const Failure& failure) const {
    computing([&] { m_connection.execute(fmt::format("CREATE {} AS {}", table, select)); },
              failure);
}

void KeptView::create_new(const std::string& select, const Failure& failure) {
    create("OR REPLACE TEMP TABLE " + temp("new"), select, failure);
}

/// The table of its first rows.
void KeptView::create_stored() {
    const std::string stored = quoted_name(m_stored);
    const std::string select = views::select_text(*m_bound, m_engine);
    m_parked_changed = m_parked_changed || !m_parked.empty();
    m_parked.clear();
    if (!is_narrowed(attempt().keys)) {
        create("TABLE " + stored, select, failure_of_rows({}));
        take_shape(m_stored);
        require_key();
        return;
    }
    create("TABLE " + stored, fmt::format("SELECT * FROM ({}) LIMIT 0", select),
           failure(RowFailed::What::view));
    take_shape(m_stored);
    require_key();
    m_whole = true;
    note_parked(make_new_rows(attempt().keys));
    m_connection.execute(fmt::format("INSERT INTO {} SELECT * FROM {}", stored, temp("new")));
}

const Parking::Attempt& KeptView::attempt() const {
    static const Parking kNothing;
    return (m_parking != nullptr ? *m_parking : kNothing).of(m_view.name);
}

/// Whether keys are left out, or looked for.
bool KeptView::is_narrowed(const ParkedKeys& left_out) const {
    return is_keyed() && (!left_out.empty() || attempt().found ||
                          (m_parking != nullptr && m_parking->range(m_view.name)));
}

/// False: its rows are those of the keys in `found`, and all others stay.
bool KeptView::make_new_rows(const ParkedKeys& left_out) {
    if (m_whole && !is_narrowed(left_out)) {
        create_new(views::select_text(*m_bound, m_engine), failure_of_rows({}));
        return true;
    }
    if (m_whole) {
        create("OR REPLACE TEMP TABLE " + temp("found"),
               fmt::format("SELECT {} FROM ({}) UNION SELECT {} FROM {}", found_by(""),
                           views::select_text(*m_bound, m_engine), found_by(""),
                           quoted_name(m_stored)),
               failure(RowFailed::What::view));
    } else {
        add_keys_tried_again();
        make_found();
    }
    for (const auto& [key, row] : left_out) {
        m_connection.execute(fmt::format("DELETE FROM {} WHERE {} = {}", temp("found"),
                                         key_literal(), duckdb::quoted_text(key)));
    }
    if (attempt().found) {
        leave_out_found(*attempt().found);
    } else if (const auto range =
                   m_parking != nullptr ? m_parking->range(m_view.name) : std::nullopt) {
        find_failing(*range);
    }
    const bool nothing = is_keyed() && number_found() == 0;
    create_new(nothing ? fmt::format("SELECT * FROM {} LIMIT 0", quoted_name(m_stored))
                       : select_of_found(),
               failure_of_rows({}));
    return false;
}

std::int64_t KeptView::number_found() const {
    return m_connection.number("SELECT count(*) FROM " + temp("found"));
}

/// Keys that were parked though other rows may be why.
void KeptView::add_keys_tried_again() {
    for (const auto& [key, row] : m_parked) {
        if (row.again && key != kWholeView) {
            m_connection.execute(fmt::format("INSERT INTO {} VALUES ({})", temp("keys"), key));
        }
    }
}

/// No row of them can be told to be why the view cannot be computed.
void KeptView::leave_out_found(const std::string& words) {
    const std::string found = temp("found");
    if (number_found() > static_cast<std::int64_t>(kMostParkedKeys)) {
        throw RowFailed{RowFailed::What::view, m_view.name, words};
    }
    duckdb::Result keys =
        m_connection.query(fmt::format("SELECT {} FROM {}", key_literal(), found));
    m_left_out.clear();
    while (keys.next()) {
        for (std::uint64_t row = 0; row < keys.size(); ++row) {
            m_left_out[std::string{keys.column(0).text(row)}] = {words, true};
        }
    }
    m_connection.execute("DELETE FROM " + found);
}

/// Ends with RowFailed, of the first block of keys that fails.
void KeptView::find_failing(const KeyRange& range) {
    m_connection.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {} AS SELECT *, row_number() OVER (ORDER BY {}) - 1 "
        "AS \"cdc place\" FROM {}",
        temp("tried"), found_by(""), temp("found")));
    const std::int64_t count =
        m_connection.number(fmt::format("SELECT count(*) FROM {}", temp("tried")));
    const std::int64_t end = std::min(range.end, count);
    const std::int64_t width =
        std::max<std::int64_t>((end - range.begin + kBlocks - 1) / kBlocks, 1);
    for (std::int64_t at = range.begin; at < end; at += width) {
        const KeyRange block{at, std::min(at + width, end)};
        Failure failed = failure_of_rows(block);
        if (block.end - block.begin == 1) {
            // Those before it have passed.
            const bool again = block.begin == 0 && !other_key_passes(count);
            find_tried(block);
            const std::string key =
                m_connection.text(fmt::format("SELECT {} FROM {}", key_literal(), temp("found")));
            failed = [this, key, again](const std::string& words) {
                return RowFailed{m_view.name, words, key, again};
            };
        } else {
            find_tried(block);
        }
        create_new(select_of_found(), failed);
    }
    throw RowFailed{not_by_key(), m_view.name, "each key can be computed, and not all together"};
}

void KeptView::find_tried(const KeyRange& places) {
    m_connection.execute(
        fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT * EXCLUDE (\"cdc place\") FROM {} "
                    "WHERE \"cdc place\" >= {} AND \"cdc place\" < {}",
                    temp("found"), temp("tried"), places.begin, places.end));
}

/// Whether another key than the first can be computed, which then is why the view cannot. Best one
/// that the cut does not touch, else others of the cut. False: there is no other.
bool KeptView::other_key_passes(std::int64_t keys) {
    std::string parked = "''";
    for (const auto& [key, row] : m_parked) {
        parked += ", " + duckdb::quoted_text(key);
    }
    m_connection.execute(
        fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM {} s ANTI JOIN {} t ON {} "
                    "WHERE {} NOT IN ({}) LIMIT 1",
                    temp("found"), found_by(""), quoted_name(m_stored), temp("tried"),
                    same_key("s", "t"), key_literal(), parked));
    if (number_found() > 0) {
        create_new(select_of_found(), failure(not_by_key()));
        return true;
    }
    if (keys < 2) {
        return false;
    }
    const std::vector<std::int64_t> places{keys - 1, keys / 2, 1};
    const std::vector<std::string>& failed = attempt().others;
    if (failed.size() == places.size()) {
        throw RowFailed{not_by_key(), m_view.name, failed.back()};
    }
    const std::int64_t place = places[failed.size()];
    find_tried({place, place + 1});
    create_new(select_of_found(), failure(RowFailed::What::other));
    return true;
}

/// Whether this cut leaves it as it is, whole.
bool KeptView::park_view() {
    if (!attempt().view) {
        return false;
    }
    const ParkedKeys before =
        std::exchange(m_parked, {{kWholeView, ParkedRow{*attempt().view, true}}});
    m_parked_changed = m_parked_changed || m_parked != before;
    m_waits = !m_live;
    return true;
}

/// Keys that were parked before and are computed now are so no more.
void KeptView::note_parked(bool whole) {
    const ParkedKeys before = m_parked;
    if (parked_whole()) {
        base::log::info("view {} goes on", m_view.name);
    }
    if (whole || parked_whole()) {
        m_parked.clear();
    } else if (!m_parked.empty()) {
        std::erase_if(m_parked, [&](const auto& entry) {
            return m_connection.number(fmt::format("SELECT count(*) FROM {} WHERE {} = {}",
                                                   temp("found"), key_literal(),
                                                   duckdb::quoted_text(entry.first))) > 0;
        });
    }
    for (const ParkedKeys& keys : {attempt().keys, std::exchange(m_left_out, {})}) {
        for (const auto& [key, row] : keys) {
            m_parked[key] = row;
        }
    }
    m_parked_changed = m_parked_changed || m_parked != before;
}

void KeptView::keep_parked(State& state) {
    if (m_parked_changed) {
        state.keep_parked(m_view.name, m_parked);
        m_parked_changed = false;
    }
}

} // namespace cdc::transform
