#include "record/avro_encoder.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/decimal_bytes.hpp"
#include "record/field_name.hpp"
#include "record/json_float.hpp"
#include "record/moment.hpp"
#include "record/wire.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::JsonCursor;

namespace {

constexpr std::string_view kUnavailable = "__debezium_unavailable_value";

void append_sized(std::string& out, std::string_view bytes) {
    append_avro_long(out, static_cast<std::int64_t>(bytes.size()));
    out += bytes;
}

/// For messages.
const char* number_name(const AvroType& type) {
    switch (type.form) {
    case ValueForm::date:
        return "date";
    case ValueForm::time:
        return "time-micros";
    case ValueForm::local_timestamp:
    case ValueForm::utc_timestamp:
        return "timestamp-micros";
    default:
        return type.kind == AvroKind::int32 ? "int" : "long";
    }
}

} // namespace

void append_avro_long(std::string& out, std::int64_t value) {
    append_varint(out, zigzag(value));
}

void AvroEncoder::no_form(std::string_view json, const char* type) const {
    fail(ExitCode::bad_data, "the value {} of {} has no form in Avro's {}", in_quotes(json),
         m_field == nullptr ? "the record" : in_quotes(m_field->name), type);
}

void AvroEncoder::append_form(std::string& out, const AvroType& type, JsonCursor& cursor) {
    switch (type.kind) {
    case AvroKind::choice:
        if (cursor.peek() == 'n') {
            cursor.value();
            if (type.null_branch < 0) {
                no_form("null", "type without null");
            }
            append_avro_long(out, type.null_branch);
            return;
        }
        append_avro_long(out, static_cast<std::int64_t>(type.value_branch()));
        append_form(out, type.not_null(), cursor);
        return;
    case AvroKind::null:
        if (const auto json = cursor.value(); json != "null") {
            no_form(json, "null");
        }
        return;
    case AvroKind::boolean: {
        const auto json = cursor.value();
        if (json != "true" && json != "false") {
            no_form(json, "boolean");
        }
        out += json == "true" ? '\1' : '\0';
        return;
    }
    case AvroKind::int32:
    case AvroKind::int64:
        append_integer_value(out, type, cursor);
        return;
    case AvroKind::float32:
    case AvroKind::float64:
        append_float_value(out, type, cursor);
        return;
    case AvroKind::bytes:
        append_bytes_value(out, type, cursor);
        return;
    case AvroKind::string:
        if (cursor.peek() != '"') {
            no_form(cursor.value(), "string");
        }
        append_text(out, cursor.string());
        return;
    case AvroKind::enumeration: {
        const auto json = cursor.value();
        const auto found = std::find(type.symbols.begin(), type.symbols.end(), json);
        if (found == type.symbols.end()) {
            no_form(json, "enum");
        }
        append_avro_long(out, found - type.symbols.begin());
        return;
    }
    case AvroKind::record:
        append_record(out, type, cursor);
        return;
    case AvroKind::array:
        append_elements(out, type, cursor);
        return;
    case AvroKind::map:
    case AvroKind::fixed:
        no_form(cursor.value(), type.kind == AvroKind::map ? "map" : "fixed");
    }
}

void AvroEncoder::append_text(std::string& out, std::string_view inside) {
    if (inside.find('\\') == std::string_view::npos) {
        append_sized(out, inside);
        return;
    }
    m_scratch.clear();
    if (!event::append_json_unescaped(m_scratch, inside)) {
        no_form(inside, "string");
    }
    append_sized(out, m_scratch);
}

void AvroEncoder::append_integer_value(std::string& out, const AvroType& type, JsonCursor& cursor) {
    const auto json = cursor.value();
    const std::string_view text =
        json.size() >= 2 && json[0] == '"' ? json.substr(1, json.size() - 2) : json;
    std::optional<std::int64_t> number;
    switch (type.form) {
    case ValueForm::date:
        if (const auto days = days_of(text)) {
            number = *days;
        }
        break;
    case ValueForm::time:
        number = time_of(text);
        break;
    case ValueForm::local_timestamp:
    case ValueForm::utc_timestamp:
        number = timestamp_of(text, type.form == ValueForm::utc_timestamp);
        break;
    default:
        number = base::parse_integer<std::int64_t>(text);
    }
    using Limits = std::numeric_limits<std::int32_t>;
    const bool narrow = type.kind == AvroKind::int32;
    if (!number || (narrow && (*number < Limits::min() || *number > Limits::max()))) {
        no_form(json, number_name(type));
    }
    append_avro_long(out, *number);
}

void AvroEncoder::append_float_value(std::string& out, const AvroType& type, JsonCursor& cursor) {
    const auto json = cursor.value();
    const std::string_view text =
        json.size() >= 2 && json[0] == '"' ? json.substr(1, json.size() - 2) : json;
    if (type.kind == AvroKind::float32) {
        const auto value = parse_json_float<float>(text);
        if (!value) {
            no_form(json, "float");
        }
        append_little(out, std::bit_cast<std::uint32_t>(*value));
        return;
    }
    const auto value = parse_json_float<double>(text);
    if (!value) {
        no_form(json, "double");
    }
    append_little(out, std::bit_cast<std::uint64_t>(*value));
}

void AvroEncoder::append_bytes_value(std::string& out, const AvroType& type, JsonCursor& cursor) {
    const auto json = cursor.value();
    const bool quoted = json.size() >= 2 && json[0] == '"';
    std::string_view text = quoted ? json.substr(1, json.size() - 2) : json;
    m_scratch.clear();
    if (type.form == ValueForm::plain) {
        if (!quoted || !base::append_base64_decoded(m_scratch, text)) {
            no_form(json, "bytes");
        }
        append_sized(out, m_scratch);
        return;
    }
    const bool negative = !text.empty() && text[0] == '-';
    text.remove_prefix(negative ? 1 : 0);
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::size_t behind = point == text.size() ? 0 : text.size() - point - 1;
    const auto scale = static_cast<std::size_t>(type.scale);
    m_digits.assign(text.substr(0, point));
    m_digits += text.substr(std::min(point + 1, text.size()));
    if (m_digits.empty() || behind > scale ||
        m_digits.find_first_not_of("0123456789") != std::string::npos) {
        no_form(json, "decimal");
    }
    m_digits.append(scale - behind, '0');
    event::append_twos_complement(m_scratch, negative, m_digits);
    append_sized(out, m_scratch);
}

void AvroEncoder::append_elements(std::string& out, const AvroType& type, JsonCursor& cursor) {
    if (cursor.peek() != '[') {
        no_form(cursor.value(), "array");
    }
    std::int64_t count = 0;
    JsonCursor ahead = cursor;
    for (bool more = ahead.open('['); more; more = ahead.next(']')) {
        ahead.value();
        ++count;
    }
    if (count > 0) {
        append_avro_long(out, count);
    }
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        append_value(out, *type.branches[0], cursor);
    }
    out += '\0';
}

void AvroEncoder::append_record(std::string& out, const AvroType& type, JsonCursor& cursor) {
    if (cursor.peek() != '{') {
        no_form(cursor.value(), "record");
    }
    const std::size_t start = out.size();
    const JsonCursor beginning = cursor;
    bool all = true;
    if (!append_members(out, type, cursor, all)) {
        out.resize(start);
        m_learning = nullptr;
        cursor = beginning;
        cursor.value();
        append_unordered(out, type, beginning);
        return;
    }
    if (!all && type.row && m_image != Image::none) {
        note_columns(beginning);
    }
}

/// False: members stand in another order.
bool AvroEncoder::append_members(std::string& out, const AvroType& type, JsonCursor& cursor,
                                 bool& all) {
    const std::size_t count = type.fields.size();
    std::size_t next = 0;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        std::size_t at = next;
        while (at < count && name_in(type.fields[at].member) != name) {
            ++at;
        }
        if (at == count) {
            for (std::size_t i = 0; i < next; ++i) {
                if (name_in(type.fields[i].member) == name) {
                    return false;
                }
            }
            cursor.value(); // the schema has no place for it
            continue;
        }
        for (; next < at; ++next) {
            all = false;
            append_absent(out, type, next);
        }
        append_field(out, type, next++, cursor);
    }
    for (; next < count; ++next) {
        all = false;
        append_absent(out, type, next);
    }
    return true;
}

void AvroEncoder::append_unordered(std::string& out, const AvroType& type, JsonCursor cursor) {
    std::vector<std::pair<std::string_view, std::string_view>> members;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        members.emplace_back(name, cursor.value());
    }
    bool all = true;
    std::string columns;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const auto found = std::find_if(members.begin(), members.end(), [&](const auto& member) {
            return member.first == name_in(type.fields[i].member);
        });
        if (found == members.end()) {
            all = false;
            append_absent(out, type, i);
        } else {
            JsonCursor value{found->second};
            append_field(out, type, i, value);
        }
    }
    if (!all && type.row && m_image != Image::none) {
        std::string object = "{";
        for (const auto& [name, value] : members) {
            object.append(object.size() > 1 ? ",\"" : "\"").append(name).append("\":0");
        }
        object += '}';
        note_columns(JsonCursor{object});
    }
}

void AvroEncoder::append_field(std::string& out, const AvroType& type, std::size_t index,
                               JsonCursor& cursor) {
    const AvroField& field = type.fields[index];
    if (&type == m_root) {
        m_image = field.name == "before"  ? Image::before
                  : field.name == "after" ? Image::after
                                          : Image::none;
        m_in_source = field.name == "source" && field.type->not_null().kind == AvroKind::record;
    }
    const AvroField* outer = std::exchange(m_field, &field);
    append_value(out, *field.type, cursor);
    m_field = outer;
}

/// The names of the columns that the image has, in its root's field.
void AvroEncoder::note_columns(JsonCursor cursor) {
    std::string& columns = columns_of(m_image);
    std::int64_t count = 0;
    std::string names;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        append_text(names, cursor.member_name());
        cursor.value();
        ++count;
    }
    columns.clear();
    if (count > 0) {
        append_avro_long(columns, count);
        columns += names;
    }
    columns += '\0';
}

void AvroEncoder::append_absent(std::string& out, const AvroType& type, std::size_t index) {
    const AvroField& field = type.fields[index];
    if (&type == m_root && (field.name == "before_columns" || field.name == "after_columns")) {
        const std::string& columns =
            columns_of(field.name == "before_columns" ? Image::before : Image::after);
        append_avro_long(out, columns.empty() ? 0 : 1);
        out += columns;
        return;
    }
    if (m_absent == AbsentColumns::debezium && type.row) {
        append_missing_value(out, field);
        return;
    }
    if (field.type->kind != AvroKind::choice || field.type->null_branch < 0) {
        fail(ExitCode::bad_data, "{} is missing, and Avro has no form for that",
             in_quotes(field.name));
    }
    append_avro_long(out, field.type->null_branch);
}

/// As Debezium does for a column whose value the log did not carry.
void AvroEncoder::append_missing_value(std::string& out, const AvroField& field) {
    const AvroType& type = field.type->not_null();
    const bool nullable = field.type->kind == AvroKind::choice;
    const bool text = type.kind == AvroKind::string;
    if (m_image == Image::after) {
        if (!text && (type.kind != AvroKind::bytes || type.decimal)) {
            fail(ExitCode::bad_data,
                 "the log did not carry {}, and Debezium has no placeholder "
                 "for its type",
                 in_quotes(field.name));
        }
        if (nullable) {
            append_avro_long(out, field.type->null_branch == 0 ? 1 : 0);
        }
        append_sized(out, kUnavailable);
        return;
    }
    if (nullable) {
        append_avro_long(out, field.type->null_branch);
        return;
    }
    switch (type.kind) {
    case AvroKind::float32:
        append_little(out, std::uint32_t{0});
        break;
    case AvroKind::float64:
        append_little(out, std::uint64_t{0});
        break;
    case AvroKind::record:
        fail(ExitCode::bad_data, "{} is missing, and has no zero", in_quotes(field.name));
    default: // an empty text, an empty array, false, 0
        out += '\0';
    }
}

} // namespace cdc::record
