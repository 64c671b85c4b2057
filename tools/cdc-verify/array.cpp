#include "base/numbers.hpp"
#include "cdc-verify/column.hpp"
#include "clickhouse/row_format.hpp"

#include <fmt/format.h>

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
            out += fmt::format("{:02X}", static_cast<unsigned char>(c));
        }
    }
    return true;
}

} // namespace cdc::verify
