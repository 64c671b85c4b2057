#include "kafka/envelope.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "kafka/foreign.hpp"

namespace cdc::kafka {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::JsonCursor;

namespace {

std::string_view connect_type(const std::string& type) {
    static const std::map<std::string_view, std::string_view> kTypes{
        {"smallint", "int16"},  {"integer", "int32"}, {"bigint", "int64"},
        {"boolean", "boolean"}, {"real", "float"},    {"double precision", "double"},
        {"bytea", "bytes"}};
    const auto found = kTypes.find(type);
    return found == kTypes.end() ? "string" : found->second;
}

void append_field(std::string& out, std::string_view name, std::string_view type, bool optional) {
    out += R"({"type":")";
    out += type;
    out += optional ? R"(","optional":true,"field":)" : R"(","optional":false,"field":)";
    event::append_json_string(out, name);
    out += '}';
}

void append_row_schema(std::string& out, const std::vector<event::Column>& columns,
                       const std::string& name, std::string_view field, bool key_only) {
    out += R"({"type":"struct","fields":[)";
    bool first = true;
    for (const event::Column& column : columns) {
        if (key_only && column.key == 0) {
            continue;
        }
        if (!first) {
            out += ',';
        }
        first = false;
        append_field(out, column.name, connect_type(column.type), !key_only);
    }
    out += key_only ? R"(],"optional":false,"name":)" : R"(],"optional":true,"name":)";
    event::append_json_string(out, name);
    if (!field.empty()) {
        out += R"(,"field":)";
        event::append_json_string(out, field);
    }
    out += '}';
}

constexpr std::pair<std::string_view, std::string_view> kSourceFields[] = {
    {"version", "string"}, {"connector", "string"}, {"name", "string"},
    {"ts_ms", "int64"},    {"snapshot", "string"},  {"db", "string"},
    {"schema", "string"},  {"table", "string"},     {"order", "string"}};

/// A row with its values as the schema says: large integers, which our lines carry as strings,
/// become numbers.
/// Columns in `unchanged`, a list, have what Debezium writes for a value that the log did not
/// carry.
template<typename Types>
void append_row(std::string& out, std::string_view row, const Types& types,
                std::string_view unchanged = {}) {
    if (row.empty() || row == "null") {
        out += "null";
        return;
    }
    JsonCursor cursor{row};
    char separator = '{';
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        const auto type = types.find(name);
        const std::string_view wanted =
            type == types.end() ? "string" : std::string_view{type->second};
        const bool quoted = !value.empty() && value[0] == '"';
        out += separator;
        out += '"';
        out += name;
        out += "\":";
        const std::string_view text = quoted ? value.substr(1, value.size() - 2) : value;
        if (quoted && wanted == "int64" && base::parse_integer<std::int64_t>(text)) {
            out += text;
        } else if (quoted && wanted != "string" && wanted != "bytes") {
            fail(ExitCode::bad_data, "value {} of {} has no form in a schema of type {}",
                 in_quotes(value), in_quotes(name), wanted);
        } else if (!quoted && wanted == "string" && value != "null") {
            event::append_json_string(out, value); // arrays and the like as their text
        } else {
            out += value;
        }
        separator = ',';
    }
    JsonCursor names{unchanged};
    for (bool more = !unchanged.empty() && names.open('['); more; more = names.next(']')) {
        const std::string_view name = names.value();
        const auto type =
            name.size() < 2 ? types.end() : types.find(name.substr(1, name.size() - 2));
        if (type == types.end()) {
            continue;
        }
        if (type->second != "string" && type->second != "bytes") {
            fail(ExitCode::bad_data,
                 "the log did not carry {}, and a schema of type {} has no form for that", name,
                 type->second);
        }
        out.append(1, separator).append(name).append(1, ':');
        out += type->second == "bytes" ? kUnavailableBytes : kUnavailableText;
        separator = ',';
    }
    out += separator == '{' ? "{}" : "}";
}

} // namespace

void append_flat(std::string& out, const ChangeCut& cut) {
    const bool deleted = cut.op == 'd';
    std::string_view row = deleted ? cut.before : cut.after;
    if (deleted && (row.empty() || row == "null")) {
        row = cut.key;
    }
    if (row.size() < 2 || row.front() != '{') {
        fail(ExitCode::bad_data, "a change of op {} without a row", cut.op);
    }
    out += row.substr(0, row.size() - 1);
    if (row != "{}") {
        out += ',';
    }
    out += deleted ? R"("__deleted":"true"})" : R"("__deleted":"false"})";
}

const ConnectSchemas::Schemas& ConnectSchemas::of(const std::string& topic,
                                                  const std::string& version,
                                                  const std::string& table_json) {
    if (version.empty()) {
        fail(ExitCode::bad_data, "no table line came before the first change for topic {}",
             in_quotes(topic));
    }
    const auto [found, added] = m_schemas.try_emplace(topic + ":" + version);
    Schemas& schemas = found->second;
    if (!added) {
        return schemas;
    }
    std::string ignored;
    const auto columns = event::parse_columns(table_json, ignored);
    for (const event::Column& column : columns) {
        std::string name;
        event::append_json_escaped(name, column.name);
        schemas.types[name] = connect_type(column.type);
    }
    append_row_schema(schemas.key, columns, topic + ".Key", {}, true);
    std::string& out = schemas.value;
    out = R"({"type":"struct","fields":[)";
    append_row_schema(out, columns, topic + ".Value", "before", false);
    out += ',';
    append_row_schema(out, columns, topic + ".Value", "after", false);
    out += R"(,{"type":"struct","fields":[)";
    for (const auto& [name, type] : kSourceFields) {
        if (name != kSourceFields[0].first) {
            out += ',';
        }
        append_field(out, name, type, true);
    }
    out += R"(],"optional":false,"name":"io.debezium.connector.Source","field":"source"},)";
    append_field(out, "op", "string", false);
    out += ',';
    append_field(out, "ts_ms", "int64", true);
    out += R"(],"optional":false,"name":)";
    event::append_json_string(out, topic + ".Envelope");
    out += '}';
    return schemas;
}

void ConnectSchemas::append_key(std::string& out, const ChangeCut& cut, const std::string& topic,
                                const std::string& version, const std::string& table_json) {
    const Schemas& schemas = of(topic, version, table_json);
    out += R"({"schema":)";
    out += schemas.key;
    out += R"(,"payload":)";
    append_row(out, cut.key, schemas.types);
    out += '}';
}

void ConnectSchemas::append_value(std::string& out, const ChangeCut& cut, const std::string& topic,
                                  const std::string& version, const std::string& table_json) {
    const Schemas& schemas = of(topic, version, table_json);
    std::string rest{"{"};
    rest += cut.rest;
    std::string_view ts_ms;
    std::string_view unchanged;
    JsonCursor cursor{rest};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "ts_ms") {
            ts_ms = value;
        } else if (name == "unchanged") {
            unchanged = value;
        }
    }
    out += R"({"schema":)";
    out += schemas.value;
    out += R"(,"payload":{"before":)";
    append_row(out, cut.before, schemas.types);
    out += R"(,"after":)";
    append_row(out, cut.after, schemas.types, unchanged);
    out += R"(,"source":)";
    JsonCursor source{cut.source};
    char separator = '{';
    for (bool more = source.open('{'); more; more = source.next('}')) {
        const std::string_view name = source.member_name();
        const std::string_view value = source.value();
        for (const auto& [known, type] : kSourceFields) {
            if (known == name) {
                out += separator;
                out += '"';
                out += name;
                out += "\":";
                out += value;
                separator = ',';
            }
        }
    }
    out += separator == '{' ? "{}" : "}";
    out += R"(,"op":")";
    out += cut.op;
    out += '"';
    if (!ts_ms.empty()) {
        out += R"(,"ts_ms":)";
        out += ts_ms;
    }
    out += "}}";
}

} // namespace cdc::kafka
