#include "record/proto_encoder.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "record/field_name.hpp"
#include "record/json_float.hpp"
#include "record/proto_wire.hpp"
#include "record/wire.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::JsonCursor;

namespace {

void append_tag(std::string& out, const ProtoField& field, WireType type) {
    append_varint(out, std::uint64_t{field.number} << 3 | static_cast<std::uint64_t>(type));
}

/// Puts the size of what stands behind `start` in front of it.
void insert_size(std::string& out, std::size_t start) {
    char size[10];
    std::size_t length = 0;
    std::uint64_t rest = out.size() - start;
    for (; rest >= 0x80; rest >>= 7) {
        size[length++] = static_cast<char>(rest | 0x80);
    }
    size[length++] = static_cast<char>(rest);
    out.insert(start, size, length);
}

const ProtoField* find_field(const ProtoMessage& message, std::string_view name,
                             std::size_t& next) {
    const std::size_t count = message.fields.size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = next + i < count ? next + i : next + i - count;
        if (name_in(message.fields[at].member) == name) {
            next = at + 1 == count ? 0 : at + 1;
            return &message.fields[at];
        }
    }
    return nullptr;
}

} // namespace

void ProtoEncoder::no_form(std::string_view json, const ProtoField& field) {
    fail(ExitCode::bad_data, "the value {} of {} has no form in Protobuf's {}", in_quotes(json),
         in_quotes(field.name), kind_name(field));
}

void ProtoEncoder::append(std::string& out, const ProtoSchema& schema, std::string_view json) {
    m_root = schema.is_ours() ? &schema.root() : nullptr;
    JsonCursor cursor{json};
    append_members(out, schema.root(), cursor, schema.is_ours());
    if (cursor.failed()) {
        fail(ExitCode::bad_data, "not JSON: {} at byte {}", cursor.error(), cursor.offset() + 1);
    }
}

std::size_t ProtoEncoder::append_members(std::string& out, const ProtoMessage& message,
                                         JsonCursor& cursor, bool root) {
    std::size_t next = 0;
    std::size_t found = 0;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const ProtoField* field = find_field(message, name, next);
        found += field != nullptr ? 1 : 0;
        if (field == nullptr || cursor.peek() == 'n') {
            cursor.value();
        } else if (root && (name == "before" || name == "after")) {
            append_image(out, *field, cursor);
        } else if (field->repeated) {
            append_repeated(out, *field, cursor);
        } else {
            append_field(out, *field, cursor);
        }
    }
    return found;
}

/// A row, and, where it lacks columns, the names of those it has.
void ProtoEncoder::append_image(std::string& out, const ProtoField& field, JsonCursor& cursor) {
    JsonCursor again = cursor;
    append_tag(out, field, WireType::sized);
    const std::size_t start = out.size();
    if (field.message == nullptr || cursor.peek() != '{') {
        no_form(cursor.value(), field);
    }
    const std::size_t found = append_members(out, *field.message, cursor, false);
    insert_size(out, start);
    if (found == field.message->fields.size()) {
        return;
    }
    std::size_t next = 0;
    const ProtoField* columns =
        find_field(*m_root, field.name == "before" ? "before_columns" : "after_columns", next);
    std::size_t listed = 0;
    for (bool more = again.open('{'); more; more = again.next('}')) {
        append_tag(out, *columns, WireType::sized);
        const std::size_t name_start = out.size();
        if (!event::append_json_unescaped(out, again.member_name())) {
            no_form(again.value(), *columns);
        }
        insert_size(out, name_start);
        again.value();
        ++listed;
    }
    if (listed == 0) { // an empty name: a row of no columns
        append_tag(out, *columns, WireType::sized);
        out += '\0';
    }
}

void ProtoEncoder::append_repeated(std::string& out, const ProtoField& field, JsonCursor& cursor) {
    if (cursor.peek() != '[') {
        no_form(cursor.value(), field);
    }
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        append_field(out, field, cursor);
    }
}

void ProtoEncoder::append_field(std::string& out, const ProtoField& field, JsonCursor& cursor) {
    switch (field.kind) {
    case ProtoKind::message:
        append_message(out, field, cursor);
        return;
    case ProtoKind::string:
    case ProtoKind::bytes:
        append_bytes(out, field, cursor);
        return;
    case ProtoKind::enumeration:
        no_form(cursor.value(), field);
    default:
        append_number(out, field, cursor.value());
    }
}

void ProtoEncoder::append_message(std::string& out, const ProtoField& field, JsonCursor& cursor) {
    append_tag(out, field, WireType::sized);
    const std::size_t start = out.size();
    const bool list = field.message->is_list();
    if (cursor.peek() == '[' && list) {
        append_list(out, *field.message, cursor);
    } else if (cursor.peek() == '{' && !list) {
        append_members(out, *field.message, cursor, false);
    } else {
        no_form(cursor.value(), field);
    }
    insert_size(out, start);
}

void ProtoEncoder::append_list(std::string& out, const ProtoMessage& list, JsonCursor& cursor) {
    const ProtoField& items = list.fields[0];
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        append_tag(out, items, WireType::sized);
        const std::size_t start = out.size();
        if (items.message == nullptr || !items.message->is_item()) {
            no_form(cursor.value(), items);
        }
        if (cursor.peek() == 'n') {
            cursor.value();
        } else {
            append_field(out, items.message->fields[0], cursor);
        }
        insert_size(out, start);
    }
}

void ProtoEncoder::append_bytes(std::string& out, const ProtoField& field, JsonCursor& cursor) {
    if (cursor.peek() != '"') {
        no_form(cursor.value(), field);
    }
    const std::string_view inside = cursor.string();
    append_tag(out, field, WireType::sized);
    const std::size_t start = out.size();
    const bool whole = field.kind == ProtoKind::bytes ? base::append_base64_decoded(out, inside)
                                                      : event::append_json_unescaped(out, inside);
    if (!whole) {
        no_form(inside, field);
    }
    insert_size(out, start);
}

void ProtoEncoder::append_number(std::string& out, const ProtoField& field, std::string_view json) {
    const std::string_view text =
        json.size() >= 2 && json[0] == '"' ? json.substr(1, json.size() - 2) : json;
    if (field.kind == ProtoKind::boolean) {
        if (json != "true" && json != "false") {
            no_form(json, field);
        }
        append_tag(out, field, WireType::varint);
        out += json == "true" ? '\1' : '\0';
        return;
    }
    if (field.kind == ProtoKind::float32 || field.kind == ProtoKind::float64) {
        const bool narrow = field.kind == ProtoKind::float32;
        const auto single = narrow ? parse_json_float<float>(text) : std::nullopt;
        const auto wide = narrow ? std::nullopt : parse_json_float<double>(text);
        if (!single && !wide) {
            no_form(json, field);
        }
        append_tag(out, field, narrow ? WireType::four : WireType::eight);
        if (single) {
            append_little(out, std::bit_cast<std::uint32_t>(*single));
        } else {
            append_little(out, std::bit_cast<std::uint64_t>(*wide));
        }
        return;
    }
    if (field.kind == ProtoKind::uint64 || field.kind == ProtoKind::fixed64) {
        const auto number = base::parse_integer<std::uint64_t>(text);
        if (!number) {
            no_form(json, field);
        }
        const bool fixed = field.kind == ProtoKind::fixed64;
        append_tag(out, field, fixed ? WireType::eight : WireType::varint);
        fixed ? append_little(out, *number) : append_varint(out, *number);
        return;
    }
    const auto number = base::parse_integer<std::int64_t>(text);
    if (!number || !holds(field.kind, *number)) {
        no_form(json, field);
    }
    const auto bits = static_cast<std::uint64_t>(*number);
    switch (field.kind) {
    case ProtoKind::sint32:
    case ProtoKind::sint64:
        append_tag(out, field, WireType::varint);
        append_varint(out, zigzag(*number));
        return;
    case ProtoKind::fixed32:
    case ProtoKind::sfixed32:
        append_tag(out, field, WireType::four);
        append_little(out, static_cast<std::uint32_t>(bits));
        return;
    case ProtoKind::sfixed64:
        append_tag(out, field, WireType::eight);
        append_little(out, bits);
        return;
    default:
        append_tag(out, field, WireType::varint);
        append_varint(out, bits);
    }
}

} // namespace cdc::record
