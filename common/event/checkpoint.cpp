#include "event/checkpoint.hpp"

#include "base/error.hpp"
#include "event/json_document.hpp"

#include <algorithm>

namespace cdc::event {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using Json = nlohmann::ordered_json;

Json Checkpoint::members() const {
    Json inner{{"v", kVersion},         {"kind", kind},
               {"server", server},      {"database", database},
               {"slot", slot},          {"position", position},
               {"order", order.text()}, {"commit_ts_ms", commit_ts_ms},
               {"snapshot", snapshot}};
    inner.update(extra);
    return inner;
}

std::string Checkpoint::encode() const {
    return Json{{"checkpoint", members()}, {"ts_ms", ts_ms}}.dump();
}

namespace {

Checkpoint from_document(const Json& document) {
    const Json& inner = document.at("checkpoint");
    if (const int version = integer_member(inner, "v", 0);
        version < 1 || version > Checkpoint::kVersion) {
        fail(ExitCode::bad_data, "format version {}; this program knows up to {}", version,
             Checkpoint::kVersion);
    }
    Checkpoint result;
    result.kind = inner.at("kind").get<std::string>();
    result.server = inner.at("server").get<std::string>();
    result.database = inner.value("database", "");
    result.slot = inner.value("slot", "");
    result.position = inner.at("position").get<std::string>();
    result.commit_ts_ms = integer_member(inner, "commit_ts_ms", std::int64_t{0});
    result.snapshot = inner.contains("snapshot") ? inner["snapshot"] : Json{};
    result.ts_ms = integer_member(document, "ts_ms", std::int64_t{0});
    const auto text = inner.at("order").get<std::string>();
    const auto order = Order::parse(text);
    if (!order) {
        fail(ExitCode::bad_data, "broken order {}", in_quotes(text));
    }
    result.order = *order;
    static constexpr std::string_view kKnown[] = {
        "v", "kind", "server", "database", "slot", "position", "order", "snapshot", "commit_ts_ms"};
    for (const auto& [name, value] : inner.items()) {
        if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
            result.extra[name] = value;
        }
    }
    return result;
}

constexpr const char* kInputMember = "input";
constexpr const char* kHighestMember = "highest";

/// Null where the line has no such member, as most have.
Json having(std::string_view line, const char* member) {
    if (line.find(fmt::format("\"{}\"", member)) == std::string_view::npos) {
        return {};
    }
    Json document = Json::parse(line, nullptr, false);
    return document.is_object() && document.contains(member) ? document : Json{};
}

/// "": there is none.
std::string text_of_member(std::string_view line, const char* member) {
    const Json document = having(line, member);
    return document.is_object() && document[member].is_string()
               ? document[member].get<std::string>()
               : std::string{};
}

std::string with_member(std::string_view line, const char* member, std::string_view value) {
    std::string out{line};
    if (Json document = having(line, member); document.is_object()) {
        document.erase(member);
        out = document.dump();
    }
    out.resize(out.rfind('}'));
    return fmt::format(R"({},"{}":"{}"}})", out, member, value);
}

} // namespace

bool has_some_partitions(const Checkpoint& checkpoint) {
    const auto counts = checkpoint.extra.find("topic_partitions");
    if (checkpoint.kind != "kafka" || counts == checkpoint.extra.end() || !counts->is_object()) {
        return false;
    }
    std::int64_t all = 0;
    for (const auto& count : *counts) {
        all += count.is_number_integer() ? count.get<std::int64_t>() : 0;
    }
    return std::count(checkpoint.position.begin(), checkpoint.position.end(), '=') < all;
}

std::string input_of_checkpoint(std::string_view line) {
    return text_of_member(line, kInputMember);
}

std::string with_input(std::string_view line, std::string_view input) {
    return with_member(line, kInputMember, input);
}

std::optional<Order> highest_of_checkpoint(std::string_view line) {
    return Order::parse(text_of_member(line, kHighestMember));
}

std::string with_highest(std::string_view line, Order highest) {
    return with_member(line, kHighestMember, highest.text());
}

Checkpoint parse_checkpoint(std::string_view line, std::string_view where) {
    const Json document = Json::parse(line, nullptr, false);
    if (!document.is_object() || !document.contains("checkpoint") ||
        !document["checkpoint"].is_object()) {
        fail(ExitCode::bad_data, "{} holds no checkpoint line: {}", where, in_quotes(line));
    }
    try {
        return from_document(document);
    } catch (const nlohmann::json::exception& error) {
        fail(ExitCode::bad_data, "{} is not a checkpoint: {}", where, error.what());
    } catch (const base::Error& error) {
        fail(ExitCode::bad_data, "{} is not a checkpoint that we can read: {}", where,
             error.what());
    }
}

} // namespace cdc::event
