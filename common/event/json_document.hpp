#ifndef CDC_EVENT_JSON_DOCUMENT_HPP
#define CDC_EVENT_JSON_DOCUMENT_HPP

#include "base/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace cdc::event {

/// Member `name` of a small document as an integer of type T; `fallback` when it is absent or null.
/// Throws Error (bad_data) when it is anything else: the library would convert a float that does
/// not fit, which is undefined.
template<typename T>
T integer_member(const nlohmann::ordered_json& object, const char* name, T fallback) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) {
        return fallback;
    }
    if (found->is_number_unsigned() &&
        found->get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max())) {
        return static_cast<T>(found->get<std::uint64_t>());
    }
    if (found->is_number_integer() && !found->is_number_unsigned()) {
        const auto value = found->get<std::int64_t>();
        if (value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max()) {
            return static_cast<T>(value);
        }
    }
    base::fail(base::ExitCode::bad_data, "{} is {}, not an integer in range", name, found->dump());
}

/// The text of a column's value. Unlike dump() it keeps the sign of -0, which the library reads as
/// an integer, as it reads no other zero.
inline std::string value_text(const nlohmann::ordered_json& value) {
    if (value.is_number_integer() && !value.is_number_unsigned() &&
        value.get<std::int64_t>() == 0) {
        return "-0";
    }
    if (!value.is_structured() || value.empty()) {
        return value.dump();
    }
    std::string out;
    for (const auto& item : value.items()) {
        out += out.empty() ? (value.is_array() ? "[" : "{") : ",";
        if (value.is_object()) {
            out += nlohmann::ordered_json(item.key()).dump() + ":";
        }
        out += value_text(item.value());
    }
    return out += value.is_array() ? "]" : "}";
}

} // namespace cdc::event

#endif
