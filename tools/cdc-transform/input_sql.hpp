#ifndef CDC_TRANSFORM_INPUT_SQL_HPP
#define CDC_TRANSFORM_INPUT_SQL_HPP

#include "event/json_writer.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cdc::transform {

inline std::string list_of(std::size_t count, const std::function<std::string(std::size_t)>& item) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += i == 0 ? "" : ", ";
        out += item(i);
    }
    return out;
}

/// A name as lines have it between quotes.
inline std::string escaped(std::string_view name) {
    std::string out;
    event::append_json_escaped(out, name);
    return out;
}

/// Of an input table's rows and lines.
inline std::string column_name(std::size_t place) {
    return "c" + std::to_string(place);
}

} // namespace cdc::transform

#endif
