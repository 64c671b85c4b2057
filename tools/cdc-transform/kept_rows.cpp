// A view's rows as its SELECT gives them: all, or those of the keys that were found.
#include "cdc-transform/kept_view.hpp"
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
    const std::int64_t count =
        m_connection.number(fmt::format("SELECT count(*) FROM {}", temp("found")));
    if (found.size() > 1 || count > kMaxLiterals || count == 0) {
        return views::recompute(*m_bound, {temp("found"), has_null}, m_engine);
    }
    const auto place = std::find(m_columns.begin(), m_columns.end(), quoted_name(found.front()));
    const std::string& type = m_types[static_cast<std::size_t>(place - m_columns.begin())];
    const std::string literals = m_connection.text(fmt::format(
        "SELECT string_agg('''' || replace({0}::VARCHAR, '''', '''''') || '''::{1}', ', ') FROM "
        "{2} WHERE {0} IS NOT NULL",
        quoted_name(found.front()), type, temp("found")));
    return literals.empty() ? views::recompute(*m_bound, {temp("found"), has_null}, m_engine)
                            : views::recompute_literals(*m_bound, literals, has_null, m_engine);
}

void KeptView::compute_into(const std::string& table, const std::string& select,
                            const KeyRange& range, const std::string& key) {
    try {
        m_connection.execute(fmt::format("CREATE {} AS {}", table, select));
    } catch (const Error& error) {
        if (error.code() != ExitCode::bad_data) {
            throw;
        }
        throw RowFailed{m_view.name, error.what(), range, key};
    }
}

void KeptView::create_new(const KeyRange& range, const std::string& key,
                          const std::string& select) {
    compute_into("OR REPLACE TEMP TABLE " + temp("new"), select, range, key);
}

/// The table of its first rows.
void KeptView::create_stored() {
    const std::string stored = quoted_name(m_stored);
    const std::string select = views::select_text(*m_bound, m_engine);
    m_parked_changed = m_parked_changed || !m_parked.empty();
    m_parked.clear();
    if (m_parking == nullptr || !m_parking->concerns(m_view.name)) {
        compute_into("TABLE " + stored, select, {}, "");
        take_shape(m_stored);
        return;
    }
    compute_into("TABLE " + stored, fmt::format("SELECT * FROM ({}) LIMIT 0", select), {}, "");
    take_shape(m_stored);
    m_whole = true;
    note_parked(make_new_rows(m_parking->of(m_view.name)));
    m_connection.execute(fmt::format("INSERT INTO {} SELECT * FROM {}", stored, temp("new")));
}

bool KeptView::make_new_rows(const ParkedKeys& left_out) {
    const std::optional<KeyRange> range =
        m_parking != nullptr ? m_parking->range(m_view.name) : std::nullopt;
    if ((left_out.empty() && !range) || m_view.full || m_view.found_by().empty()) {
        const bool whole = m_whole;
        if (!whole) {
            make_found();
        }
        create_new({}, "", whole ? views::select_text(*m_bound, m_engine) : select_of_found());
        return whole;
    }
    if (m_whole) {
        m_connection.execute(fmt::format(
            "CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM ({}) UNION SELECT {} FROM {}",
            temp("found"), found_by(""), views::select_text(*m_bound, m_engine), found_by(""),
            quoted_name(m_stored)));
    } else {
        make_found();
    }
    for (const auto& [key, words] : left_out) {
        m_connection.execute(fmt::format("DELETE FROM {} WHERE {} = {}", temp("found"),
                                         key_literal(), duckdb::quoted_text(key)));
    }
    if (range) {
        find_failing(*range);
    }
    create_new({}, "", select_of_found());
    return false;
}

/// Ends with RowFailed, of the first block of keys that fails.
void KeptView::find_failing(const KeyRange& range) {
    m_connection.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {} AS SELECT *, row_number() OVER (ORDER BY {}) - 1 "
        "AS \"cdc place\" FROM {}",
        temp("tried"), found_by(""), temp("found")));
    const std::int64_t end = std::min(
        range.end, m_connection.number(fmt::format("SELECT count(*) FROM {}", temp("tried"))));
    const std::int64_t width =
        std::max<std::int64_t>((end - range.begin + kBlocks - 1) / kBlocks, 1);
    for (std::int64_t at = range.begin; at < end; at += width) {
        const KeyRange block{at, std::min(at + width, end)};
        m_connection.execute(fmt::format(
            "CREATE OR REPLACE TEMP TABLE {} AS SELECT * EXCLUDE (\"cdc place\") FROM {} "
            "WHERE \"cdc place\" >= {} AND \"cdc place\" < {}",
            temp("found"), temp("tried"), block.begin, block.end));
        const std::string key =
            block.end - block.begin == 1
                ? m_connection.text(fmt::format("SELECT {} FROM {}", key_literal(), temp("found")))
                : "";
        create_new(block, key, select_of_found());
    }
    throw Error{
        ExitCode::bad_data,
        fmt::format("view {} cannot be computed, though each of its keys can", m_view.name)};
}

/// Keys that were parked before and are computed now are so no more.
void KeptView::note_parked(bool whole) {
    const ParkedKeys before = m_parked;
    if (whole) {
        m_parked.clear();
    } else if (!m_parked.empty()) {
        std::erase_if(m_parked, [&](const auto& entry) {
            return m_connection.number(fmt::format("SELECT count(*) FROM {} WHERE {} = {}",
                                                   temp("found"), key_literal(),
                                                   duckdb::quoted_text(entry.first))) > 0;
        });
    }
    if (m_parking != nullptr) {
        for (const auto& [key, words] : m_parking->of(m_view.name)) {
            m_parked[key] = words;
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
