#include "base/error.hpp"
#include "base/time.hpp"
#include "cdc-verify/column.hpp"
#include "cdc-verify/encode_parts.hpp"
#include "clickhouse/row_format.hpp"
#include "mysql/byte_reader.hpp"
#include "mysql/temporal.hpp"

#include <cstring>

namespace cdc::verify {

using mysql::ByteReader;
using mysql::ResultField;
using mysql::ValueCodec;
using mysql::ValueKind;

namespace {

Value integer_value(const Column& column, std::string_view bytes, Scratch& scratch) {
    const std::uint64_t value = ByteReader{bytes}.little(static_cast<unsigned>(bytes.size()));
    if (!column.mysql->is_unsigned) {
        const unsigned shift = 64 - 8 * static_cast<unsigned>(bytes.size());
        return integer(scratch, column.type.kind,
                       static_cast<std::int64_t>(value << shift) >> shift);
    }
    if (value <= INT64_MAX) {
        return integer(scratch, column.type.kind, static_cast<std::int64_t>(value));
    }
    return column.type.kind == Kind::uint64 ? fixed(scratch, value)
                                            : odd(scratch, std::to_string(value));
}

/// Nothing: the server's text of it is no date of the calendar.
std::optional<Value> time_value(const Column& column, std::string_view bytes, Scratch& scratch) {
    const mysql::ResultTime t = mysql::parse_result_time(column.mysql->kind, bytes);
    if (!base::is_valid_civil(t.year, t.month, t.day)) {
        return std::nullopt;
    }
    const std::int64_t days = base::days_from_civil(t.year, t.month, t.day);
    if (column.type.kind == Kind::date32) {
        if (column.mysql->kind != ValueKind::date) {
            return std::nullopt;
        }
        return fixed(scratch, static_cast<std::int32_t>(days));
    }
    const std::int64_t seconds = (t.hour * 60 + t.minute) * 60 + t.second;
    return ticks(column, days * kMicrosOfDay + seconds * 1'000'000 + t.micros, scratch);
}

/// Whether the result has it as text, which its JSON holds as it is.
bool is_text(ValueKind kind) {
    switch (kind) {
    case ValueKind::text:
    case ValueKind::enumeration:
    case ValueKind::set:
    case ValueKind::json:
    case ValueKind::uuid:
    case ValueKind::inet4:
    case ValueKind::inet6:
        return true;
    default:
        return false;
    }
}

bool is_time(ValueKind kind) {
    return kind == ValueKind::date || kind == ValueKind::datetime || kind == ValueKind::timestamp;
}

/// The value's JSON, without the quotes of a string: but for text, nothing in it is escaped.
std::string_view plain_json(const ValueCodec& codec, std::string_view bytes, Scratch& scratch) {
    scratch.text.clear();
    mysql::append_result_value(scratch.text, codec, bytes);
    const std::string_view json = scratch.text;
    return json.front() == '"' ? json.substr(1, json.size() - 2) : json;
}

/// What the mask makes of the text of the value's JSON.
Value masked_value(const Column& column, const ResultField& field, Scratch& scratch) {
    if (column.mask.kind == event::ColumnEdits::Kind::fixed) {
        return {column.mask.text};
    }
    const std::string text{is_text(column.mysql->kind)
                               ? field.bytes
                               : plain_json(*column.mysql, field.bytes, scratch)};
    scratch.text.clear();
    column.masks->append_computed(scratch.text, text, column.mask);
    return {scratch.text};
}

/// The text that cdc-load stores in a String column: that of the value's JSON.
Value text_value(const Column& column, const ResultField& field, Scratch& scratch) {
    if (column.masks) {
        return masked_value(column, field, scratch);
    }
    if (is_text(column.mysql->kind) && !column.trimmed && !column.array) {
        return {field.bytes};
    }
    if (column.array) {
        std::string json;
        mysql::append_result_value(json, *column.mysql, field.bytes);
        scratch.text.clear();
        return append_elements_text(scratch.text, *column.array, column.bytes, json)
                   ? Value{scratch.text}
                   : odd(scratch, json);
    }
    if (!column.trimmed) {
        return {plain_json(*column.mysql, field.bytes, scratch)};
    }
    scratch.text =
        std::string{is_text(column.mysql->kind) ? field.bytes
                                                : plain_json(*column.mysql, field.bytes, scratch)};
    return trimmed(column, scratch);
}

/// As cdc-load makes it of the value's JSON.
Value loaded_value(const Column& column, std::string_view bytes, Scratch& scratch) {
    scratch.text.clear();
    mysql::append_result_value(scratch.text, *column.mysql, bytes);
    if (column.number) {
        const std::string_view json = scratch.text;
        const bool quoted = json.front() == '"';
        const std::string text{json.substr(quoted ? 1 : 0, json.size() - (quoted ? 2 : 0))};
        if (column.is_float()) {
            return float_of(column, text, scratch);
        }
        scratch.text = plain_number(text);
    }
    clickhouse::ColumnMapping mapping;
    mapping.type = column.type;
    mapping.type.nullable = false;
    char made[clickhouse::max_value_size(0)];
    char* end = made;
    if (clickhouse::append_value(end, mapping, scratch.text) != nullptr) {
        const std::string_view json = scratch.text;
        return odd(scratch,
                   std::string{json.front() == '"' ? json.substr(1, json.size() - 2) : json});
    }
    const auto size = static_cast<std::size_t>(end - made);
    std::memcpy(scratch.fixed, made, size);
    return {{scratch.fixed, size}};
}

} // namespace

Value encode_result(const Column& column, const ResultField& field, Scratch& scratch) {
    if (field.null) {
        return {{}, !column.array}; // cdc-load stores NULL as an array without elements
    }
    if (column.as_text) {
        return in_fixed_string(column, text_value(column, field, scratch), scratch);
    }
    const ValueKind kind = column.mysql->kind;
    switch (column.type.kind) {
    case Kind::string: // bytes
        return in_fixed_string(column, {field.bytes}, scratch);
    case Kind::float32:
        if (kind == ValueKind::float32) {
            return {field.bytes};
        }
        break;
    case Kind::float64:
        if (kind == ValueKind::float64) {
            return {field.bytes};
        }
        break;
    case Kind::date32:
    case Kind::datetime64:
        if (is_time(kind)) {
            if (const auto value = time_value(column, field.bytes, scratch)) {
                return *value;
            }
        }
        break;
    case Kind::boolean:
    case Kind::decimal:
    case Kind::uuid:
        break;
    default:
        if (kind == ValueKind::integer) {
            return integer_value(column, field.bytes, scratch);
        }
    }
    return loaded_value(column, field.bytes, scratch);
}

} // namespace cdc::verify
