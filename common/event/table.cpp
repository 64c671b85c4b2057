#include "event/table.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_document.hpp"
#include "event/json_writer.hpp"
#include "event/line_decoder.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>

namespace cdc::event {

using base::ExitCode;
using base::fail;

namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(out, text);
}

void append_member(std::string& out, std::string_view name, int value) {
    out += ",\"";
    out += name;
    out += "\":";
    base::append_integer(out, value);
}

void append_column(std::string& out, const Column& column) {
    out += "{\"name\":";
    append_json_string(out, column.name);
    append_member(out, "type", column.type);
    out += column.nullable ? ",\"nullable\":true" : ",\"nullable\":false";
    if (column.number > 0) {
        append_member(out, "number", column.number);
    }
    if (column.key > 0) {
        append_member(out, "key", column.key);
    }
    if (column.precision) {
        append_member(out, "precision", *column.precision);
    }
    if (column.scale) {
        append_member(out, "scale", *column.scale);
    }
    if (!column.element.empty()) {
        append_member(out, "element", column.element);
    }
    if (!column.labels.empty()) {
        out += ",\"labels\":";
        char separator = '[';
        for (const std::string& label : column.labels) {
            out += separator;
            append_json_string(out, label);
            separator = ',';
        }
        out += ']';
    }
    if (column.generated) {
        out += ",\"generated\":true";
    }
    if (!column.default_json.empty()) {
        out += ",\"default\":";
        out += column.default_json;
    }
    if (!column.comment.empty()) {
        append_member(out, "comment", column.comment);
    }
    out += '}';
}

} // namespace

std::string Table::display_name() const {
    return (schema.empty() ? db : schema) + "." + table;
}

bool Table::has_key() const {
    return std::any_of(columns.begin(), columns.end(), [](const Column& c) { return c.key > 0; });
}

void append_columns(std::string& out, const std::vector<Column>& columns) {
    out += '[';
    for (const Column& column : columns) {
        if (&column != columns.data()) {
            out += ',';
        }
        append_column(out, column);
    }
    out += ']';
}

std::string shape_version(const std::vector<Column>& columns) {
    std::string canonical;
    append_columns(canonical, columns);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(canonical.data(), canonical.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
        fail(ExitCode::failed, "cannot compute SHA-256");
    }
    std::string out;
    for (int i = 0; i < 8; ++i) {
        base::append_hex(out, digest[i], 2);
    }
    return out;
}

std::string collations_text(const Table& table) {
    std::string out;
    for (const auto& [column, collation] : table.collations) {
        out += out.empty() ? '{' : ',';
        append_json_string(out, column);
        out += ':';
        append_json_string(out, collation);
    }
    return out.empty() ? out : out + '}';
}

void append_table_line(std::string& out, const Table& table, std::string_view source_json,
                       std::int64_t ts_ms) {
    out += "{\"table\":{\"name\":";
    append_json_string(out, table.display_name());
    append_member(out, "version", shape_version(table.columns));
    if (table.oid != 0) {
        out += ",\"oid\":";
        base::append_integer(out, table.oid);
    }
    if (!table.stale.empty()) {
        append_member(out, "stale", table.stale);
    }
    if (!table.unfilled.empty()) {
        out += ",\"unfilled\":";
        char separator = '[';
        for (const std::string& name : table.unfilled) {
            out += separator;
            append_json_string(out, name);
            separator = ',';
        }
        out += ']';
    }
    if (const std::string collations = collations_text(table); !collations.empty()) {
        out += ",\"collations\":";
        out += collations;
    }
    out += ",\"columns\":";
    append_columns(out, table.columns);
    out += "},\"source\":";
    out += source_json;
    out += ",\"ts_ms\":";
    base::append_integer(out, ts_ms);
    out += "}\n";
}

std::vector<Column> parse_columns(std::string_view table_json, std::string& version) {
    return parse_table(table_json, version).columns;
}

Table parse_table(std::string_view table_json) {
    std::string version;
    return parse_table(table_json, version);
}

Table table_of(const DecodedLine& line) {
    Table table = parse_table(line.payload);
    table.db = line.source.db;
    table.schema = line.source.schema;
    table.table = line.source.table;
    return table;
}

Table parse_table(std::string_view table_json, std::string& version) {
    using Json = nlohmann::ordered_json;
    Table table;
    std::vector<Column>& columns = table.columns;
    try {
        const Json document = Json::parse(table_json);
        version = document.at("version").get<std::string>();
        table.oid = document.value("oid", std::uint32_t{0});
        table.stale = document.value("stale", "");
        table.unfilled = document.value("unfilled", std::vector<std::string>{});
        if (const auto found = document.find("collations"); found != document.end()) {
            table.collations = found->get<std::map<std::string, std::string>>();
        }
        for (const Json& item : document.at("columns")) {
            Column column;
            column.name = item.at("name").get<std::string>();
            column.type = item.at("type").get<std::string>();
            column.nullable = item.value("nullable", true);
            column.number = integer_member(item, "number", 0);
            column.key = integer_member(item, "key", 0);
            if (item.contains("precision")) {
                column.precision = integer_member(item, "precision", 0);
            }
            if (item.contains("scale")) {
                column.scale = integer_member(item, "scale", 0);
            }
            column.element = item.value("element", "");
            if (item.contains("labels")) {
                column.labels = item["labels"].get<std::vector<std::string>>();
            }
            column.generated = item.value("generated", false);
            if (item.contains("default")) {
                column.default_json = value_text(item["default"]);
            }
            column.comment = item.value("comment", "");
            columns.push_back(std::move(column));
        }
    } catch (const nlohmann::json::exception& error) {
        fail(ExitCode::bad_data, "broken table line: {}", error.what());
    }
    return table;
}

} // namespace cdc::event
