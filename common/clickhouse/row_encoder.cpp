#include "clickhouse/row_encoder.hpp"

#include "base/error.hpp"
#include "clickhouse/row_format.hpp"
#include "event/json_writer.hpp"

#include <algorithm>
#include <cstring>

namespace cdc::clickhouse {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::size_t kProbe = 1 << 16; // so large that constant parts do not matter

/// Of a name as it stands between a line's quotes.
std::string plain_name(std::string_view name) {
    return event::json_string_value(std::string{"\""}.append(name).append("\""));
}

std::string policy_hint(std::string_view option, const ValuePolicy& policy) {
    const Misfit given = option == "--on-bad-date" ? policy.dates : policy.numbers;
    return option.empty() ? ""
           : given == Misfit::clamp
               ? fmt::format("It has no nearest value, and the column is not Nullable: {} null "
                             "makes it the type's zero.",
                             option)
               : fmt::format("Say what becomes of such values: {} null, or clamp.", option);
}

} // namespace

RowEncoder::RowEncoder(TargetShape shape, const ValuePolicy& policy)
    : m_shape{std::move(shape)}, m_policy{policy} {
    m_layout = m_shape.key;
    for (std::size_t i = 0; i < m_shape.columns.size(); ++i) {
        if (std::find(m_shape.key.begin(), m_shape.key.end(), i) == m_shape.key.end()) {
            m_layout.push_back(i);
        }
        m_names.emplace_back();
        event::append_json_escaped(m_names.back(), m_shape.columns[i].name);
        const Type& type = m_shape.columns[i].mapping.type;
        m_growth = std::max(m_growth, max_value_size(type, kProbe) / kProbe + 1);
    }
    m_values.resize(m_shape.columns.size());
    m_in_key.resize(m_shape.columns.size());
    for (const std::size_t index : m_shape.key) {
        m_in_key[index] = true;
    }
}

std::size_t RowEncoder::find_name(std::string_view name, std::size_t expected) const {
    // Members come in the order of the table, so that the search hardly ever happens.
    if (expected < m_names.size() && m_names[expected] == name) {
        return expected;
    }
    const auto found = std::find(m_names.begin(), m_names.end(), name);
    if (found != m_names.end()) {
        return static_cast<std::size_t>(found - m_names.begin());
    }
    // Another writer may escape names in another way.
    const std::string plain = plain_name(name);
    std::size_t index = 0;
    while (index < m_names.size() && m_shape.columns[index].name != plain) {
        ++index;
    }
    return index;
}

void RowEncoder::take(const event::Image& image, bool passes_over) {
    std::fill(m_values.begin(), m_values.end(), std::string_view{});
    std::size_t expected = 0;
    for (const event::Field& field : image.fields) {
        expected = find_name(field.name, expected);
        if (expected == m_names.size() && passes_over) {
            continue;
        }
        if (expected == m_names.size()) {
            fail(ExitCode::bad_data, "column {} is not in the table line before it",
                 in_quotes(plain_name(field.name)));
        }
        if (!m_values[expected].empty()) {
            fail(ExitCode::bad_data, "column {} has two values",
                 in_quotes(m_shape.columns[expected].name));
        }
        m_values[expected++] = field.value;
    }
}

std::optional<std::size_t> RowEncoder::misplaced_null(const event::Image& image) {
    if (m_policy.nulls != NullPolicy::widen) {
        return std::nullopt;
    }
    take(image);
    for (std::size_t i = 0; i < m_values.size(); ++i) {
        const Type& type = m_shape.columns[i].mapping.type;
        if (m_values[i] == "null" && !m_in_key[i] && !type.nullable && !type.array) {
            return i;
        }
    }
    return std::nullopt;
}

std::string_view RowEncoder::first_missing(const std::vector<std::string_view>& excused) const {
    for (std::size_t i = 0; i < m_values.size(); ++i) {
        if (m_values[i].empty() && (m_in_key[i] || std::find(excused.begin(), excused.end(),
                                                             m_names[i]) == excused.end())) {
            return m_names[i];
        }
    }
    return {};
}

std::string_view RowEncoder::first_missing_of_key() const {
    for (const std::size_t index : m_shape.key) {
        if (m_values[index].empty()) {
            return m_names[index];
        }
    }
    return {};
}

std::string_view RowEncoder::first_unknown(const std::vector<std::string_view>& names) const {
    const auto found = std::find_if(names.begin(), names.end(), [&](std::string_view name) {
        return find_name(name, 0) == m_names.size();
    });
    return found == names.end() ? std::string_view{} : *found;
}

void RowEncoder::append_column(char*& out, std::size_t column) {
    const TargetColumn& target = m_shape.columns[column];
    const std::string_view json = m_values[column];
    if (json.empty()) {
        append_default(out, target.mapping.type);
        return;
    }
    if (const char* wrong = append_value(out, target.mapping, json); wrong != nullptr) {
        // Of keys nothing is replaced: two of them could become one.
        if (!m_in_key[column] && append_by_policy(out, target.mapping, json, m_policy, m_counts)) {
            return;
        }
        const std::string message =
            fmt::format("column {} ({}): {} {}", in_quotes(target.name),
                        type_text(target.mapping.type), in_quotes(json, 60), wrong);
        if (json == "null" && !m_in_key[column] && m_policy.nulls == NullPolicy::widen) {
            throw NullValue{message, column};
        }
        const std::string_view option = m_in_key[column] ? "" : policy_option(target.mapping, json);
        throw base::Error{ExitCode::bad_data, message, policy_hint(option, m_policy)};
    }
}

std::size_t RowEncoder::end_key(char*& at, const char* start, event::Order order) const {
    if (m_shape.history) {
        append_number(at, order.value);
    }
    return static_cast<std::size_t>(at - start);
}

void RowEncoder::end_keyed(RowBatch& out, char* at, std::size_t key_size, event::Order order,
                           char op, std::int64_t ts_ms) const {
    if (m_shape.history) {
        append_string(at, {&op, 1});
    } else {
        append_number(at, order.value);
        *at++ = op == 'd' ? 1 : 0;
    }
    append_number(at, ts_ms);
    out.end_row(at, key_size, order);
}

void RowEncoder::write_row(RowBatch& out, std::size_t line_size, event::Order order,
                           std::int64_t ts_ms, char op) {
    char* at = out.begin_row(room(line_size));
    const char* const start = at;
    std::size_t key_size = 0;
    for (std::size_t i = 0; i < m_layout.size(); ++i) {
        append_column(at, m_layout[i]);
        if (i + 1 == m_shape.key.size()) {
            key_size = end_key(at, start, order);
        }
    }
    end_keyed(out, at, key_size, order, op, ts_ms);
}

void RowEncoder::write_filled(RowBatch& out, std::size_t line_size, event::Order order,
                              std::int64_t ts_ms, std::string_view base, char op) {
    // `base` may lie in `out`, whose memory moves when it grows.
    const std::string kept{base};
    char* at = out.begin_row(room(line_size) + kept.size());
    const char* const start = at;
    const char* from = kept.data();
    const char* const from_end = from + kept.size();
    std::size_t key_size = 0;
    for (std::size_t i = 0; i < m_layout.size(); ++i) {
        const std::size_t column = m_layout[i];
        const char* next = skip_value(from, from_end, m_shape.columns[column].mapping.type);
        if (next == nullptr) {
            fail(ExitCode::failed, "a row to complete from is cut");
        }
        if (m_values[column].empty()) {
            std::memcpy(at, from, static_cast<std::size_t>(next - from));
            at += next - from;
        } else {
            append_column(at, column);
        }
        from = next;
        if (i + 1 == m_shape.key.size()) {
            key_size = end_key(at, start, order);
            from += m_shape.history ? sizeof(order.value) : 0;
        }
    }
    end_keyed(out, at, key_size, order, op, ts_ms);
}

void RowEncoder::write_deleted(RowBatch& out, std::size_t line_size, event::Order order,
                               std::int64_t ts_ms) {
    char* at = out.begin_row(room(line_size));
    const char* const start = at;
    std::size_t key_size = 0;
    for (std::size_t i = 0; i < m_layout.size(); ++i) {
        if (i < m_shape.key.size() || m_shape.history) {
            append_column(at, m_layout[i]);
        } else {
            append_default(at, m_shape.columns[m_layout[i]].mapping.type);
        }
        if (i + 1 == m_shape.key.size()) {
            key_size = end_key(at, start, order);
        }
    }
    end_keyed(out, at, key_size, order, 'd', ts_ms);
}

void RowEncoder::write_signed(RowBatch& out, std::size_t line_size, event::Order order,
                              std::int64_t ts_ms, std::uint64_t row, std::int8_t sign, char op) {
    char* at = out.begin_row(room(line_size));
    for (const std::size_t column : m_layout) {
        append_column(at, column);
    }
    append_number(at, order.value);
    append_number(at, row);
    append_number(at, sign);
    if (m_shape.history) {
        append_string(at, {&op, 1});
    }
    append_number(at, ts_ms);
    out.end_row(at, 0, order);
}

void RowEncoder::write_truncate(RowBatch& out, event::Order order, std::int64_t ts_ms) {
    std::fill(m_values.begin(), m_values.end(), std::string_view{});
    if (m_shape.keyed()) {
        write_row(out, 0, order, ts_ms, 't');
    } else {
        write_signed(out, 0, order, ts_ms, 0, 0, 't');
    }
}

void RowEncoder::write_key(std::string& out) {
    std::size_t size = 0;
    for (const std::size_t column : m_shape.key) {
        size += max_value_size(m_values[column].size());
    }
    out.resize(size);
    char* at = out.data();
    for (const std::size_t column : m_shape.key) {
        append_column(at, column);
    }
    out.resize(static_cast<std::size_t>(at - out.data()));
}

event::Order RowEncoder::order_of(std::string_view row) const {
    event::Order order;
    const std::size_t at = m_shape.history ? key_size(row) : row.size() - kTailSize;
    std::memcpy(&order.value, row.data() + at, sizeof(order.value));
    return order;
}

bool RowEncoder::is_deleted(std::string_view row) const {
    return m_shape.history ? row[row.size() - kHistoryTailSize + 1] == 'd'
                           : row[row.size() - kTailSize + 16] != 0;
}

std::size_t RowEncoder::key_size(std::string_view row) const {
    const char* at = row.data();
    const char* const end = at + row.size();
    for (const std::size_t column : m_shape.key) {
        at = skip_value(at, end, m_shape.columns[column].mapping.type);
        if (at == nullptr) {
            return std::string_view::npos;
        }
    }
    return static_cast<std::size_t>(at - row.data());
}

const char* RowEncoder::row_end(const char* at, const char* end) const {
    const auto skip = [&at, end](std::size_t size) {
        at = static_cast<std::size_t>(end - at) >= size ? at + size : nullptr;
    };
    for (std::size_t i = 0; i < m_layout.size() && at != nullptr; ++i) {
        at = skip_value(at, end, m_shape.columns[m_layout[i]].mapping.type);
        if (at != nullptr && m_shape.history && i + 1 == m_shape.key.size()) {
            skip(sizeof(event::Order::value));
        }
    }
    if (at != nullptr) {
        skip(m_shape.history ? kHistoryTailSize : kTailSize);
    }
    return at;
}

} // namespace cdc::clickhouse
