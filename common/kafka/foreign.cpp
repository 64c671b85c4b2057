#include "kafka/foreign.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"

#include <simdjson.h>

#include <vector>

namespace cdc::kafka {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::JsonCursor;

namespace {

constexpr std::uint16_t kForeignEpoch = 1; ///< do not lower: targets hold it
constexpr std::string_view kUnavailable = R"("__debezium_unavailable_value")";
constexpr std::string_view kUnavailableBytes = R"("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==")";

std::string_view unquoted(std::string_view json) {
    return json.size() >= 2 && json[0] == '"' ? json.substr(1, json.size() - 2) : json;
}

/// The value under "payload" of Connect's wrapped form, else the text itself. `schema` is left as
/// it is where there is none.
std::string_view unwrapped(std::string_view json, const char* what, std::string_view& schema) {
    JsonCursor cursor{json};
    std::string_view payload;
    std::string_view found;
    bool bare = false;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "payload") {
            payload = value;
        } else if (name == "schema") {
            found = value;
        } else {
            bare = true; // checked to its end all the same
        }
    }
    if (cursor.failed() || !cursor.at_end()) {
        fail(ExitCode::bad_data, "{} is not a JSON object: {}", what, in_quotes(json));
    }
    if (bare || payload.empty()) {
        return json;
    }
    schema = found;
    return payload;
}

void append_source(std::string& out, std::string_view source, int partition, std::int64_t offset) {
    JsonCursor cursor{source};
    bool has_order = false;
    char separator = '{';
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (cursor.failed()) {
            break;
        }
        has_order = has_order || name == "order";
        out += separator;
        separator = ',';
        out += '"';
        out += name;
        out += "\":";
        append_exact_json(out, value);
    }
    if (cursor.failed()) {
        fail(ExitCode::bad_data, "source is not an object: {}", in_quotes(source));
    }
    if (!has_order) {
        out += separator;
        out += R"("order":")";
        event::Order::make(kForeignEpoch, static_cast<std::uint64_t>(offset),
                           static_cast<std::uint64_t>(partition) + 1)
            .append_text(out);
        out += '"';
        separator = ',';
    }
    out += separator == '{' ? "{}" : "}";
}

std::string_view connector_of(std::string_view source) {
    JsonCursor cursor{source};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "connector") {
            return unquoted(value);
        }
    }
    return {};
}

bool is_unavailable(std::string_view value, const ConnectType* type) {
    return value == kUnavailable || (type != nullptr && type->bytes && value == kUnavailableBytes);
}

/// A row, or a key. Columns whose value was not known are left out where `unchanged` is given, and
/// their names go there.
void append_row(std::string& out, std::string_view row, const ConnectRow* shape,
                std::vector<std::string_view>* unchanged) {
    const bool whole =
        unchanged == nullptr || (row.find(kUnavailable) == std::string_view::npos &&
                                 row.find(kUnavailableBytes) == std::string_view::npos);
    if (row.empty() || row[0] != '{' || (shape == nullptr && whole)) {
        append_exact_json(out, row.empty() ? "null" : row);
        return;
    }
    JsonCursor cursor{row};
    char separator = '{';
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        const ConnectType* type = nullptr;
        if (shape != nullptr) {
            const auto found = shape->types.find(name);
            type = found == shape->types.end() ? nullptr : &found->second;
        }
        if (unchanged != nullptr && is_unavailable(value, type)) {
            unchanged->push_back(name);
            continue;
        }
        out += separator;
        separator = ',';
        out += '"';
        out += name;
        out += "\":";
        if (type == nullptr) {
            append_exact_json(out, value);
        } else {
            append_connect_value(out, *type, value);
        }
    }
    out += separator == '{' ? "{}" : "}";
}

} // namespace

void append_exact_json(std::string& out, std::string_view json) {
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        if (c == '"') {
            std::size_t end = at + 1;
            while (json[end] != '"') {
                end += json[end] == '\\' ? 2 : 1;
            }
            out += json.substr(at, end + 1 - at);
            at = end + 1;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            const auto end = std::min(json.find_first_not_of("+-.eE0123456789", at), json.size());
            const std::string_view number = json.substr(at, end - at);
            if (number.find_first_of(".eE") == std::string_view::npos) {
                event::append_json_integer_text(out, number);
            } else {
                out += number;
            }
            at = end;
        } else {
            if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
                out += c;
            }
            ++at;
        }
    }
}

const ConnectRow* append_foreign(std::string& out, std::string_view key, std::string_view value,
                                 int partition, std::int64_t offset, ConnectRows* rows,
                                 std::string_view value_schema) {
    if (!simdjson::validate_utf8(key.data(), key.size()) ||
        !simdjson::validate_utf8(value.data(), value.size())) {
        fail(ExitCode::bad_data, "not UTF-8: {}", in_quotes(value, 60));
    }
    std::string_view schema;
    if (key != "null") {
        key = unwrapped(key, "the key", schema);
        if (key != "null" && (key.empty() || key[0] != '{')) {
            fail(ExitCode::bad_data, "the key is not a JSON object: {}", in_quotes(key));
        }
    }
    schema = value_schema;
    value = unwrapped(value, "the value", schema);
    std::string_view source;
    std::string_view after;
    std::string_view op;
    std::vector<std::pair<std::string_view, std::string_view>> others;
    JsonCursor cursor{value};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view member = cursor.value();
        if (name == "source") {
            source = member;
        } else if (name == "after") {
            after = member;
        } else if (name == "op") {
            op = unquoted(member);
        } else {
            others.emplace_back(name, member);
        }
    }
    if (cursor.failed() || !cursor.at_end()) {
        fail(ExitCode::bad_data, "the value is not a JSON object: {}", in_quotes(value));
    }
    if (source.empty() || op.size() != 1 ||
        std::string_view{"cudrtm"}.find(op) == std::string_view::npos) {
        fail(ExitCode::bad_data, "the value is no change: source or a known op is missing: {}",
             in_quotes(value));
    }
    const ConnectRow* shape =
        rows == nullptr || schema.empty() ? nullptr : rows->of(schema, key, connector_of(source));
    std::vector<std::string_view> unchanged;
    out += "{\"key\":";
    append_row(out, key, shape, nullptr);
    const auto append_other = [&](std::string_view wanted, bool same) {
        for (const auto& [name, member] : others) {
            if ((name == wanted) == same) {
                out += ",\"";
                out += name;
                out += "\":";
                append_row(out, member, same ? shape : nullptr, nullptr);
            }
        }
    };
    append_other("before", true);
    out += ",\"after\":";
    append_row(out, after, shape, &unchanged);
    if (!unchanged.empty()) {
        char separator = '[';
        out += ",\"unchanged\":";
        for (const std::string_view name : unchanged) {
            out += separator;
            out += '"';
            out += name;
            out += '"';
            separator = ',';
        }
        out += ']';
    }
    out += ",\"source\":";
    append_source(out, source, partition, offset);
    out += ",\"op\":\"";
    // No begin line stands before the rows of such a snapshot: each is a row that came.
    out += key == "null" && op == "r" ? "c" : op;
    out += '"';
    append_other("before", false);
    out += "}\n";
    return shape;
}

} // namespace cdc::kafka
