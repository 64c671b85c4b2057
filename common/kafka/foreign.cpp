#include "kafka/foreign.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace cdc::kafka {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::JsonCursor;

namespace {

constexpr std::uint16_t kForeignEpoch = 1; ///< do not lower: targets hold it
constexpr std::string_view kUnavailableNumbers{
    "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,"
    "118,97,108,117,101]"};
/// What Debezium writes for a value that it does not have: `__debezium_unavailable_value` as text,
/// as bytes in base64 and in hex, as an array of texts, of the numbers of its bytes, or of the UUID
/// that is made of it, and as a map.
constexpr std::string_view kUnavailable[] = {
    kUnavailableText,
    kUnavailableBytes,
    R"("5f5f646562657a69756d5f756e617661696c61626c655f76616c7565")",
    R"(["__debezium_unavailable_value"])",
    kUnavailableNumbers,
    R"(["b68a35a7-17ad-35b3-af2a-ae46edb4545a"])",
    R"({"__debezium_unavailable_value":"__debezium_unavailable_value"})"};

std::string_view unquoted(std::string_view json) {
    return json.size() >= 2 && json[0] == '"' ? json.substr(1, json.size() - 2) : json;
}

/// The members of Connect's wrapped form; empty: they are not there.
struct Wrapped {
    std::string_view schema;
    std::string_view payload;
    bool bare = false; ///< others are there, too
};

/// False: no JSON object.
bool read_wrapped(std::string_view json, Wrapped& out) {
    JsonCursor cursor{json};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "payload") {
            out.payload = value;
        } else if (name == "schema") {
            out.schema = value;
        } else {
            out.bare = true; // checked to its end all the same
        }
    }
    return !cursor.failed() && cursor.at_end();
}

/// As unwrap(), of what must be an object. `schema` is left as it is where there is none.
std::string_view unwrapped(std::string_view json, const char* what, std::string_view& schema) {
    const auto found = unwrap(json);
    if (!found) {
        fail(ExitCode::bad_data, "{} is not a JSON object: {}", what, in_quotes(json));
    }
    schema = found->text.data() == json.data() ? schema : found->schema;
    return found->text;
}

/// A key that is one value, in Connect's wrapped form: `{"schema":{"type":"int32",…},"payload":7}`.
/// As a row, both members would be columns of a key, and of those none is an object or null.
bool wraps_no_row(std::string_view json) {
    Wrapped found;
    return read_wrapped(json, found) && !found.bare && !found.payload.empty() &&
           (found.schema == "null" || found.schema.starts_with('{'));
}

event::Order offset_order(int partition, std::int64_t offset) {
    return event::Order::make(kForeignEpoch, static_cast<std::uint64_t>(offset),
                              static_cast<std::uint64_t>(partition) + 1);
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
        offset_order(partition, offset).append_text(out);
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

bool is_unavailable(std::string_view value) {
    return std::find(std::begin(kUnavailable), std::end(kUnavailable), value) !=
           std::end(kUnavailable);
}

bool may_hold_unavailable(std::string_view row) {
    return std::any_of(std::begin(kUnavailable), std::end(kUnavailable),
                       [&](const auto& text) { return row.find(text) != std::string_view::npos; });
}

/// A JSON number with a point or an exponent: its digits without zeros at either end, and the power
/// of ten of the first one.
struct Digits {
    std::string digits; ///< empty: zero
    std::int64_t power = 0;
};

Digits digits_of(std::string_view number) {
    const std::size_t e = std::min(number.find_first_of("eE"), number.size());
    std::string_view exponent_text = number.substr(std::min(e + 1, number.size()));
    exponent_text.remove_prefix(exponent_text.starts_with('+') ? 1 : 0);
    Digits out;
    std::int64_t exponent = 0;
    if (!exponent_text.empty()) {
        const bool negative = exponent_text.starts_with('-');
        exponent = base::parse_integer<std::int64_t>(exponent_text)
                       .value_or(negative ? -1'000'000'000 : 1'000'000'000);
    }
    std::int64_t place = -1; // of the next digit, with the point at its right where it is 0
    const std::size_t point = std::min(number.find('.'), e);
    for (std::size_t i = 0; i < point; ++i) {
        place += number[i] == '-' ? 0 : 1;
    }
    for (const char c : number.substr(0, e)) {
        if (c == '-' || c == '.') {
            continue;
        }
        if (out.digits.empty() && c != '0') {
            out.power = place + exponent;
        }
        if (!out.digits.empty() || c != '0') {
            out.digits += c;
        }
        --place;
    }
    out.digits.erase(out.digits.find_last_not_of('0') + 1);
    return out;
}

/// Whether a double that the number is read as has all its digits.
bool is_held_by_double(std::string_view number) {
    constexpr std::size_t kAlways = 15; ///< digits that each double gives back
    constexpr std::size_t kMost = 17;   ///< that tell a double from its neighbours
    constexpr std::int64_t kUsualPower = 290;
    const Digits wanted = digits_of(number);
    const std::size_t count = wanted.digits.size();
    if (count > kMost) {
        return false;
    }
    if (count == 0 || (count <= kAlways && std::abs(wanted.power) < kUsualPower)) {
        return true;
    }
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec != std::errc{}) {
        return false; // too large, or too near to 0
    }
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific,
                                   static_cast<int>(count) - 1);
    const Digits held = digits_of({text, static_cast<std::size_t>(end.ptr - text)});
    return held.digits == wanted.digits && held.power == wanted.power;
}

/// A row, or a key. Columns whose value was not known are left out where `unchanged` is given, and
/// their names go there.
void append_row(std::string& out, std::string_view row, const ConnectRow* shape,
                std::vector<std::string_view>* unchanged) {
    const bool whole = unchanged == nullptr || !may_hold_unavailable(row);
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
        if (!whole && is_unavailable(value)) {
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

std::optional<Unwrapped> unwrap(std::string_view json) {
    Wrapped found;
    if (!read_wrapped(json, found)) {
        return std::nullopt;
    }
    const std::string_view payload = found.payload;
    if (found.bare || payload.empty() || (payload[0] != '{' && payload != "null")) {
        return Unwrapped{json, {}}; // a row of columns that are called so
    }
    return Unwrapped{payload, found.schema};
}

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
            } else if (is_held_by_double(number)) {
                out += number;
            } else {
                out.append(1, '"').append(number).append(1, '"');
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

std::string order_of_offset(int partition, std::int64_t offset) {
    return offset_order(partition, offset).text();
}

bool is_foreign_change(std::string_view value) {
    std::string_view schema;
    JsonCursor cursor{unwrapped(value, "the value", schema)};
    bool source = false;
    bool op = false;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        cursor.value();
        source = source || name == "source";
        op = op || name == "op";
    }
    return source && op;
}

std::string deletion_like(std::string_view sample, std::string_view order, std::int64_t ts_ms) {
    std::string_view schema;
    const std::string_view value = unwrapped(sample, "the value", schema);
    std::string_view source;
    JsonCursor cursor{value};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view member = cursor.value();
        if (name == "source") {
            source = member;
        }
    }
    if (source.empty() || source[0] != '{') {
        return {};
    }
    const bool wrapped = !schema.empty() && schema != "null";
    std::string out;
    if (wrapped) {
        out.append(R"({"schema":)").append(schema).append(R"(,"payload":)");
    }
    out += R"({"before":null,"after":null,"source":{)";
    static constexpr std::string_view kOfTable[] = {"version", "connector", "name", "db",
                                                    "schema",  "table",     "types"};
    JsonCursor members{source};
    for (bool more = members.open('{'); more; more = members.next('}')) {
        const std::string_view name = members.member_name();
        const std::string_view member = members.value();
        if (std::find(std::begin(kOfTable), std::end(kOfTable), name) != std::end(kOfTable)) {
            out.append(1, '"').append(name).append("\":").append(member).append(1, ',');
        }
    }
    out += fmt::format(R"("snapshot":"false","ts_ms":{})", ts_ms);
    if (!order.empty()) {
        out += fmt::format(R"(,"order":"{}")", order);
    }
    out += fmt::format(R"(}},"op":"d","ts_ms":{}}})", ts_ms);
    out += wrapped ? "}" : "";
    return out;
}

const ConnectRow* append_foreign(std::string& out, std::string_view key, std::string_view value,
                                 int partition, std::int64_t offset, ConnectRows* rows,
                                 std::string_view value_schema, const ConnectRow* known_row) {
    if (!simdjson::validate_utf8(key.data(), key.size()) ||
        !simdjson::validate_utf8(value.data(), value.size())) {
        fail(ExitCode::bad_data, "not UTF-8: {}", in_quotes(value, 60));
    }
    std::string_view schema;
    if (key != "null") {
        const std::string_view whole = key;
        key = unwrapped(key, "the key", schema);
        if ((key != "null" && (key.empty() || key[0] != '{')) ||
            (key.data() == whole.data() && wraps_no_row(key))) {
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
        throw base::Error{
            ExitCode::bad_data,
            fmt::format("the value is no change: source or a known op is missing: {}",
                        in_quotes(value)),
            "Rows and events that were taken out of Debezium's envelope (ExtractNewRecordState, "
            "CloudEvents, cdc-publish --envelope flat) are not read: read a topic that has it. "
            "--on-error dead-letter passes records of other kinds over"};
    }
    const ConnectRow* shape =
        rows == nullptr || schema.empty() ? known_row : rows->of(schema, key, connector_of(source));
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
