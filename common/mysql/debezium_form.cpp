#include "mysql/debezium_form.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "event/debezium_decimal.hpp"
#include "event/json_writer.hpp"
#include "mysql/byte_reader.hpp"
#include "mysql/column_type.hpp"

#include <algorithm>
#include <bit>
#include <string_view>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

using Kind = DebeziumForm::Kind;

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kDayMicros = 86400 * kMicros;
constexpr unsigned kMillisDigits = 3;
constexpr std::size_t kDateSize = 10; // "2025-07-21"
constexpr std::size_t kClockSize = 8; // "10:00:00"

[[noreturn]] void wrong(std::string_view text) {
    fail(ExitCode::bad_data, "{} has no form of Debezium's", in_quotes(text));
}

unsigned digits_at(std::string_view text, std::size_t at, std::size_t size) {
    const auto value = base::parse_integer<unsigned>(text.substr(std::min(at, text.size()), size));
    if (!value) {
        wrong(text);
    }
    return *value;
}

/// "59:59.123456" from `at` on: what stands behind the hours, in microseconds.
std::int64_t micros_behind_hours(std::string_view text, std::size_t at) {
    constexpr std::size_t kPoint = 5;
    const std::int64_t seconds = digits_at(text, at, 2) * 60 + digits_at(text, at + 3, 2);
    std::int64_t micros = 0;
    std::int64_t unit = kMicros;
    for (std::size_t i = at + kPoint + 1; i < text.size(); ++i) {
        unit /= 10;
        micros += (text[i] - '0') * unit;
    }
    return seconds * kMicros + micros;
}

/// Zero and partial dates.
bool is_no_date(std::string_view text) {
    return digits_at(text, 5, 2) == 0 || digits_at(text, 8, 2) == 0;
}

std::int64_t days_of(std::string_view text) {
    return base::days_from_civil(digits_at(text, 0, 4), digits_at(text, 5, 2),
                                 digits_at(text, 8, 2));
}

std::int64_t datetime_micros(std::string_view text) {
    constexpr std::size_t kHours = kDateSize + 1;
    return days_of(text) * kDayMicros + std::int64_t{digits_at(text, kHours, 2)} * 3600 * kMicros +
           micros_behind_hours(text, kHours + 3);
}

/// "-838:59:59.999999"
std::int64_t time_micros(std::string_view text) {
    const bool negative = text.starts_with('-');
    const std::size_t start = negative ? 1 : 0;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.size() < start + kClockSize) {
        wrong(text);
    }
    const std::int64_t micros =
        std::int64_t{digits_at(text, start, colon - start)} * 3600 * kMicros +
        micros_behind_hours(text, colon + 1);
    return negative ? -micros : micros;
}

void append_bits(std::string& out, std::string_view digits, unsigned length) {
    auto value = base::parse_integer<std::uint64_t>(digits);
    if (!value) {
        wrong(digits);
    }
    std::string bytes;
    for (unsigned i = 0; i < length; ++i, *value >>= 8) {
        bytes += static_cast<char>(*value);
    }
    out += '"';
    base::append_base64(out, bytes);
    out += '"';
}

/// Well-known binary of a point, of either byte order: order (1), type (4), x and y (8 each).
void append_coordinates(std::string& out, std::string_view wkb) {
    ByteReader reader{wkb};
    const bool little = reader.u8() == 1;
    reader.skip(4);
    for (const char* name : {R"("x":)", R"("y":)"}) {
        const std::uint64_t bits = little ? reader.u64() : reader.big(8);
        out += name;
        append_double(out, std::bit_cast<double>(bits));
        out += ',';
    }
}

/// The server's own form is the reference system (4 bytes) and well-known binary.
void append_geometry(std::string& out, std::string_view base64, bool point) {
    std::string bytes;
    if (!base::append_base64_decoded(bytes, base64)) {
        wrong(base64);
    }
    ByteReader reader{bytes};
    const std::uint32_t srid = reader.u32();
    const std::string_view wkb = std::string_view{bytes}.substr(sizeof(srid));
    out += '{';
    if (point) {
        append_coordinates(out, wkb);
    }
    out += R"("wkb":")";
    base::append_base64(out, wkb);
    out += R"(","srid":)";
    if (srid == 0) {
        out += "null";
    } else {
        base::append_integer(out, srid);
    }
    out += '}';
}

/// The form's value of a date or time that is none.
std::string_view no_date(const DebeziumForm& form) {
    return form.nullable                        ? "null"
           : form.kind == Kind::zoned_timestamp ? R"("1970-01-01T00:00:00Z")"
                                                : "0";
}

void append_date(std::string& out, std::string_view text, const DebeziumForm& form) {
    if (is_no_date(text)) {
        out += no_date(form);
    } else if (form.kind == Kind::days) {
        base::append_integer(out, days_of(text));
    } else if (form.kind == Kind::zoned_timestamp) {
        event::append_json_string(out, text);
    } else {
        const std::int64_t micros = datetime_micros(text);
        // Of a column of at most three digits nothing is cut off.
        base::append_integer(out, form.kind == Kind::datetime_millis ? micros / 1000 : micros);
    }
}

} // namespace

DebeziumForm debezium_form(const event::Column& column, const ValueCodec& codec) {
    DebeziumForm form;
    form.nullable = column.nullable;
    switch (codec.kind) {
    case ValueKind::integer:
        form.kind = column.type.starts_with("bigint") ? Kind::plain_integer : Kind::exact;
        break;
    case ValueKind::bit: {
        const unsigned bits = digits_at(column.type, 4, column.type.size() - 5); // "bit(9)"
        form.kind = bits == 1 ? Kind::boolean : Kind::bits;
        form.length = static_cast<std::uint8_t>((bits + 7) / 8);
        break;
    }
    case ValueKind::decimal:
        form.kind = Kind::decimal;
        form.scale = codec.scale;
        break;
    case ValueKind::date:
        form.kind = Kind::days;
        break;
    case ValueKind::time:
    case ValueKind::old_time:
        form.kind = Kind::time_micros;
        break;
    case ValueKind::datetime:
    case ValueKind::old_datetime:
        form.kind = codec.scale <= kMillisDigits ? Kind::datetime_millis : Kind::datetime_micros;
        break;
    case ValueKind::timestamp:
    case ValueKind::old_timestamp:
        form.kind = Kind::zoned_timestamp;
        break;
    case ValueKind::bytes:
        if (is_geometry(column.type)) {
            form.kind = column.type == "point" ? Kind::point : Kind::geometry;
        }
        break;
    default:
        break;
    }
    return form;
}

void write_debezium_form(std::string& out, std::size_t start, const DebeziumForm& form) {
    if (form.kind == Kind::exact) {
        return;
    }
    thread_local std::string exact;
    exact.assign(out, start);
    std::string_view text = exact;
    if (text.size() >= 2 && text.front() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    out.resize(start);
    switch (form.kind) {
    case Kind::plain_integer:
        // Beyond 63 bits Debezium has another number.
        out += base::parse_integer<std::int64_t>(text) ? text : exact;
        return;
    case Kind::decimal:
        event::append_debezium_decimal(out, text, form.scale);
        return;
    case Kind::boolean:
        out += text == "0" ? "false" : "true";
        return;
    case Kind::bits:
        append_bits(out, text, form.length);
        return;
    case Kind::days:
    case Kind::datetime_millis:
    case Kind::datetime_micros:
    case Kind::zoned_timestamp:
        append_date(out, text, form);
        return;
    case Kind::time_micros:
        base::append_integer(out, time_micros(text));
        return;
    case Kind::geometry:
    case Kind::point:
        append_geometry(out, text, form.kind == Kind::point);
        return;
    case Kind::exact:
        return;
    }
}

} // namespace cdc::mysql
