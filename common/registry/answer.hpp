#ifndef CDC_REGISTRY_ANSWER_HPP
#define CDC_REGISTRY_ANSWER_HPP

#include <nlohmann/json.hpp>

#include <string>

namespace cdc::registry {

/// A member of the registry's answer; empty: it has no text of that name.
inline std::string text_member(const nlohmann::json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    return object.is_object() && found != object.end() && found->is_string()
               ? found->get<std::string>()
               : std::string{};
}

} // namespace cdc::registry

#endif
