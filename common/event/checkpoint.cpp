#include "event/checkpoint.hpp"

#include "base/error.hpp"
#include "io/atomic_file.hpp"

namespace cdc::event {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using Json = nlohmann::ordered_json;

std::string Checkpoint::encode() const {
    Json inner{{"v", kVersion},         {"kind", kind},
               {"server", server},      {"database", database},
               {"slot", slot},          {"position", position},
               {"order", order.text()}, {"commit_ts_ms", commit_ts_ms},
               {"snapshot", snapshot}};
    inner.update(extra);
    return Json{{"checkpoint", inner}, {"ts_ms", ts_ms}}.dump();
}

Checkpoint parse_checkpoint(std::string_view line, std::string_view where) {
    const Json document = Json::parse(line, nullptr, false);
    if (!document.is_object() || !document.contains("checkpoint") ||
        !document["checkpoint"].is_object()) {
        fail(ExitCode::bad_data, "{} holds no checkpoint line: {}", where, in_quotes(line));
    }
    const Json& inner = document["checkpoint"];
    if (const int version = inner.value("v", 0); version < 1 || version > Checkpoint::kVersion) {
        fail(ExitCode::bad_data, "{} is of format version {}; this program knows up to {}", where,
             version, Checkpoint::kVersion);
    }
    Checkpoint result;
    try {
        result.kind = inner.at("kind").get<std::string>();
        result.server = inner.at("server").get<std::string>();
        result.database = inner.value("database", "");
        result.slot = inner.value("slot", "");
        result.position = inner.at("position").get<std::string>();
        result.commit_ts_ms = inner.value("commit_ts_ms", std::int64_t{0});
        result.snapshot = inner.contains("snapshot") ? inner["snapshot"] : Json{};
        result.ts_ms = document.value("ts_ms", std::int64_t{0});
        const auto text = inner.at("order").get<std::string>();
        const auto order = Order::parse(text);
        if (!order) {
            fail(ExitCode::bad_data, "{} has a broken order {}", where, in_quotes(text));
        }
        result.order = *order;
    } catch (const nlohmann::json::exception& error) {
        fail(ExitCode::bad_data, "{} is not a checkpoint: {}", where, error.what());
    }
    for (const auto& [name, value] : inner.items()) {
        static constexpr std::string_view kKnown[] = {"v",        "kind",     "server",
                                                      "database", "slot",     "position",
                                                      "order",    "snapshot", "commit_ts_ms"};
        if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
            result.extra[name] = value;
        }
    }
    return result;
}

std::optional<Checkpoint> read_checkpoint_file(const std::string& path) {
    const auto line = io::read_last_line(path);
    if (!line) {
        return std::nullopt;
    }
    return parse_checkpoint(*line, fmt::format("checkpoint file {}", in_quotes(path)));
}

} // namespace cdc::event
