#include "base/numbers.hpp"
#include "cdc-verify/column.hpp"
#include "clickhouse/row_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cdc::verify {

using clickhouse::Kind;
using clickhouse::Type;

namespace {

/// The text of an element as toString() of the target spells it; floats are their bits.
std::string element_text(const Type& type, const Value& value) {
    Type plain = type;
    if (type.kind == Kind::float32 || type.kind == Kind::float64) {
        plain.kind = type.kind == Kind::float32 ? Kind::uint32 : Kind::uint64;
    }
    std::string text = text_of(plain, value);
    if (type.kind == Kind::decimal && text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') {
            text.pop_back();
        }
    }
    return text;
}

} // namespace

std::string elements_sql(const std::string& name, const Type& array) {
    std::string text = "assumeNotNull(x)";
    if (array.kind == Kind::float32 || array.kind == Kind::float64) {
        const char* bits = array.kind == Kind::float32 ? "32" : "64";
        text = fmt::format("reinterpretAsUInt{0}(if(isNaN({1}), nan::Float{0}, {1}))", bits, text);
    }
    return fmt::format("arrayStringConcat(arrayMap(x -> if(isNull(x), 'n', concat('v', "
                       "hex(toString({})))), {}), ',')",
                       text, name);
}

std::string elements_display(const Type& array, std::string_view text) {
    const bool real = array.kind == Kind::float32 || array.kind == Kind::float64;
    std::string out{"["};
    while (!text.empty()) {
        const std::string_view element = text.substr(0, text.find(','));
        text.remove_prefix(std::min(element.size() + 1, text.size()));
        out += out.size() == 1 ? "" : ", ";
        if (element == "n") {
            out += "NULL";
            continue;
        }
        std::string bytes;
        for (std::size_t i = 1; i + 1 < element.size(); i += 2) {
            std::uint8_t byte = 0;
            std::from_chars(element.data() + i, element.data() + i + 2, byte, 16);
            bytes += static_cast<char>(byte);
        }
        if (real) {
            const auto bits = base::parse_integer<std::uint64_t>(bytes).value_or(0);
            Type plain = array.element();
            plain.nullable = false;
            bytes = text_of(plain, Value{{reinterpret_cast<const char*>(&bits), sizeof(bits)}});
        }
        out += bytes;
    }
    return out + "]";
}

bool append_elements_text(std::string& out, const Type& array, bool base64, std::string_view json) {
    clickhouse::ColumnMapping mapping;
    mapping.type = array;
    mapping.base64 = base64;
    std::string row(clickhouse::max_value_size(array, json.size()), '\0');
    char* end = row.data();
    if (clickhouse::append_value(end, mapping, json) != nullptr) {
        return false;
    }
    const char* at = row.data();
    std::size_t count = 0;
    clickhouse::read_varint(at, end, count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = read_value(array.element(), at, end);
        if (!value) {
            return false;
        }
        out += i == 0 ? "" : ",";
        if (value->null) {
            out += 'n';
            continue;
        }
        out += 'v';
        for (const char c : element_text(array, *value)) {
            constexpr char kDigits[] = "0123456789ABCDEF";
            out += kDigits[static_cast<unsigned char>(c) >> 4];
            out += kDigits[static_cast<unsigned char>(c) & 0x0f];
        }
    }
    return true;
}

} // namespace cdc::verify
