#include "mysql/result_value.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"

#include <charconv>
#include <cstring>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

template<typename Float>
Float parse_float(std::string_view text) {
    double value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) {
        fail(ExitCode::bad_data, "{} is not a number", in_quotes(text));
    }
    return static_cast<Float>(value);
}

/// ZEROFILL puts zeros in front.
std::string_view without_zeros(std::string_view text) {
    std::size_t zeros = 0;
    while (zeros + 1 < text.size() && text[zeros] == '0' && text[zeros + 1] != '.') {
        ++zeros;
    }
    return text.substr(zeros);
}

/// "2025-07-21 10:00:00.5": a moment has a T, and a Z where it has a zone; a date with zeros is
/// none.
void append_moment(std::string& out, std::string_view text, bool zoned) {
    constexpr std::size_t kDate = 10;
    if (text.size() < kDate + 9) {
        fail(ExitCode::bad_data, "{} is no date and time", in_quotes(text));
    }
    const bool real = text.substr(5, 2) != "00" && text.substr(8, 2) != "00";
    out += '"';
    out += text.substr(0, kDate);
    out += real ? 'T' : ' ';
    out += text.substr(kDate + 1);
    out += zoned && real ? "Z\"" : "\"";
}

/// The number of an enum's label, or the bits of a set, as the log has them.
void append_number_of(std::string& out, const ValueCodec& codec, std::string_view text) {
    const auto number = base::parse_integer<std::uint64_t>(text);
    if (!number) {
        fail(ExitCode::bad_data, "{} is not the number of a label", in_quotes(text));
    }
    char bytes[8];
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = static_cast<char>(*number >> (8 * i));
    }
    append_value(out, codec, {bytes, sizeof(bytes)});
}

} // namespace

std::string result_expression(const ValueCodec& codec, const std::string& name) {
    switch (codec.kind) {
    case ValueKind::float32:
    case ValueKind::float64:
        return "CAST(" + name + " AS DOUBLE)";
    case ValueKind::enumeration:
    case ValueKind::set:
        return "CAST(" + name + " AS UNSIGNED)";
    default:
        return name;
    }
}

void append_result_value(std::string& out, const ValueCodec& codec, std::string_view text) {
    switch (codec.kind) {
    case ValueKind::integer:
        event::append_json_integer_text(out, without_zeros(text));
        return;
    case ValueKind::year:
        base::append_integer(out, base::parse_integer<unsigned>(text).value_or(0));
        return;
    case ValueKind::float32:
        append_float(out, parse_float<float>(text));
        return;
    case ValueKind::float64:
        append_double(out, parse_float<double>(text));
        return;
    case ValueKind::decimal:
        event::append_json_string(out, without_zeros(text));
        return;
    case ValueKind::date:
    case ValueKind::time:
    case ValueKind::old_time:
    case ValueKind::uuid:
    case ValueKind::inet4:
    case ValueKind::inet6:
        event::append_json_string(out, text);
        return;
    case ValueKind::datetime:
    case ValueKind::old_datetime:
        append_moment(out, text, false);
        return;
    case ValueKind::timestamp:
    case ValueKind::old_timestamp:
        append_moment(out, text, true);
        return;
    case ValueKind::enumeration:
    case ValueKind::set:
        append_number_of(out, codec, text);
        return;
    case ValueKind::json:
        event::append_json_string(out, text);
        return;
    case ValueKind::bit:
    case ValueKind::text:
    case ValueKind::bytes:
    case ValueKind::vector:
        append_value(out, codec, text); // as the log has it
        return;
    }
}

} // namespace cdc::mysql
