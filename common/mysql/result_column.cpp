#include "mysql/result_column.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::mysql {

namespace {

constexpr std::pair<std::string_view, ValueKind> kKinds[] = {
    {"tinyint", ValueKind::integer},
    {"smallint", ValueKind::integer},
    {"mediumint", ValueKind::integer},
    {"int", ValueKind::integer},
    {"bigint", ValueKind::integer},
    {"year", ValueKind::year},
    {"bit", ValueKind::bit},
    {"float", ValueKind::float32},
    {"double", ValueKind::float64},
    {"decimal", ValueKind::decimal},
    {"date", ValueKind::date},
    {"time", ValueKind::time},
    {"datetime", ValueKind::datetime},
    {"timestamp", ValueKind::timestamp},
    {"binary", ValueKind::bytes},
    {"varbinary", ValueKind::bytes},
    {"tinyblob", ValueKind::bytes},
    {"blob", ValueKind::bytes},
    {"mediumblob", ValueKind::bytes},
    {"longblob", ValueKind::bytes},
    {"geometry", ValueKind::bytes},
    {"point", ValueKind::bytes},
    {"linestring", ValueKind::bytes},
    {"polygon", ValueKind::bytes},
    {"multipoint", ValueKind::bytes},
    {"multilinestring", ValueKind::bytes},
    {"multipolygon", ValueKind::bytes},
    {"geomcollection", ValueKind::bytes},
    {"geometrycollection", ValueKind::bytes},
    {"enum", ValueKind::enumeration},
    {"set", ValueKind::set},
    {"json", ValueKind::json},
    {"vector", ValueKind::vector},
    {"uuid", ValueKind::uuid},
    {"inet4", ValueKind::inet4},
    {"inet6", ValueKind::inet6},
};

std::string_view name_of(std::string_view type) {
    return type.substr(0, type.find_first_of("( "));
}

/// What stands in the first parentheses; "": there are none.
std::string_view arguments_of(std::string_view type) {
    const std::size_t open = name_of(type).size();
    return open < type.size() && type[open] == '('
               ? type.substr(open + 1, type.find(')', open) - open - 1)
               : std::string_view{};
}

int number(std::string_view text) {
    return base::parse_integer<int>(text).value_or(0);
}

} // namespace

ValueCodec result_codec(std::string_view column_type) {
    const std::string_view name = name_of(column_type);
    ValueCodec codec;
    const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                     [name](const auto& kind) { return kind.first == name; });
    codec.kind = found == std::end(kKinds) ? ValueKind::text : found->second;
    switch (codec.kind) {
    case ValueKind::integer:
    case ValueKind::float32:
    case ValueKind::float64:
    case ValueKind::decimal:
        codec.is_unsigned = column_type.find(" unsigned") != std::string_view::npos;
        break;
    case ValueKind::time:
    case ValueKind::datetime:
    case ValueKind::timestamp:
        codec.scale = static_cast<std::uint8_t>(number(arguments_of(column_type)));
        break;
    default:
        break;
    }
    return codec;
}

} // namespace cdc::mysql
