#include "mysql/value.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/float_text.hpp"
#include "event/json_writer.hpp"
#include "mysql/binlog_event.hpp"
#include "mysql/byte_reader.hpp"
#include "mysql/json_binary.hpp"
#include "mysql/temporal.hpp"

#include <bit>
#include <cmath>

#include <arpa/inet.h>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

std::int64_t sign_extended(std::uint64_t value, std::size_t size) {
    const unsigned shift = 64 - 8 * static_cast<unsigned>(size);
    return static_cast<std::int64_t>(value << shift) >> shift;
}

void append_integer_value(std::string& out, const ValueCodec& codec, std::string_view bytes) {
    const std::uint64_t value = ByteReader{bytes}.little(static_cast<unsigned>(bytes.size()));
    if (codec.is_unsigned) {
        event::append_json_integer(out, value);
    } else {
        event::append_json_integer(out, sign_extended(value, bytes.size()));
    }
}

template<typename Float>
void append_finite(std::string& out, Float value) {
    if (!std::isfinite(value)) {
        fail(ExitCode::bad_data, "a number that is not finite");
    }
    event::append_json_float(out, value, event::FloatLayout::plain);
}

void append_enum(std::string& out, const ValueCodec& codec, std::string_view bytes) {
    const std::uint64_t index = ByteReader{bytes}.little(static_cast<unsigned>(bytes.size()));
    if (index > codec.labels.size()) {
        fail(ExitCode::bad_data, "label {} of an enum with {}", index, codec.labels.size());
    }
    // 0 is the empty string that stands for a value that was none of the labels.
    event::append_json_string(out, index == 0 ? std::string_view{} : codec.labels[index - 1]);
}

void append_set(std::string& out, const ValueCodec& codec, std::string_view bytes) {
    std::uint64_t bits = ByteReader{bytes}.little(static_cast<unsigned>(bytes.size()));
    out += '"';
    bool first = true;
    for (std::size_t i = 0; bits != 0; ++i, bits >>= 1) {
        if ((bits & 1) == 0) {
            continue;
        }
        if (i >= codec.labels.size()) {
            fail(ExitCode::bad_data, "member {} of a set with {}", i + 1, codec.labels.size());
        }
        out += first ? "" : ",";
        first = false;
        event::append_json_escaped(out, codec.labels[i]);
    }
    out += '"';
}

void append_text(std::string& out, const Charset& charset, std::string_view bytes) {
    if (charset.kind == Charset::Kind::utf8) {
        event::append_json_string(out, bytes);
        return;
    }
    thread_local std::string text;
    text.clear();
    convert_text(text, charset, bytes);
    event::append_json_string(out, text);
}

std::string uncompressed_column(std::string_view bytes) {
    if (bytes.empty()) {
        return {};
    }
    return mariadb_uncompress_column(bytes);
}

void append_bytes(std::string& out, std::string_view bytes, std::uint32_t padded) {
    out += '"';
    if (bytes.size() < padded) {
        std::string whole{bytes};
        whole.resize(padded, '\0');
        base::append_base64(out, whole);
    } else {
        base::append_base64(out, bytes);
    }
    out += '"';
}

void append_vector(std::string& out, std::string_view bytes) {
    if (bytes.size() % 4 != 0) {
        fail(ExitCode::bad_data, "a vector of {} bytes", bytes.size());
    }
    ByteReader reader{bytes};
    char separator = '[';
    if (bytes.empty()) {
        out += separator;
    }
    while (!reader.empty()) {
        out += separator;
        append_float(out, std::bit_cast<float>(reader.u32()));
        separator = ',';
    }
    out += ']';
}

void append_uuid(std::string& out, std::string_view sent) {
    std::string bytes{sent};
    bytes.resize(16, '\0');
    out += '"';
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out += '-';
        }
        base::append_hex(out, static_cast<std::uint8_t>(bytes[i]), 2);
    }
    out += '"';
}

void append_inet(std::string& out, int family, std::string_view sent, std::size_t size) {
    std::string bytes{sent};
    bytes.resize(size, '\0');
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(family, bytes.data(), text, sizeof(text));
    event::append_json_string(out, text);
}

} // namespace

void append_float(std::string& out, float value) {
    append_finite(out, value);
}

void append_double(std::string& out, double value) {
    append_finite(out, value);
}

/// Digits in groups of 9, each 4 bytes with the highest first; the first group of the whole part
/// and the last of the fraction are shorter. The highest bit is set for numbers not below 0, of
/// the others all bits are inverted.
void append_decimal_text(std::string& out, std::string_view bytes, unsigned precision,
                         unsigned scale) {
    constexpr std::uint8_t kRest[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
    const unsigned whole = precision - scale;
    const bool negative = !bytes.empty() && (static_cast<std::uint8_t>(bytes[0]) & 0x80) == 0;
    ByteReader reader{bytes};
    bool at_front = true;
    const auto group = [&](unsigned size) {
        std::uint64_t value = reader.big(size);
        if (at_front) {
            value ^= std::uint64_t{0x80} << (8 * (size - 1));
            at_front = false;
        }
        if (negative) {
            value ^= (std::uint64_t{1} << (8 * size)) - 1;
        }
        return static_cast<std::uint32_t>(value);
    };
    const auto append_padded = [&](std::uint32_t value, unsigned digits) {
        char text[10];
        for (unsigned i = digits; i > 0; --i) {
            text[i - 1] = static_cast<char>('0' + value % 10);
            value /= 10;
        }
        if (value != 0) {
            fail(ExitCode::bad_data, "a decimal with too many digits in a group");
        }
        out.append(text, digits);
    };
    if (negative) {
        out += '-';
    }
    bool begun = false;
    const auto append_whole = [&](std::uint32_t value, unsigned digits) {
        if (begun) {
            append_padded(value, digits);
        } else if (value != 0) {
            base::append_integer(out, value);
            begun = true;
        }
    };
    if (const unsigned rest = whole % 9; rest != 0) {
        append_whole(group(kRest[rest]), rest);
    }
    for (unsigned i = 0; i < whole / 9; ++i) {
        append_whole(group(4), 9);
    }
    if (!begun) {
        out += '0';
    }
    if (scale == 0) {
        return;
    }
    out += '.';
    for (unsigned i = 0; i < scale / 9; ++i) {
        append_padded(group(4), 9);
    }
    if (const unsigned rest = scale % 9; rest != 0) {
        append_padded(group(kRest[rest]), rest);
    }
}

void append_value(std::string& out, const ValueCodec& codec, std::string_view bytes) {
    switch (codec.kind) {
    case ValueKind::integer:
        append_integer_value(out, codec, bytes);
        return;
    case ValueKind::year: {
        const std::uint8_t year = ByteReader{bytes}.u8();
        base::append_integer(out, year == 0 ? 0 : 1900 + year);
        return;
    }
    case ValueKind::bit:
        event::append_json_integer(out, ByteReader{bytes}.big(static_cast<unsigned>(bytes.size())));
        return;
    case ValueKind::float32:
        append_float(out, std::bit_cast<float>(ByteReader{bytes}.u32()));
        return;
    case ValueKind::float64:
        append_double(out, std::bit_cast<double>(ByteReader{bytes}.u64()));
        return;
    case ValueKind::decimal:
        out += '"';
        append_decimal_text(out, bytes, codec.precision, codec.scale);
        out += '"';
        return;
    case ValueKind::date:
    case ValueKind::time:
    case ValueKind::datetime:
    case ValueKind::timestamp:
    case ValueKind::old_time:
    case ValueKind::old_datetime:
    case ValueKind::old_timestamp:
        out += '"';
        append_temporal(out, codec.kind, codec.scale, bytes);
        out += '"';
        return;
    case ValueKind::text:
        append_text(out, *codec.charset,
                    codec.compressed ? uncompressed_column(bytes) : std::string_view{bytes});
        return;
    case ValueKind::bytes:
        append_bytes(out, codec.compressed ? uncompressed_column(bytes) : std::string_view{bytes},
                     codec.padded);
        return;
    case ValueKind::enumeration:
        append_enum(out, codec, bytes);
        return;
    case ValueKind::set:
        append_set(out, codec, bytes);
        return;
    case ValueKind::json: {
        thread_local std::string text;
        text.clear();
        append_json_text(text, bytes);
        event::append_json_string(out, text);
        return;
    }
    case ValueKind::vector:
        append_vector(out, bytes);
        return;
    case ValueKind::uuid:
        append_uuid(out, bytes);
        return;
    case ValueKind::inet4:
        append_inet(out, AF_INET, bytes, 4);
        return;
    case ValueKind::inet6:
        append_inet(out, AF_INET6, bytes, 16);
        return;
    }
}

} // namespace cdc::mysql
