#include "record/avro_decoder.hpp"
#include "record/avro_encoder.hpp"
#include "record/field_name.hpp"
#include "record/framing.hpp"

#include "record_lines.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

using namespace cdc;
using namespace cdc::record;

namespace {

const std::string kData = std::string{CDC_SOURCE_DIR} + "/tests/data/";

struct Shape : ShapeOf<AvroSchema> {
    explicit Shape(std::string_view table_line) : ShapeOf{table_line, avro_schemas} {}
};

std::string avro(const AvroSchema& schema, std::string_view json) {
    AvroEncoder encoder{AbsentColumns::listed};
    std::string out;
    encoder.append(out, schema, json);
    std::string again;
    encoder.append(again, schema, json); // as the record before it
    REQUIRE(again == out);
    return out;
}

std::string json(const AvroSchema& schema, std::string_view bytes) {
    AvroDecoder decoder;
    std::string out;
    decoder.append(out, schema, bytes);
    return out;
}

std::string there_and_back(const Shape& shape, std::string_view line) {
    return record::there_and_back(shape, line, avro, json);
}

} // namespace

TEST_CASE("names are Avro's, and come back") {
    for (const auto& [name, field] :
         std::map<std::string, std::string>{{"plain_1", "plain_1"},
                                            {"odd-name", "odd_x002D_name"},
                                            {"1st", "_x0031_st"},
                                            {"a b", "a_x0020_b"},
                                            {"_x", "_x005F_x"},
                                            {"a_x002D_b", "a_x005F_x002D_b"},
                                            {"é😀", "_x00E9__x1F600_"},
                                            {"__", "__"},
                                            {"", "_x_"}}) {
        CHECK(field_name(name) == field);
        CHECK(column_name(field) == name);
    }
    CHECK(column_name("_xyz_") == "_xyz_");
    CHECK(column_name("max_x") == "max_x");
}

TEST_CASE("a frame is a zero byte and the id") {
    std::string bytes;
    append_frame(bytes, 0x01020304);
    CHECK(bytes == std::string("\0\1\2\3\4", 5));
    CHECK(parse_frame(bytes + "x")->id == 0x01020304);
    CHECK(parse_frame(bytes + "x")->payload == "x");
    CHECK_FALSE(parse_frame(bytes.substr(0, 4)));
    CHECK_FALSE(parse_frame("{}"));
}

TEST_CASE("a header names a schema by its id or its GUID, and the payload is whole") {
    constexpr std::string_view kNumber{"\0\1\2\3\4", 5};
    constexpr std::string_view kPayload{"\0\0\0\0\1", 5};
    const auto by_id = parse_schema_header(kNumber, kPayload);
    CHECK(by_id->id == 0x01020304);
    CHECK(by_id->guid.empty());
    CHECK(by_id->header_rest == "");
    const std::string header = std::string("\1\x89\x02", 3) + std::string(13, '\0') + '\xff';
    const std::string longer = header + "\2\2";
    const auto by_guid = parse_schema_header(longer, kPayload);
    CHECK(by_guid->payload == kPayload);
    CHECK(by_guid->header_rest == "\2\2");
    CHECK(guid_text(by_guid->guid) == "89020000-0000-0000-0000-0000000000ff");
    for (std::size_t size = 0; size < header.size(); ++size) {
        CHECK_FALSE(parse_schema_header(header.substr(0, size), "x"));
    }
    CHECK_FALSE(parse_schema_header(kNumber.substr(0, 4), "x"));
    CHECK_FALSE(parse_schema_header("\2" + header.substr(1), "x"));
}

TEST_CASE("changes come back through Avro byte by byte: absent columns, key changes, names") {
    const Shape shape{table_line(
        R"([{"name":"id","type":"integer","nullable":false,"key":1},)"
        R"({"name":"odd-name","type":"text","nullable":false},)"
        R"j({"name":"n","type":"numeric(12,2)","nullable":true,"precision":12,"scale":2}])j")};
    for (
        const std::string& line : {
            change_line(R"({"id":7})",
                        R"("before":null,"after":{"id":7,"odd-name":"a\n\"é","n":"1234.56"})"),
            change_line(
                R"({"id":7})",
                R"("before":{"id":7,"odd-name":"","n":null},"after":{"id":7,"odd-name":"x","n":"-0.01"})"),
            change_line(R"({"id":7})", R"("before":{"id":7},"after":null)"),
            change_line(R"({"id":7})",
                        R"("before":null,"after":{"id":7,"n":null},"unchanged":["odd-name"])"),
            change_line(R"({"id":8})", R"("before":{"id":8},"after":null,"key_after":{"id":9})"),
            change_line(
                R"({"id":9})",
                R"("before":null,"after":{"id":9,"odd-name":"","n":null},"key_before":{"id":8})"),
            change_line("null", R"("before":null,"after":null)"),
        }) {
        CHECK(there_and_back(shape, line) == line);
    }
    // In another order than the schema's the values are the same.
    CHECK(there_and_back(
              shape, change_line(R"({"id":7})", R"("before":null,"after":{"n":"2.00","id":7})")) ==
          change_line(R"({"id":7})", R"("before":null,"after":{"id":7,"n":"2.00"})"));
}

namespace {

/// The JSON, or what the refusal says.
std::string outcome(AvroDecoder& decoder, const AvroSchema& schema, std::string_view bytes) {
    std::string out;
    try {
        decoder.append(out, schema, bytes);
    } catch (const base::Error& error) {
        return error.what();
    }
    return out;
}

/// Bytes like these, each with a change at one place.
std::vector<std::string> neighbours(const std::string& bytes) {
    std::vector<std::string> out{bytes};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (const int bits : {1, 2, 0x40, 0x80}) {
            out.push_back(bytes);
            out.back()[i] = static_cast<char>(out.back()[i] ^ bits);
        }
        out.push_back(bytes.substr(0, i));
        out.push_back(bytes.substr(0, i) + bytes.substr(i + 1));
        out.push_back(bytes.substr(0, i) + bytes[i] + bytes.substr(i));
    }
    return out;
}

/// One decoder makes of each what a new one makes of it. How many are values.
std::size_t compare_kept(const AvroSchema& schema, const std::string& bytes) {
    AvroDecoder kept;
    std::size_t values = 0;
    for (const std::string& one : neighbours(bytes)) {
        for (const std::string& message : {one, bytes}) {
            const std::string said = outcome(kept, schema, message);
            AvroDecoder fresh;
            REQUIRE(said == outcome(fresh, schema, message));
            values += said[0] == '{';
        }
    }
    return values;
}

} // namespace

TEST_CASE("what a decoder kept of the last message changes no other") {
    const Shape shape{table_line(R"([{"name":"id","type":"integer","nullable":false,"key":1}])")};
    const std::string line = change_line(R"({"id":7})", R"("before":null,"after":{"id":7})");
    const std::string bytes = avro(*shape.value, "{" + line.substr(line.find(R"("before")")));
    CHECK(compare_kept(*shape.value, bytes) > bytes.size());
}

TEST_CASE("what a decoder kept of one schema is not another's") {
    const auto schema = [](const std::string& name) {
        return R"({"type":"record","name":"r","fields":[{"name":"a","type":{"type":"record","name":"n","fields":[{"name":")" +
               name + R"(","type":"string"}]}}]})";
    };
    AvroDecoder decoder;
    for (const char* name : {"s", "t"}) {
        const AvroSchema one{schema(name)}; // the second may stand where the first stood
        CHECK(outcome(decoder, one, "\2x") == R"({"a":{")" + std::string{name} + R"(":"x"}})");
    }
}

TEST_CASE("a record beside the rows that holds itself is decoded at each depth") {
    const AvroSchema schema{
        R"({"type":"record","name":"r","fields":[{"name":"a","type":{"type":"record","name":"n","fields":[)"
        R"({"name":"s","type":"string"},{"name":"next","type":["null","n"]}]}},{"name":"b","type":"n"}]})"};
    const std::string bytes{"\2x\2\2y\2\2z\0\2x\0", 12};
    AvroDecoder decoder;
    CHECK(
        outcome(decoder, schema, bytes) ==
        R"({"a":{"s":"x","next":{"s":"y","next":{"s":"z","next":null}}},"b":{"s":"x","next":null}})");
    CHECK(compare_kept(schema, bytes) > bytes.size());
}

TEST_CASE("the bytes of Avro are the specification's") {
    const Shape shape{table_line(
        R"([{"name":"id","type":"bigint","nullable":false,"key":1},)"
        R"j({"name":"d","type":"numeric(12,2)","nullable":true,"precision":12,"scale":2}])j")};
    CHECK(avro(*shape.key, R"({"id":64})") == std::string("\x80\x01"));
    CHECK(avro(*shape.key, R"({"id":-65})") == std::string("\x81\x01"));
    CHECK(avro(*shape.key, R"({"id":"9007199254740993"})").size() == 8);
    const std::string value =
        avro(*shape.value, change_line("", "").substr(8).insert(
                               0, R"({"before":null,"after":{"id":1,"d":"1234.56"})"));
    CHECK(value.substr(0, 9) == std::string("\x00\x02\x02\x02\x02\x06\x01\xe2\x40", 9));
}

TEST_CASE("what Avro has no form for is bad data that names the column") {
    const auto fails = [](const std::string& type, const std::string& value, const char* word,
                          const std::string& connector = "postgresql") {
        const Shape shape{table_line(R"([{"name":"col","type":)" + type + "}]", connector)};
        CHECK_FAILS(there_and_back(shape, change_line("null", R"("before":null,"after":{"col":)" +
                                                                  value + "}")),
                    bad_data, word);
    };
    fails(R"j("numeric(12,2)","precision":12,"scale":2)j", R"("NaN")", "'col'");
    fails(R"j("numeric(12,2)","precision":12,"scale":2)j", R"("1.234")", "decimal");
    fails(R"("integer")", "2147483648", "int");
    fails(R"("integer[]","element":"integer")", "[[1]]", "int");
    fails(R"("timestamp without time zone")", R"("294276-01-01T00:00:00")", "timestamp");
    fails(R"("bytea")", R"("???")", "bytes");
    fails(R"("boolean")", R"("x")", "boolean");
}

TEST_CASE("every line of the captured binary logs comes back through Avro byte by byte") {
    std::size_t changes = 0;
    std::set<std::string> refusals;
    for (const auto& file : std::filesystem::directory_iterator{kData + "binlog"}) {
        if (file.path().extension() != ".ndjson") {
            continue;
        }
        std::ifstream lines{file.path()};
        std::map<std::string, std::unique_ptr<Shape>> shapes;
        event::LineDecoder decoder;
        for (std::string line; std::getline(lines, line);) {
            const event::DecodedLine& decoded = decoder.decode(line);
            const std::string name = decoded.source.db + "." + decoded.source.table;
            if (decoded.kind == event::LineKind::table) {
                shapes[name] = std::make_unique<Shape>(line);
            } else if (decoded.kind == event::LineKind::change) {
                std::string back;
                try {
                    back = there_and_back(*shapes.at(name), line);
                } catch (const base::Error& error) {
                    refusals.insert(error.what());
                    continue;
                }
                INFO(file.path().string());
                CHECK(back == line);
                ++changes;
            }
        }
    }
    CHECK(changes > 90);
    CHECK(refusals ==
          std::set<std::string>{"the value '\"0000-00-00\"' of 'da' has no form in Avro's date"});
}

TEST_CASE("every value of every PostgreSQL type comes back through Avro, or is refused") {
    std::ifstream lines{kData + "types/values.golden"};
    std::unique_ptr<Shape> shape;
    std::string type;
    std::size_t values = 0;
    std::set<std::string> refused;
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("    ", 0) != 0) {
            type = line.substr(0, line.find(':'));
            const std::string_view column = std::string_view{line}.substr(line.find(" {") + 2);
            const std::string members{column.substr(0, column.rfind("} ClickHouse:"))};
            shape = std::make_unique<Shape>(table_line(R"([{"name":"v",)" + members + "}]"));
            continue;
        }
        if (line.find("\u2026 ") != std::string::npos) {
            continue; // a long one, of which the file has the beginning
        }
        event::JsonCursor cursor{std::string_view{line}.substr(4)};
        cursor.value();
        event::JsonCursor behind{std::string_view{line}.substr(4 + cursor.offset() + 4)};
        const std::string change = change_line("null", R"("before":null,"after":{"v":)" +
                                                           std::string{behind.value()} + "}");
        REQUIRE_FALSE(behind.failed());
        std::string back;
        try {
            back = there_and_back(*shape, change);
        } catch (const base::Error&) {
            refused.insert(type);
            continue;
        }
        INFO(type);
        CHECK(back == change);
        ++values;
    }
    CHECK(values > 400);
    // Arrays of more dimensions or other bounds, and timestamps beyond 64 bits of microseconds.
    CHECK(refused == std::set<std::string>{"array_bounds", "array_bounds_two",
                                           "array_declared_dimensions", "array_two_dimensions",
                                           "timestamp_odd", "timestamptz_odd"});
}

TEST_CASE("decimals of a thousand digits come back through Avro") {
    const Shape shape{
        table_line(R"j([{"name":"v","type":"numeric(1000,500)","precision":1000,"scale":500}])j")};
    for (const std::string& value :
         {std::string(500, '9') + "." + std::string(500, '9'), "-0." + std::string(499, '0') + "1",
          "-" + std::string(60, '8') + "." + std::string(500, '0')}) {
        const std::string line =
            change_line("null", R"("before":null,"after":{"v":")" + value + R"("})");
        CHECK(there_and_back(shape, line) == line);
    }
}

TEST_CASE("bytes that are cut or go on are bad data") {
    const Shape shape{
        table_line(R"([{"name":"id","type":"integer","nullable":false,"key":1},)"
                   R"({"name":"t","type":"text"},{"name":"a","type":"real[]","element":"real"}])")};
    const std::string line =
        change_line(R"({"id":7})", R"("before":null,"after":{"id":7,"t":"text","a":[1.5,null]})");
    kafka::ChangeCut cut;
    kafka::cut_change(line, cut);
    const std::string bytes = avro(*shape.value, "{" + std::string{cut.rest});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FAILS(json(*shape.value, bytes.substr(0, size)), bad_data, "");
    }
    CHECK_FAILS(json(*shape.value, bytes + "x"), bad_data, "behind");
}

TEST_CASE("a text that is not UTF-8 is bad data, short or long") {
    const Shape shape{table_line(R"([{"name":"t","type":"text"}])")};
    for (const std::size_t size : {1, 2, 31, 32, 33, 100}) {
        const std::string text(size - 1, 'x');
        const auto value = [&](const std::string& last) {
            return avro(*shape.value, "{" + change_line("", R"("before":null,"after":{"t":")" +
                                                                text + last + R"("})")
                                                .substr(8));
        };
        CHECK(json(*shape.value, value("x")).find('"' + text + "x\"") != std::string::npos);
        CHECK(json(*shape.value, value("é")).find('"' + text + "é\"") != std::string::npos);
        CHECK_FAILS(json(*shape.value, value("\xe9")), bad_data, "UTF-8");
    }
}
