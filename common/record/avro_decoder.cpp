#include "record/avro_decoder.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/decimal_bytes.hpp"
#include "event/float_text.hpp"
#include "event/json_cursor.hpp"
#include "event/json_scan.hpp"
#include "event/json_writer.hpp"
#include "record/moment.hpp"
#include "record/wire.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace cdc::record {

using base::ExitCode;
using base::fail;

namespace {

constexpr int kMostDepth = 64;
constexpr std::int64_t kDayMicros = 86'400'000'000;
/// Of elements that take no bytes.
constexpr std::int64_t kMostEmptyElements = 10'000;

/// How many bytes both begin with.
std::size_t common_prefix(std::string_view a, std::string_view b) {
    const std::size_t size = std::min(a.size(), b.size());
    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        std::uint64_t left = 0;
        std::uint64_t right = 0;
        std::memcpy(&left, a.data() + at, 8);
        std::memcpy(&right, b.data() + at, 8);
        if (left != right) {
            return at + static_cast<std::size_t>(__builtin_ctzll(left ^ right)) / 8;
        }
    }
    while (at < size && a[at] == b[at]) {
        ++at;
    }
    return at;
}

/// Makes an object of members that begin with a comma each.
void close_record(std::string& out, std::size_t start) {
    if (out.size() == start) {
        out += '{';
    }
    out[start] = '{';
    out += '}';
}

void append_text(std::string& out, std::string_view text) {
    if (event::is_plain_ascii(text)) {
        out += '"';
        out += text;
        out += '"';
        return;
    }
    if (!simdjson::validate_utf8(text.data(), text.size())) {
        fail(ExitCode::bad_data, "not UTF-8: {}", base::in_quotes(text, 60));
    }
    event::append_json_string(out, text);
}

} // namespace

class AvroDecoder::Reader : public WireReader {
public:
    explicit Reader(std::string_view bytes) : WireReader{bytes, "Avro"} {}

    std::int64_t number() { return unzigzag(varint()); }
    std::string_view sized() {
        const std::int64_t size = number();
        if (size < 0) {
            fail(ExitCode::bad_data, "the Avro bytes have a text of {} bytes", size);
        }
        return take(static_cast<std::size_t>(size));
    }
    std::size_t index(std::size_t count, const char* what) {
        const std::int64_t at = number();
        if (at < 0 || static_cast<std::uint64_t>(at) >= count) {
            fail(ExitCode::bad_data, "the Avro bytes have number {} of {} {}", at, count, what);
        }
        return static_cast<std::size_t>(at);
    }
};

void AvroDecoder::append(std::string& out, const AvroSchema& schema, std::string_view bytes) {
    const std::size_t start = out.size();
    m_root = &schema.root();
    m_in_beside = false;
    if (m_serial != schema.serial()) {
        m_serial = schema.serial();
        m_last.assign(schema.count_beside(), {});
    }
    m_before_columns.clear();
    m_after_columns.clear();
    try {
        Reader reader{bytes};
        append_value(out, *m_root, reader, 0);
        if (!reader.rest().empty()) {
            fail(ExitCode::bad_data, "{} bytes stand behind the Avro value", reader.rest().size());
        }
    } catch (...) {
        out.resize(start);
        throw;
    }
}

void AvroDecoder::append_value(std::string& out, const AvroType& type, Reader& reader, int depth) {
    if (depth > kMostDepth) {
        fail(ExitCode::bad_data, "an Avro value is nested more than {} deep", kMostDepth);
    }
    switch (type.kind) {
    case AvroKind::null:
        out += "null";
        return;
    case AvroKind::boolean:
        out += reader.take(1)[0] != '\0' ? "true" : "false";
        return;
    case AvroKind::int32:
    case AvroKind::int64:
        append_integer_value(out, type, reader);
        return;
    case AvroKind::float32:
        event::append_json_float(
            out, std::bit_cast<float>(static_cast<std::uint32_t>(reader.little(4))), type.floats);
        return;
    case AvroKind::float64:
        event::append_json_float(out, std::bit_cast<double>(reader.little(8)), type.floats);
        return;
    case AvroKind::bytes:
        append_bytes_value(out, type, reader.sized());
        return;
    case AvroKind::fixed:
        append_bytes_value(out, type, reader.take(type.size));
        return;
    case AvroKind::string:
        append_text(out, reader.sized());
        return;
    case AvroKind::enumeration:
        out += type.symbols[reader.index(type.symbols.size(), "symbols")];
        return;
    case AvroKind::record:
        append_record(out, type, reader, depth);
        return;
    case AvroKind::array:
    case AvroKind::map:
        append_elements(out, type, reader, depth);
        return;
    case AvroKind::choice:
        append_value(out, *type.branches[reader.index(type.branches.size(), "branches")], reader,
                     depth + 1);
        return;
    }
}

void AvroDecoder::append_integer_value(std::string& out, const AvroType& type, Reader& reader) {
    const std::int64_t number = reader.number();
    using Limits = std::numeric_limits<std::int32_t>;
    if (type.kind == AvroKind::int32 && (number < Limits::min() || number > Limits::max())) {
        fail(ExitCode::bad_data, "{} is no int", number);
    }
    if (type.form == ValueForm::plain) {
        event::append_json_integer(out, number);
        return;
    }
    if (type.form == ValueForm::connect) {
        base::append_integer(out, number);
        return;
    }
    out += '"';
    switch (type.form) {
    case ValueForm::date:
        append_date(out, static_cast<std::int32_t>(number));
        break;
    case ValueForm::time:
        if (number < 0 || number > kDayMicros) {
            fail(ExitCode::bad_data, "{} microseconds are no time of a day", number);
        }
        append_time(out, number, type.digits);
        break;
    default:
        append_timestamp(out, number, type.digits, type.form == ValueForm::utc_timestamp);
    }
    out += '"';
}

void AvroDecoder::append_bytes_value(std::string& out, const AvroType& type,
                                     std::string_view bytes) {
    if (type.form == ValueForm::integer) {
        std::string digits;
        event::append_decimal_text(digits, bytes, 0);
        event::append_json_integer_text(out, digits);
        return;
    }
    out += '"';
    if (type.form == ValueForm::decimal) {
        event::append_decimal_text(out, bytes, type.scale);
    } else {
        base::append_base64(out, bytes);
    }
    out += '"';
}

void AvroDecoder::append_elements(std::string& out, const AvroType& type, Reader& reader,
                                  int depth) {
    const bool map = type.kind == AvroKind::map;
    out += map ? '{' : '[';
    bool first = true;
    std::int64_t empty = 0;
    while (true) {
        std::int64_t count = reader.number();
        if (count == 0) {
            break;
        }
        if (count < 0) { // its size in bytes follows, for those who pass over it
            reader.number();
            count = count == std::numeric_limits<std::int64_t>::min() ? 0 : -count;
        }
        for (; count > 0; --count) {
            const std::size_t before = reader.rest().size();
            out += first ? "" : ",";
            first = false;
            if (map) {
                append_text(out, reader.sized());
                out += ':';
            }
            append_value(out, *type.branches[0], reader, depth + 1);
            if (before == reader.rest().size() && ++empty > kMostEmptyElements) {
                fail(ExitCode::bad_data, "an array of more than {} elements without bytes",
                     kMostEmptyElements);
            }
        }
    }
    out += map ? '}' : ']';
}

/// `,"name":value`, or nothing for an optional field that is null.
void AvroDecoder::append_member(std::string& out, const AvroField& field, Reader& reader,
                                int depth) {
    const AvroType* value = field.type;
    if (value->kind == AvroKind::choice) {
        value = value->branches[reader.index(value->branches.size(), "branches")];
        if (value->kind == AvroKind::null && field.optional) {
            return;
        }
    }
    out += ',';
    out += field.member;
    if (value->kind == AvroKind::string) { // the most usual ones
        append_text(out, reader.sized());
    } else if (value->kind == AvroKind::int64) {
        append_integer_value(out, *value, reader);
    } else {
        append_value(out, *value, reader, depth + 1);
    }
}

/// Equal bytes are equal JSON: fields that are as in the last record are copied, and those that
/// differ are decoded.
void AvroDecoder::append_beside(std::string& out, const AvroType& type, Reader& reader, int depth) {
    m_in_beside = true;
    const std::size_t start = out.size();
    Last& last = m_last[static_cast<std::size_t>(type.beside)];
    if (last.depth != depth) {
        last = {};
        last.depth = depth;
    }
    for (std::size_t i = 0; i < type.fields.size();) {
        const Last::End from = i == 0 ? Last::End{} : last.ends[i - 1];
        const std::string_view rest = reader.rest();
        const std::size_t same =
            common_prefix(rest, std::string_view{last.bytes}.substr(from.bytes));
        std::size_t next = i;
        while (next < last.ends.size() && last.ends[next].bytes - from.bytes <= same) {
            ++next;
        }
        if (next > i) {
            const Last::End& to = last.ends[next - 1];
            out.append(last.json, from.json, to.json - from.json);
            reader.take(to.bytes - from.bytes);
            i = next;
            continue;
        }
        const std::size_t member = out.size();
        append_member(out, type.fields[i], reader, depth);
        keep(last, i, rest.substr(0, rest.size() - reader.rest().size()),
             std::string_view{out}.substr(member));
        ++i;
    }
    close_record(out, start);
    m_in_beside = false;
}

/// In place of what the last record had in the field; all before it are there.
void AvroDecoder::keep(Last& last, std::size_t field, std::string_view bytes,
                       std::string_view json) {
    const Last::End from = field == 0 ? Last::End{} : last.ends[field - 1];
    if (field == last.ends.size()) {
        last.bytes.append(bytes);
        last.json.append(json);
        last.ends.push_back({last.bytes.size(), last.json.size()});
        return;
    }
    const Last::End to = last.ends[field];
    if (bytes.size() == to.bytes - from.bytes && json.size() == to.json - from.json) {
        std::copy(bytes.begin(), bytes.end(), last.bytes.data() + from.bytes);
        std::copy(json.begin(), json.end(), last.json.data() + from.json);
        return;
    }
    last.bytes.replace(from.bytes, to.bytes - from.bytes, bytes);
    last.json.replace(from.json, to.json - from.json, json);
    for (std::size_t i = field; i < last.ends.size(); ++i) {
        last.ends[i].bytes += bytes.size() - (to.bytes - from.bytes);
        last.ends[i].json += json.size() - (to.json - from.json);
    }
}

void AvroDecoder::append_record(std::string& out, const AvroType& type, Reader& reader, int depth) {
    if (type.beside >= 0 && !m_in_beside) {
        append_beside(out, type, reader, depth);
        return;
    }
    const bool root = &type == m_root && depth == 0;
    std::size_t before[2] = {0, 0};
    std::size_t after[2] = {0, 0};
    const std::size_t start = out.size();
    for (const AvroField& field : type.fields) {
        const RootField place = root ? field.root : RootField::other;
        if (place == RootField::before_columns || place == RootField::after_columns) {
            keep_columns(field, reader, depth);
            continue;
        }
        const std::size_t member = out.size();
        append_member(out, field, reader, depth);
        if (place != RootField::other && out.size() != member) {
            auto& row = place == RootField::before ? before : after;
            row[0] = member + 1 + field.member.size();
            row[1] = out.size();
        }
    }
    close_record(out, start);
    if (root && !m_after_columns.empty()) {
        leave_columns(out, after[0], after[1], m_after_columns);
    }
    if (root && !m_before_columns.empty()) {
        leave_columns(out, before[0], before[1], m_before_columns);
    }
}

/// Takes the names of columns that stand in our own records' root.
void AvroDecoder::keep_columns(const AvroField& field, Reader& reader, int depth) {
    std::string& columns =
        field.root == RootField::before_columns ? m_before_columns : m_after_columns;
    append_value(columns, *field.type, reader, depth + 1);
    if (columns == "null") {
        columns.clear();
    }
}

/// Of the row that stands there, leaves the columns that are named.
void AvroDecoder::leave_columns(std::string& out, std::size_t start, std::size_t end,
                                const std::string& columns) {
    m_scratch.clear();
    event::JsonCursor row{std::string_view{out}.substr(start, end - start)};
    char separator = '{';
    for (bool more = row.peek() == '{' && row.open('{'); more; more = row.next('}')) {
        const std::string_view name = row.member_name();
        const std::string_view value = row.value();
        event::JsonCursor list{columns};
        bool named = false;
        for (bool any = list.open('['); any && !named; any = list.next(']')) {
            const std::string_view one = list.value();
            named = one.size() >= 2 && one.substr(1, one.size() - 2) == name;
        }
        if (named) {
            m_scratch.append(1, separator).append(1, '"').append(name).append("\":").append(value);
            separator = ',';
        }
    }
    if (separator == '{' && end > start && out[start] != '{') {
        return; // null
    }
    m_scratch += separator == '{' ? "{}" : "}";
    out.replace(start, end - start, m_scratch);
}

} // namespace cdc::record
