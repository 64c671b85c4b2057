#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cdc-verify/column.hpp"
#include "cdc-verify/encode_parts.hpp"
#include "cdc-verify/numeric.hpp"
#include "clickhouse/row_format.hpp"
#include "event/line_decoder.hpp"
#include "postgres/value.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using clickhouse::Kind;
using clickhouse::Type;
using postgres::BinaryField;

namespace {

constexpr std::uint32_t kJsonb = 3802;
constexpr std::uint32_t kDate = 1082;
constexpr std::int64_t kDaysTo2000 = 10957;
constexpr std::int64_t kMicrosTo2000 = 946'684'800'000'000;

template<typename T>
T big_endian(const BinaryField& field, const Column& column) {
    if (field.size != sizeof(T)) {
        fail(ExitCode::bad_data, "column {}: {} bytes are not a value of {}",
             base::in_quotes(column.name), field.size, column.source_type);
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = value << 8 | static_cast<unsigned char>(field.data[i]);
    }
    return static_cast<T>(value);
}

std::int64_t read_integer(const Column& column, const BinaryField& field) {
    switch (column.source_id) {
    case 16: // bool
        return big_endian<std::uint8_t>(field, column) != 0 ? 1 : 0;
    case 21:
        return big_endian<std::int16_t>(field, column);
    case 23:
        return big_endian<std::int32_t>(field, column);
    case 26:
        return big_endian<std::uint32_t>(field, column);
    default:
        return big_endian<std::int64_t>(field, column);
    }
}

template<typename Float, typename Bits>
Value real(const Column& column, const BinaryField& field, Scratch& scratch) {
    Float value = std::bit_cast<Float>(big_endian<Bits>(field, column));
    if (std::isnan(value)) {
        value = std::numeric_limits<Float>::quiet_NaN();
    }
    return fixed(scratch, value);
}

Value timestamp(const Column& column, const BinaryField& field, Scratch& scratch) {
    const auto micros = big_endian<std::int64_t>(field, column);
    if (micros == INT64_MAX || micros == INT64_MIN) {
        return odd(scratch, micros > 0 ? "infinity" : "-infinity");
    }
    return ticks(column, micros + kMicrosTo2000, scratch);
}

/// A date where the target has times: its first moment.
Value date(const Column& column, const BinaryField& field, Scratch& scratch) {
    const auto days = big_endian<std::int32_t>(field, column);
    if (days == INT32_MAX || days == INT32_MIN) {
        return odd(scratch, days > 0 ? "infinity" : "-infinity");
    }
    return column.type.kind == Kind::date32
               ? narrowed<std::int32_t>(scratch, days + kDaysTo2000)
               : ticks(column, (days + kDaysTo2000) * kMicrosOfDay, scratch);
}

/// RowBinary has the halves as two little-endian numbers, the more significant one first.
Value uuid(const Column& column, const BinaryField& field, Scratch& scratch) {
    if (field.size != 16) {
        big_endian<std::int64_t>(BinaryField{field.data, 0}, column);
    }
    for (int i = 0; i < 8; ++i) {
        scratch.fixed[i] = field.data[7 - i];
        scratch.fixed[8 + i] = field.data[15 - i];
    }
    return {{scratch.fixed, 16}};
}

/// jsonb_send(): a version, then the value's text.
Value jsonb(const Column& column, const BinaryField& field) {
    if (field.size == 0 || field.data[0] != 1) {
        fail(ExitCode::bad_data, "column {}: jsonb of another version than 1",
             base::in_quotes(column.name));
    }
    return {field.view().substr(1)};
}

/// The text that cdc-load stores in a String column: that of the value's JSON.
Value loader_text(const Column& column, const BinaryField& field, Scratch& scratch) {
    if (column.mask.kind == event::ColumnEdits::Kind::fixed) {
        return {column.mask.text};
    }
    if (column.mask.is_computed()) {
        scratch.text.clear();
        column.masks->append_computed(scratch.text, field.view(), column.mask);
        return {scratch.text};
    }
    if (column.codec.kind == postgres::ValueKind::text && !column.codec.is_array() &&
        !column.trimmed && !column.number) {
        return {field.view()};
    }
    std::string json;
    postgres::append_value(json, column.codec, field.view());
    if (column.array) {
        scratch.text.clear();
        const bool base64 = column.codec.kind == postgres::ValueKind::bytes;
        return append_elements_text(scratch.text, *column.array, base64, json) ? Value{scratch.text}
                                                                               : odd(scratch, json);
    }
    scratch.text = json.front() == '"' ? event::json_string_value(json) : std::move(json);
    if (column.number && column.is_float()) {
        const std::string text = std::move(scratch.text);
        return float_of(column, text, scratch);
    }
    return column.trimmed ? trimmed(column, scratch) : Value{scratch.text};
}

} // namespace

Value encode(const Column& column, const BinaryField& field, Scratch& scratch) {
    if (field.is_null()) {
        return {{}, !column.array}; // cdc-load stores NULL as an array without elements
    }
    if (column.as_text) {
        return in_fixed_string(column, loader_text(column, field, scratch), scratch);
    }
    switch (column.type.kind) {
    case Kind::boolean:
        return fixed(scratch, static_cast<char>(big_endian<std::uint8_t>(field, column) != 0));
    case Kind::float32:
        return real<float, std::uint32_t>(column, field, scratch);
    case Kind::float64:
        return real<double, std::uint64_t>(column, field, scratch);
    case Kind::decimal: {
        const std::size_t size =
            encode_numeric(field.view(), column.type.precision, column.type.scale, scratch.fixed);
        if (size == 0) {
            return odd(scratch, numeric_text(field.view()));
        }
        return {{scratch.fixed, size}};
    }
    case Kind::date32:
        return date(column, field, scratch);
    case Kind::datetime64:
        return column.source_id == kDate ? date(column, field, scratch)
                                         : timestamp(column, field, scratch);
    case Kind::uuid:
        return uuid(column, field, scratch);
    case Kind::string:
        return in_fixed_string(
            column, column.source_id == kJsonb ? jsonb(column, field) : Value{field.view()},
            scratch);
    default:
        return integer(scratch, column.type.kind, read_integer(column, field));
    }
}

std::optional<Value> read_value(const Type& type, const char*& at, const char* end) {
    if (type.nullable) {
        if (at == end) {
            return std::nullopt;
        }
        if (*at++ != 0) {
            return Value{{}, true};
        }
    }
    Type plain = type;
    plain.nullable = false;
    if (plain.kind == Kind::string) {
        std::size_t size = 0;
        if (!clickhouse::read_varint(at, end, size) || size > static_cast<std::size_t>(end - at)) {
            return std::nullopt;
        }
        at += size;
        return Value{{at - size, size}};
    }
    const char* start = at;
    at = clickhouse::skip_value(at, end, plain);
    if (at == nullptr) {
        return std::nullopt;
    }
    return Value{{start, static_cast<std::size_t>(at - start)}};
}

void append_image(std::string& out, const Value& value) {
    out += value.null ? 'n' : value.odd ? 'o' : 'v';
    const auto size = static_cast<std::uint32_t>(value.bytes.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof(size));
    out += value.bytes;
}

std::vector<Value> split_image(std::string_view image, std::size_t columns) {
    std::vector<Value> values(columns);
    for (Value& value : values) {
        std::uint32_t size = 0;
        std::memcpy(&size, image.data() + 1, sizeof(size));
        value = {image.substr(1 + sizeof(size), size), image[0] == 'n', image[0] == 'o'};
        image.remove_prefix(1 + sizeof(size) + size);
    }
    return values;
}

} // namespace cdc::verify
