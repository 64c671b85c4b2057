#include "kafka/cut_mark.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"

#include <nlohmann/json.hpp>

namespace cdc::kafka {

using OrderedJson = nlohmann::ordered_json;

std::string cut_mark_key(const event::Checkpoint& checkpoint) {
    return OrderedJson{{"kind", checkpoint.kind},
                       {"server", checkpoint.server},
                       {"database", checkpoint.database},
                       {"slot", checkpoint.slot}}
        .dump();
}

std::string encode_cut_mark(std::string_view checkpoint_line, const Offsets& offsets) {
    std::string out{checkpoint_line.substr(0, checkpoint_line.rfind('}'))};
    out += R"(,"offsets":)";
    event::append_json_string(out, format_offsets(offsets));
    out += '}';
    return out;
}

CutMark parse_cut_mark(std::string_view value) {
    const OrderedJson json = OrderedJson::parse(value, nullptr, false);
    const auto offsets = json.find("offsets");
    if (offsets == json.end() || !offsets->is_string()) {
        base::fail(base::ExitCode::bad_data, "a mark without offsets: {}", base::in_quotes(value));
    }
    return {event::parse_checkpoint(value, "mark"), parse_offsets(offsets->get<std::string>()),
            event::highest_of_checkpoint(value)};
}

} // namespace cdc::kafka
