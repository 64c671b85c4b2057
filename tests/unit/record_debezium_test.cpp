#include "event/line_decoder.hpp"
#include "event/table.hpp"
#include "kafka/foreign.hpp"
#include "record/avro_decoder.hpp"
#include "record/avro_encoder.hpp"
#include "record/connect_schema.hpp"
#include "record/framing.hpp"
#include "record/table_schemas.hpp"

#include "support.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

using namespace cdc;
using namespace cdc::record;
using Json = nlohmann::ordered_json;

namespace {

const std::string kData = std::string{CDC_SOURCE_DIR} + "/tests/data/avro/";

std::string file_text(const std::string& name) {
    std::ifstream file{kData + name};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string bytes_of_hex(const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return out;
}

/// Keys and values that Debezium 3.3 wrote through a registry by debezium-value.avsc, its schema 9;
/// an empty value is a tombstone. Records of schema 12, behind an ALTER, are left out.
std::vector<std::pair<std::string, std::string>> debezium_records() {
    std::vector<std::pair<std::string, std::string>> out;
    std::ifstream lines{kData + "debezium.hex"};
    for (std::string key, value; std::getline(lines, key) && std::getline(lines, value);) {
        if (const std::string bytes = bytes_of_hex(value);
            bytes.empty() || parse_frame(bytes)->id == 9) {
            out.emplace_back(bytes_of_hex(key), bytes);
        }
    }
    return out;
}

std::string decoded(const AvroSchema& schema, std::string_view framed) {
    AvroDecoder decoder;
    std::string out;
    decoder.append(out, schema, parse_frame(framed)->payload);
    return out;
}

/// The table of debezium-value.avsc, as its table line has it.
const char* const kColumns =
    R"j([{"name":"id","type":"bigint","nullable":false,"key":1},)j"
    R"j({"name":"customer_id","type":"bigint","nullable":false},{"name":"qty","type":"integer"},)j"
    R"j({"name":"amount","type":"numeric(12,2)","precision":12,"scale":2},)j"
    R"j({"name":"free","type":"numeric"},{"name":"price","type":"money","precision":19,"scale":2},)j"
    R"j({"name":"status","type":"text","nullable":false},)j"
    R"j({"name":"created","type":"timestamp without time zone"},)j"
    R"j({"name":"created3","type":"timestamp(3) without time zone"},)j"
    R"j({"name":"tz","type":"timestamp with time zone"},{"name":"d","type":"date"},)j"
    R"j({"name":"t","type":"time without time zone"},)j"
    R"j({"name":"t3","type":"time(3) without time zone"},{"name":"ttz","type":"time with time zone"},)j"
    R"j({"name":"iv","type":"interval"},{"name":"ok","type":"boolean"},{"name":"small","type":"smallint"},)j"
    R"j({"name":"r","type":"real"},{"name":"dp","type":"double precision"},{"name":"b","type":"bytea"},)j"
    R"j({"name":"j","type":"jsonb"},{"name":"u","type":"uuid"},)j"
    R"j({"name":"m","type":"mood","labels":["sad","ok","happy"]},)j"
    R"j({"name":"arr","type":"integer[]","element":"integer"},)j"
    R"j({"name":"tarr","type":"text[]","element":"text"},{"name":"ip","type":"inet"},)j"
    R"j({"name":"x","type":"xml"},{"name":"bitcol","type":"bit(3)"},{"name":"odd_name","type":"text"},)j"
    R"j({"name":"pt","type":"point"},{"name":"h","type":"character varying"},{"name":"c","type":"character(1)"}])j";

TableSchemas our_schemas() {
    const std::string json =
        R"({"name":"inventory.orders","version":"0123456789abcdef","columns":)" +
        std::string{kColumns} + "}";
    event::Table table = event::parse_table(json);
    table.db = "shop";
    table.schema = "inventory";
    table.table = "orders";
    return debezium_avro_schemas({table, json, "postgresql", "ac"});
}

/// With integers beyond ±2^53 as strings.
std::string exact_json(const Json& json) {
    std::string out;
    kafka::append_exact_json(out, json.dump());
    return out;
}

/// Without defaults, which ours do not have, and the attributes that are ours.
void strip(Json& json) {
    if (json.is_array()) {
        if (json.size() == 2 && json[1] == Json("null")) {
            std::swap(json[0], json[1]); // a default of the first type came first
        }
        for (Json& one : json) {
            strip(one);
        }
    }
    if (!json.is_object()) {
        return;
    }
    for (const char* ours : {"default", "connect.default", "cdc.names", "cdc.row"}) {
        json.erase(ours);
    }
    for (auto& [name, value] : json.items()) {
        strip(value);
    }
    if (json.size() == 1 && json.contains("type")) {
        Json type = json["type"];
        json = std::move(type);
    }
    if (json.is_object() && json.value("name", Json()) == Json("Source")) {
        auto& fields = json["fields"];
        for (auto field = fields.begin(); field != fields.end(); ++field) {
            if ((*field)["name"] == Json("order")) {
                fields.erase(field);
                break;
            }
        }
    }
}

} // namespace

TEST_CASE("what a real Debezium wrote in Avro becomes lines of exact values") {
    const AvroSchema key{file_text("debezium-key.avsc")};
    const std::string value_text = file_text("debezium-value.avsc");
    const AvroSchema value{value_text};
    const std::string connect = connect_schema(value_text);
    kafka::ConnectRows rows;
    std::map<std::string, std::string> types;
    std::string ops;
    std::string first;
    std::int64_t offset = 0;
    for (const auto& [key_bytes, value_bytes] : debezium_records()) {
        if (value_bytes.empty()) {
            ops += '-';
            continue;
        }
        std::string line;
        const kafka::ConnectRow* row =
            kafka::append_foreign(line, decoded(key, key_bytes), decoded(value, value_bytes), 0,
                                  offset++, &rows, connect);
        REQUIRE(row != nullptr);
        for (const event::Column& column : row->columns) {
            types[column.name] = column.type;
        }
        line.pop_back();
        event::LineDecoder decoder;
        ops += decoder.decode(line).op;
        first = first.empty() ? line : first;
    }
    CHECK(ops == "rrud-cd-");
    CHECK(
        first.find(
            R"j("after":{"id":1,"customer_id":10,"qty":3,"amount":"1234.56","free":"1.5","price":"12.34",)j"
            R"j("status":"new","created":"2025-07-21T10:00:00.123456",)j"
            R"j("created3":"2025-07-21T10:00:00.123","tz":"2025-07-21T08:00:00.123456Z",)j"
            R"j("d":"2025-07-21","t":"10:11:12.123456","t3":"10:11:12.123","ttz":"08:11:12.123456Z",)j"
            R"j("iv":93600000000,"ok":true,"small":7,"r":1.5,"dp":2.25,"b":"AP8=","j":"{\"a\": 1}",)j"
            R"j("u":"00000000-0000-0000-0000-000000000001","m":"ok","arr":[1,2,null],)j"
            R"j("tarr":["a","b"],"ip":"10.0.0.1","x":"<a/>","bitcol":"101","odd_name":"odd",)j"
            R"j("pt":"{\"x\":1,\"y\":2,\"wkb\":\"AQEAAAAAAAAAAADwPwAAAAAAAABA\",\"srid\":null}",)j"
            R"j("h":"h","c":"c  "})j") != std::string::npos);
    CHECK(types["amount"] == "numeric(12,2)");
    CHECK(types["created3"] == "timestamp(3) without time zone");
    CHECK(types["small"] == "smallint");
    CHECK(types["arr"] == "integer[]");
    CHECK(types["bitcol"] == "bit(3)");
}

TEST_CASE("the Avro schemas of --types debezium are Debezium's own") {
    Json theirs = Json::parse(file_text("debezium-value.avsc"));
    Json ours = Json::parse(our_schemas().value);
    strip(theirs);
    strip(ours);
    const auto columns = [](const Json& json) {
        std::map<std::string, std::string> out;
        for (const Json& field : json["fields"][0]["type"][1]["fields"]) {
            out[field["name"]] = field.dump();
        }
        return out;
    };
    CHECK(columns(ours) == columns(theirs));
    CHECK(ours == theirs);
    Json key = Json::parse(our_schemas().key);
    strip(key);
    CHECK(key == Json::parse(file_text("debezium-key.avsc")));
}

TEST_CASE("values that Debezium wrote are the same bytes when we write them") {
    const AvroSchema theirs{file_text("debezium-value.avsc")};
    const AvroSchema ours{our_schemas().value};
    for (const auto& [key_bytes, value_bytes] : debezium_records()) {
        if (value_bytes.empty()) {
            continue;
        }
        const std::string_view bytes = parse_frame(value_bytes)->payload;
        std::string json;
        AvroDecoder{}.append(json, theirs, bytes);
        std::string again;
        AvroEncoder encoder{AbsentColumns::debezium};
        encoder.append(again, theirs, json);
        CHECK(again == bytes);
        std::string as_ours;
        encoder.append(as_ours, ours, json);
        std::string same;
        AvroDecoder{}.append(same, ours, as_ours);
        CHECK(Json::parse(same)["after"] == Json::parse(json)["after"]);
    }
}

TEST_CASE("a timestamp beyond 2^53 microseconds is one in the line too") {
    const std::string text =
        R"j({"type":"record","name":"E","connect.name":"E","fields":[{"name":"after","type":)j"
        R"j({"type":"record","name":"V","fields":[{"name":"at","type":{"type":"long",)j"
        R"j("connect.version":1,"connect.name":"io.debezium.time.MicroTimestamp"}}]}},)j"
        R"j({"name":"source","type":{"type":"record","name":"S","fields":[{"name":"connector",)j"
        R"j("type":"string"},{"name":"table","type":"string"}]}},{"name":"op","type":"string"}]})j";
    std::string bytes;
    append_avro_long(bytes, 10'413'791'999'999'999);
    bytes += std::string("\x14postgresql\x02t\x02"
                         "c");
    kafka::ConnectRows rows;
    std::string line;
    kafka::append_foreign(line, "null", decoded(AvroSchema{text}, std::string(5, '\0') + bytes), 0,
                          0, &rows, connect_schema(text));
    CHECK(line.find(R"("at":"2299-12-31T23:59:59.999999")") != std::string::npos);
}

TEST_CASE("every value of Debezium's of every PostgreSQL type goes through Avro and back") {
    const std::string types_folder = std::string{CDC_SOURCE_DIR} + "/tests/data/types/";
    std::map<std::string, std::string> columns; // members of a table line's column, by its name
    std::ifstream described{types_folder + "values.golden"};
    for (std::string line; std::getline(described, line);) {
        if (!line.starts_with("    ")) {
            const std::size_t start = line.find(" {") + 2;
            columns[line.substr(0, line.find(':')) + "_"] =
                line.substr(start, line.find("} ClickHouse:") - start);
        }
    }
    std::ifstream rows{types_folder + "debezium.golden"};
    std::size_t values = 0;
    for (std::string line; std::getline(rows, line);) {
        const Json row = Json::parse(line);
        for (const auto& [name, value] : row.items()) {
            const auto column = columns.find(name);
            if (column == columns.end() || value.is_null()) {
                continue;
            }
            const std::string json =
                fmt::format(R"({{"name":"s.t","version":"0123456789abcdef","columns":[)"
                            R"({{"name":"v",{}}}]}})",
                            column->second);
            event::Table table = event::parse_table(json);
            table.schema = "s";
            table.table = "t";
            const AvroSchema schema{debezium_avro_schemas({table, json, "postgresql", "p"}).value};
            const std::string record = fmt::format(
                R"({{"before":null,"after":{{"v":{}}},"source":{{"version":"1","connector":)"
                R"("postgresql","name":"p","ts_ms":1,"snapshot":"false","db":"d","schema":"s",)"
                R"("table":"t"}},"op":"c"}})",
                value.dump());
            std::string bytes;
            std::string back;
            const std::string what = fmt::format("{} {} {}", name, column->second, value.dump());
            CAPTURE(what);
            AvroEncoder encoder{AbsentColumns::debezium};
            REQUIRE_NOTHROW(encoder.append(bytes, schema, record));
            std::string again;
            encoder.append(again, schema, record); // as the record before it
            CHECK(again == bytes);
            AvroDecoder{}.append(back, schema, bytes);
            const bool tiny = value.is_number_float() && std::abs(value.get<double>()) < 1e-30;
            const Json read = Json::parse(back)["after"]["v"];
            CHECK((tiny || read == value || exact_json(read) == exact_json(value)));
            ++values;
        }
    }
    CHECK(values > 240);
}

TEST_CASE("MySQL's columns have the Avro types of Debezium's connector, and names come back") {
    const std::string json =
        R"j({"name":"shop.t","version":"0123456789abcdef","columns":[)j"
        R"j({"name":"id","type":"bigint unsigned","nullable":false,"key":1},)j"
        R"j({"name":"tiny","type":"tinyint unsigned"},{"name":"n","type":"int(8) unsigned zerofill"},)j"
        R"j({"name":"deci","type":"decimal(12,2)","precision":12,"scale":2},)j"
        R"j({"name":"at","type":"datetime(4)"},{"name":"at3","type":"datetime"},{"name":"made","type":"year"},)j"
        R"j({"name":"seen","type":"timestamp(3)"},{"name":"bits","type":"bit(9)"},{"name":"bit1","type":"bit(1)"},)j"
        R"j({"name":"state","type":"set('a','b')","labels":["a","b"]},{"name":"odd-name","type":"point"},)j"
        R"j({"name":"other","type":"point"},{"name":"shape","type":"geometry"},{"name":"doc","type":"json"},)j"
        R"j({"name":"f","type":"float unsigned"},{"name":"g","type":"double unsigned"},{"name":"words","type":"varchar(20)"}]})j";
    event::Table table = event::parse_table(json);
    table.db = "shop";
    table.table = "t";
    const std::string text = debezium_avro_schemas({table, json, "mysql", "p"}).value;
    const AvroSchema schema{text};
    const Json connect = Json::parse(connect_schema(text));
    std::string types;
    for (const Json& field : connect["fields"][0]["fields"]) {
        types += fmt::format("{} {} {} {}\n", field["field"].get<std::string>(),
                             field["type"].get<std::string>(), field.value("name", "-"),
                             field.value("parameters", Json::object()).dump());
    }
    CHECK(types == R"(id int64 - {}
tiny int16 - {}
n int64 - {}
deci bytes org.apache.kafka.connect.data.Decimal {"scale":"2","connect.decimal.precision":"12"}
at int64 io.debezium.time.MicroTimestamp {}
at3 int64 io.debezium.time.Timestamp {}
made int32 io.debezium.time.Year {}
seen string io.debezium.time.ZonedTimestamp {}
bits bytes io.debezium.data.Bits {"length":"9"}
bit1 boolean - {}
state string io.debezium.data.EnumSet {"allowed":"a,b"}
odd-name struct io.debezium.data.geometry.Point {}
other struct io.debezium.data.geometry.Point {}
shape struct io.debezium.data.geometry.Geometry {}
doc string io.debezium.data.Json {}
f float - {}
g double - {}
words string - {}
)");
}
