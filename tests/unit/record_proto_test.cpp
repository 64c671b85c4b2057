#include "record/proto_decoder.hpp"
#include "record/proto_encoder.hpp"

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

struct Shape : ShapeOf<ProtoSchema> {
    explicit Shape(std::string_view table_line) : ShapeOf{table_line, proto_schemas} {}
};

std::string proto(const ProtoSchema& schema, std::string_view json) {
    std::string out;
    ProtoEncoder{}.append(out, schema, json);
    return out;
}

std::string json(const ProtoSchema& schema, const Shape& shape, std::string_view bytes) {
    std::string out;
    ProtoDecoder{}.append(out, schema, schema.root(), shape.value->floats(), bytes);
    return out;
}

std::string there_and_back(const Shape& shape, std::string_view line) {
    return record::there_and_back(shape, line, proto,
                                  [&](const ProtoSchema& schema, std::string_view bytes) {
                                      return json(schema, shape, bytes);
                                  });
}

} // namespace

TEST_CASE("changes come back through Protobuf byte by byte: absent columns, "
          "key changes, names") {
    const Shape shape{table_line(
        R"([{"name":"id","type":"integer","nullable":false,"key":1},)"
        R"({"name":"odd-name","type":"text","nullable":false},{"name":"oddName","type":"text"},)"
        R"({"name":"odd_name","type":"integer[]","element":"integer"},)"
        R"j({"name":"n","type":"numeric(12,2)","precision":12,"scale":2}])j")};
    for (const std::string& line :
         {change_line(R"({"id":7})",
                      R"("before":null,"after":{"id":7,"odd-name":"a\n\"é","oddName":null,)"
                      R"("odd_name":[1,null,-3],"n":"NaN"})"),
          change_line(
              R"({"id":-7})",
              R"("before":{"id":-7,"odd-name":"","oddName":"x","odd_name":[],"n":null},)"
              R"("after":{"id":-7,"odd-name":"x","oddName":"","odd_name":null,"n":"-0.01"})"),
          change_line(R"({"id":7})", R"("before":{"id":7},"after":null)"),
          change_line(R"({"id":7})", R"("before":null,"after":{"id":7,"odd-name":"","n":null},)"
                                     R"("unchanged":["oddName","odd_name"])"),
          change_line(R"({"id":8})", R"("before":{"id":8},"after":null,"key_after":{"id":9})"),
          change_line(R"({"id":9})", R"("before":null,"after":{},"key_before":{"id":8})"),
          change_line("null", R"("before":null,"after":null)")}) {
        CHECK(there_and_back(shape, line) == line);
    }
}

TEST_CASE("the bytes of Protobuf are the specification's") {
    const Shape shape{
        table_line(R"([{"name":"id","type":"bigint","number":3,"nullable":false,"key":1}])")};
    CHECK(proto(*shape.key, R"({"id":300})") == std::string("\x18\xac\x02"));
    CHECK(proto(*shape.key, R"({"id":-1})") == "\x18" + std::string(9, '\xff') + '\1');
    CHECK(proto(*shape.key, R"({"id":"9007199254740993"})").size() == 9);
    CHECK(proto(*shape.value, R"({"before":null,"after":{"id":1},"op":"c"})") ==
          std::string("\x12\x02\x18\x01\x3a\x01"
                      "c"));
}

TEST_CASE("a column keeps its field's number over ALTERs") {
    const auto number_of = [](const std::string& columns) {
        const Shape shape{table_line(columns, "mysql")};
        const auto& fields = shape.key->root().fields;
        return fields[0].number;
    };
    const std::string key = R"({"name":"id","type":"int","nullable":false,"key":1})";
    CHECK(number_of("[" + key + "]") == number_of(R"([{"name":"a","type":"int"},)" + key + "]"));
    CHECK(number_of(R"([{"name":"id","type":"int","number":5,"key":1}])") == 5);
}

TEST_CASE("every line of the captured binary logs comes back through Protobuf "
          "byte by byte") {
    std::size_t changes = 0;
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
                INFO(file.path().string());
                CHECK(there_and_back(*shapes.at(name), line) == line);
                ++changes;
            }
        }
    }
    CHECK(changes > 90);
}

TEST_CASE("every value of every PostgreSQL type comes back through Protobuf, "
          "or is refused") {
    std::ifstream lines{kData + "types/values.golden"};
    std::unique_ptr<Shape> shape;
    std::string type;
    std::size_t values = 0;
    std::set<std::string> refused;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("    ")) {
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
        CHECK(back == change);
        ++values;
    }
    CHECK(values > 400);
    // Arrays of more dimensions or other bounds.
    CHECK(refused == std::set<std::string>{"array_bounds", "array_bounds_two",
                                           "array_declared_dimensions", "array_two_dimensions"});
}

TEST_CASE("Protobuf schemas of others: enums, oneof, maps, packed numbers, "
          "names in scopes") {
    const ProtoSchema schema{R"(
syntax = 'proto3'; // a comment
import "google/protobuf/timestamp.proto";
option java_package = "x;y";
package a.b;
message M { /* another
 */
  reserved 9, 20 to 30;
  enum Kind { option allow_alias = true; NONE = 0; SOME = 1 [deprecated = true]; }
  message Inner { sint32 z = 1; }
  Kind kind = 1;
  repeated int32 many = 2 [packed = true];
  oneof one { string text = 3; .a.b.M.Inner inner = 4; }
  map<string, int64> names = 5;
  fixed64 f = 6;
}
message Other { M.Inner i = 1; }
service S { rpc Call (M) returns (Other) { option x = 1; } }
)"};
    std::string out;
    ProtoDecoder decoder;
    decoder.append(out, schema, schema.root(), event::FloatLayout::plain,
                   std::string("\x08\x01\x12\x03\x01\xac\x02\x22\x02\x08\x03\x2a"
                               "\x05\x0a\x01k\x10\x07"));
    CHECK(out == R"({"kind":"SOME","many":[1,300],"text":null,"inner":{"z":-2},)"
                 R"("names":[{"key":"k","value":7}],"f":0})");
    CHECK_FALSE(schema.is_ours());
    CHECK(schema.at({0, 0})->name == "a.b.M.Inner");
    CHECK(schema.at({1})->name == "a.b.Other");
    CHECK(schema.at({2}) == nullptr);
    for (const auto& [framed, name] :
         std::map<std::string, std::string>{{std::string("\x04\x00\x00rest", 7), "a.b.M.Inner"},
                                            {std::string("\x00rest", 5), "a.b.M"},
                                            {"\x02\x02rest", "a.b.Other"}}) {
        std::string_view bytes{framed};
        CHECK(take_message(schema, bytes).name == name);
        CHECK(bytes == "rest");
    }
    std::string_view beyond{"\x02\x04rest"};
    CHECK_FAILS(take_message(schema, beyond), bad_data, "index 2");
    for (const char* text :
         {"", "message", "message M {", "message M { int32 a = 0; }", "message M { X a = 1; }",
          "message M { int32 a = 1; int32 b = 1; }", "message M {} message M {}"}) {
        INFO(text);
        CHECK_FAILS(ProtoSchema{text}, bad_data, "Protobuf schema");
    }
}

TEST_CASE("Protobuf bytes that are cut are bad data, or the message without "
          "its last fields") {
    const Shape shape{
        table_line(R"([{"name":"id","type":"integer","nullable":false,"key":1},)"
                   R"({"name":"t","type":"text"},{"name":"a","type":"real[]","element":"real"}])")};
    const std::string bytes = proto(
        *shape.value, R"({"before":null,"after":{"id":7,"t":"text","a":[1.5,null]},"op":"c"})");
    std::size_t refused = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        try {
            json(*shape.value, shape, bytes.substr(0, size));
        } catch (const base::Error& error) {
            CHECK(error.code() == base::ExitCode::bad_data);
            ++refused;
        }
    }
    CHECK(refused > bytes.size() - 4);
    CHECK_FAILS(json(*shape.value, shape, bytes + '\x12' + '\x05'), bad_data, "early");
    CHECK_FAILS(json(*shape.value, shape, std::string("\x3a\x01\xff")), bad_data, "UTF-8");
    CHECK_FAILS(json(*shape.value, shape, std::string("\x38\x01")), bad_data, "'op'");
}
