#include "cdc-consume/side_records.hpp"

#include "event/json_cursor.hpp"
#include "kafka/foreign.hpp"

#include <simdjson.h>

#include <string>

namespace cdc::consume {

namespace {

/// Its members as `name,` or, where the value is an object, `name{,`; empty: no whole object.
std::string member_shape(std::string_view json) {
    std::string out;
    event::JsonCursor cursor{json};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        out += cursor.member_name();
        out += cursor.peek() == '{' ? "{," : ",";
        cursor.value();
    }
    return cursor.failed() || !cursor.at_end() || !simdjson::validate_utf8(json.data(), json.size())
               ? std::string{}
               : out;
}

bool has_member(std::string_view shape, std::string_view member) {
    return shape.starts_with(member) ||
           shape.find("," + std::string{member}) != std::string_view::npos;
}

std::string_view name_of_first(std::string_view json) {
    event::JsonCursor cursor{json};
    return cursor.open('{') ? cursor.member_name() : std::string_view{};
}

/// Of rows, mostly, no more than the first member is read.
std::string_view taken_out(std::string_view json) {
    const std::string_view first = name_of_first(json);
    if (first != "schema" && first != "payload") {
        return json;
    }
    const auto unwrapped = kafka::unwrap(json);
    return unwrapped ? unwrapped->text : std::string_view{};
}

/// Whether all members of the key, and the value, are looked at.
bool may_be_side_key(std::string_view key) {
    event::JsonCursor cursor{key};
    const std::string_view name = cursor.open('{') ? cursor.member_name() : std::string_view{};
    return name == "serverName" || name == "databaseName" || name == "transactional_id" ||
           name == "kind" || name == "db" || (name == "id" && cursor.peek() == '"');
}

/// `{"status":"BEGIN","id":…`
bool is_begin_or_end(std::string_view value) {
    event::JsonCursor cursor{value};
    if (!cursor.open('{') || cursor.member_name() != "status") {
        return false;
    }
    const std::string_view status = cursor.value();
    return status == R"("BEGIN")" || status == R"("END")";
}

SideRecord::Kind kind_of(const std::string& key, std::string_view value) {
    using Kind = SideRecord::Kind;
    const std::string shape = member_shape(value);
    const bool checkpoint = shape.starts_with("checkpoint{,");
    if (key == "serverName,") {
        return checkpoint || shape == "ts_ms," ? Kind::passed_over : Kind::none;
    }
    if (key.starts_with("kind,")) {
        return checkpoint ? Kind::passed_over : Kind::none;
    }
    if (key == "transactional_id,") {
        // There is no checkpoint before the first line of one.
        return shape.starts_with("order,checkpoint,") || shape.starts_with("order,checkpoint{,")
                   ? Kind::passed_over
                   : Kind::none;
    }
    if (key == "db,schema,table,version,") {
        return shape.starts_with("table{,") && has_member(shape, "source{,") ? Kind::passed_over
                                                                             : Kind::none;
    }
    if (key == "databaseName,") {
        return shape.starts_with("source{,") && has_member(shape, "ddl,") &&
                       !has_member(shape, "op,")
                   ? Kind::passed_over
                   : Kind::none;
    }
    if (key == "id,") {
        if (shape.starts_with("transaction{,")) {
            return Kind::line;
        }
        return shape.starts_with("status,id,") && has_member(shape, "event_count,") &&
                       is_begin_or_end(value)
                   ? Kind::status
                   : Kind::none;
    }
    return Kind::none;
}

} // namespace

bool is_whole_object(std::string_view json) {
    return !member_shape(json).empty();
}

SideRecord side_record(std::optional<std::string_view> key, std::string_view value) {
    if (!key) {
        const bool letter = name_of_first(value) == "dead_letter" &&
                            member_shape(value).starts_with("dead_letter{,");
        return letter ? SideRecord{SideRecord::Kind::line, value} : SideRecord{};
    }
    const std::string_view bare_key = taken_out(*key);
    if (!may_be_side_key(bare_key)) {
        return {};
    }
    const std::string_view bare_value = taken_out(value);
    const std::string_view first = name_of_first(bare_value);
    if (first == "before" || first == "after") {
        return {};
    }
    const SideRecord::Kind kind = kind_of(member_shape(bare_key), bare_value);
    return kind == SideRecord::Kind::none ? SideRecord{} : SideRecord{kind, bare_value};
}

} // namespace cdc::consume
