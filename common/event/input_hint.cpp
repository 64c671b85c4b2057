#include "event/input_hint.hpp"

namespace cdc::event {

std::string input_hint(std::string_view line) {
    const auto first = line.find_first_not_of(" \t\r");
    const auto last = line.find_last_not_of(" \t\r");
    if (first == std::string_view::npos) {
        return "Empty lines are none of cdc-event(5): grep . leaves them out";
    }
    const std::string_view text = line.substr(first, last - first + 1);
    const auto begins = [&](std::string_view start) {
        return text.substr(0, start.size()) == start;
    };
    if (text == "{" || (begins("{") && text.back() != '}')) {
        return "Each line holds one whole object: jq -c . FILE joins what was printed over several";
    }
    if (begins("[")) {
        return "Each line holds one object, not a list: jq -c '.[]' FILE";
    }
    if (begins(R"({"schema")") || begins(R"({"payload")") || begins(R"({"before")")) {
        return "Records of a topic are not lines of cdc-event(5): cdc-consume makes them of these";
    }
    return {};
}

} // namespace cdc::event
