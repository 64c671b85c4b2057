#include "event/type_name.hpp"

#include "base/numbers.hpp"

namespace cdc::event {

TypeName take_apart(std::string_view type) {
    TypeName parts;
    const auto open = type.find('(');
    const auto close = type.find(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        parts.name = type;
        return parts;
    }
    parts.name = type.substr(0, open);
    parts.name += type.substr(close + 1);
    const std::string_view arguments = type.substr(open + 1, close - open - 1);
    const auto comma = arguments.find(',');
    parts.first = base::parse_integer<int>(arguments.substr(0, comma)).value_or(-1);
    if (comma != std::string_view::npos) {
        parts.second = base::parse_integer<int>(arguments.substr(comma + 1)).value_or(-1);
    }
    return parts;
}

bool take_unsigned(TypeName& type) {
    constexpr std::string_view kUnsigned = " unsigned";
    const bool is_unsigned = type.name.ends_with(kUnsigned);
    type.name.resize(type.name.size() - (is_unsigned ? kUnsigned.size() : 0));
    return is_unsigned;
}

} // namespace cdc::event
