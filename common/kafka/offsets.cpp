#include "kafka/offsets.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <algorithm>

namespace cdc::kafka {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

/// The text before the next `separator`, which is taken off `text` with it.
std::string_view take_until(std::string_view& text, char separator) {
    const auto at = text.find(separator);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return part;
}

} // namespace

std::string format_offsets(const Offsets& offsets) {
    std::string out;
    const std::string* topic = nullptr;
    for (const auto& [place, offset] : offsets) {
        if (topic == nullptr || *topic != place.topic) {
            if (topic != nullptr) {
                out += ';';
            }
            out += place.topic;
            out += ':';
        } else {
            out += ',';
        }
        topic = &place.topic;
        base::append_integer(out, place.partition);
        out += '=';
        base::append_integer(out, offset);
    }
    return out;
}

Offsets parse_offsets(std::string_view text) {
    Offsets offsets;
    std::string_view rest = text;
    while (!rest.empty()) {
        std::string_view of_topic = take_until(rest, ';');
        const std::string topic{take_until(of_topic, ':')};
        bool good = !topic.empty() && !of_topic.empty();
        while (good && !of_topic.empty()) {
            std::string_view entry = take_until(of_topic, ',');
            const auto partition = base::parse_integer<int>(take_until(entry, '='));
            const auto offset = base::parse_integer<std::int64_t>(entry);
            good = partition && *partition >= 0 && offset && *offset >= 0;
            if (good) {
                offsets[{topic, *partition}] = *offset;
            }
        }
        if (!good) {
            fail(ExitCode::bad_data, "{} is not offsets like topic:0=152,1=77", in_quotes(text));
        }
    }
    return offsets;
}

void raise_offsets(Offsets& to, const Offsets& from) {
    for (const auto& [place, offset] : from) {
        auto& entry = to.try_emplace(place, offset).first->second;
        entry = std::max(entry, offset);
    }
}

Offsets lowest_offsets(const Offsets& a, const Offsets& b) {
    Offsets out;
    for (const auto& [place, offset] : a) {
        if (const auto found = b.find(place); found != b.end()) {
            out[place] = std::min(offset, found->second);
        }
    }
    return out;
}

} // namespace cdc::kafka
