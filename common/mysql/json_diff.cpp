#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "mysql/byte_reader.hpp"
#include "mysql/json_binary.hpp"
#include "mysql/json_document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

/// Partial updates of JSON columns.
namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

using Element = JsonDocument::Element;
using NodeKind = JsonDocument::Kind;

/// One step of a path: a member's name, or a place in an array.
struct Leg {
    std::optional<std::string> key;
    std::size_t index = 0;
};

[[noreturn]] void wrong_path(std::string_view path) {
    fail(ExitCode::bad_data, "a partial update of JSON at {}, which the value before it has not",
         in_quotes(path));
}

/// $, then .name or ."quoted name" or [number] each.
std::vector<Leg> parse_path(std::string_view path) {
    std::vector<Leg> legs;
    if (path.empty() || path[0] != '$') {
        wrong_path(path);
    }
    std::size_t at = 1;
    while (at < path.size()) {
        Leg leg;
        if (path[at] == '[') {
            const std::size_t end = path.find(']', at);
            const auto index =
                end == std::string_view::npos
                    ? std::nullopt
                    : base::parse_integer<std::size_t>(path.substr(at + 1, end - at - 1));
            if (!index) {
                wrong_path(path);
            }
            leg.index = *index;
            at = end + 1;
        } else if (path[at] == '.' && path.substr(at + 1, 1) == "\"") {
            std::size_t end = at + 2;
            while (end < path.size() && path[end] != '"') {
                end += path[end] == '\\' ? 2 : 1;
            }
            if (end >= path.size()) {
                wrong_path(path);
            }
            const auto text = nlohmann::json::parse(path.substr(at + 1, end - at), nullptr, false);
            if (!text.is_string()) {
                wrong_path(path);
            }
            leg.key = text.get<std::string>();
            at = end + 1;
        } else if (path[at] == '.') {
            const std::size_t end = std::min(path.find_first_of(".[", at + 1), path.size());
            leg.key = std::string{path.substr(at + 1, end - at - 1)};
            at = end;
        } else {
            wrong_path(path);
        }
        legs.push_back(std::move(leg));
    }
    return legs;
}

bool sorts_before(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

std::vector<Element>::iterator find_key(JsonDocument& node, const std::string& key) {
    const auto found = std::lower_bound(
        node.elements.begin(), node.elements.end(), key,
        [](const Element& element, const std::string& k) { return sorts_before(element.key, k); });
    return found != node.elements.end() && found->key == key ? found : node.elements.end();
}

JsonDocument& step(JsonDocument& node, const Leg& leg, std::string_view path) {
    if (leg.key) {
        if (node.kind == NodeKind::object) {
            if (const auto found = find_key(node, *leg.key); found != node.elements.end()) {
                return found->value;
            }
        }
        wrong_path(path);
    }
    if (node.kind == NodeKind::array && leg.index < node.elements.size()) {
        return node.elements[leg.index].value;
    }
    if (node.kind != NodeKind::array && leg.index == 0) {
        return node; // the server takes what is no array for an array of one
    }
    wrong_path(path);
}

void insert(JsonDocument& node, const Leg& leg, JsonDocument value, std::string_view path) {
    if (leg.key) {
        if (node.kind != NodeKind::object || find_key(node, *leg.key) != node.elements.end()) {
            wrong_path(path);
        }
        const auto place = std::lower_bound(node.elements.begin(), node.elements.end(), *leg.key,
                                            [](const Element& element, const std::string& k) {
                                                return sorts_before(element.key, k);
                                            });
        node.elements.insert(place, {*leg.key, std::move(value)});
        return;
    }
    if (node.kind != NodeKind::array) {
        wrong_path(path);
    }
    const std::size_t place = std::min(leg.index, node.elements.size());
    node.elements.insert(node.elements.begin() + static_cast<std::ptrdiff_t>(place),
                         {{}, std::move(value)});
}

void remove(JsonDocument& node, const Leg& leg, std::string_view path) {
    if (leg.key) {
        const auto found =
            node.kind == NodeKind::object ? find_key(node, *leg.key) : node.elements.end();
        if (found == node.elements.end()) {
            wrong_path(path);
        }
        node.elements.erase(found);
        return;
    }
    if (node.kind != NodeKind::array || leg.index >= node.elements.size()) {
        wrong_path(path);
    }
    node.elements.erase(node.elements.begin() + static_cast<std::ptrdiff_t>(leg.index));
}

} // namespace

void JsonDocument::append_text(std::string& out) const {
    if (kind == NodeKind::scalar) {
        out += scalar;
        return;
    }
    out += kind == NodeKind::object ? '{' : '[';
    bool first = true;
    for (const Element& element : elements) {
        out += first ? "" : ", ";
        first = false;
        if (kind == NodeKind::object) {
            event::append_json_string(out, element.key);
            out += ": ";
        }
        element.value.append_text(out);
    }
    out += kind == NodeKind::object ? '}' : ']';
}

void append_json_with_diffs(std::string& out, std::string_view before, std::string_view diffs) {
    enum Change : std::uint8_t { kReplace, kInsert, kRemove };
    JsonDocument root = parse_json_document(before);
    ByteReader reader{diffs};
    while (!reader.empty()) {
        const std::uint8_t change = reader.u8();
        if (change > kRemove) {
            fail(ExitCode::bad_data, "a partial update of JSON of unknown kind {}", change);
        }
        const std::string_view path = reader.packed_bytes();
        std::vector<Leg> legs = parse_path(path);
        JsonDocument value;
        if (change != kRemove) {
            value = parse_json_document(reader.packed_bytes());
        }
        if (legs.empty()) {
            if (change != kReplace) {
                wrong_path(path);
            }
            root = std::move(value);
            continue;
        }
        const Leg last = std::move(legs.back());
        legs.pop_back();
        JsonDocument* node = &root;
        for (const Leg& leg : legs) {
            node = &step(*node, leg, path);
        }
        if (change == kReplace) {
            step(*node, last, path) = std::move(value);
        } else if (change == kInsert) {
            insert(*node, last, std::move(value), path);
        } else {
            remove(*node, last, path);
        }
    }
    root.append_text(out);
}

} // namespace cdc::mysql
