#include "base/base64.hpp"
#include "record/proto_decoder.hpp"
#include "record/proto_known_files.hpp"
#include "record/proto_schema.hpp"
#include "record/wire.hpp"

#include "support.hpp"

using namespace cdc;
using namespace cdc::record;

namespace {

// protoc --descriptor_set_out, of the texts behind them.
constexpr const char* kFile =
    "Cgp1bml0LnByb3RvEgRzaG9wGh9nb29nbGUvcHJvdG9idWYvdGltZXN0YW1wLnByb3RvIvcDCgVPdXRlchIpCgR0"
    "YWdzGAEgAygLMhUuc2hvcC5PdXRlci5UYWdzRW50cnlSBHRhZ3MaNwoJVGFnc0VudHJ5EhAKA2tleRgBIAEoCVID"
    "a2V5EhQKBXZhbHVlGAIgASgDUgV2YWx1ZToCOAEaiQMKA1JvdxIOCgJpZBgBIAEoBVICaWQSKgoCYXQYAiABKAsy"
    "Gi5nb29nbGUucHJvdG9idWYuVGltZXN0YW1wUgJhdBIXCgRub3RlGAMgASgJSAFSBG5vdGWIAQESEgoEbWFueRgE"
    "IAMoEVIEbWFueRItCgRtb3JlGAUgAygLMhkuc2hvcC5PdXRlci5Sb3cuTW9yZUVudHJ5UgRtb3JlEigKBGtpbmQY"
    "BiABKA4yFC5zaG9wLk91dGVyLlJvdy5LaW5kUgRraW5kEhIKA3llcxgHIAEoCEgAUgN5ZXMSGAoGbnVtYmVyGAgg"
    "ASgBSABSBm51bWJlchIQCgNyYXcYCSABKAxSA3JhdxpICglNb3JlRW50cnkSEAoDa2V5GAEgASgJUgNrZXkSJQoF"
    "dmFsdWUYAiABKAsyDy5zaG9wLk91dGVyLlJvd1IFdmFsdWU6AjgBIiMKBEtpbmQSCAoETk9ORRAAEhEKBExFU1MQ"
    "////////////AUIICgZjaG9pY2VCBwoFX25vdGUiKwoGU2Vjb25kEiEKA3JvdxgBIAEoCzIPLnNob3AuT3V0ZXIu"
    "Um93UgNyb3diBnByb3RvMw==";
constexpr const char* kFileText = R"(syntax = "proto3"; package shop;
import "google/protobuf/timestamp.proto";
message Outer {
  map<string, int64> tags = 1;
  message Row {
    int32 id = 1; google.protobuf.Timestamp at = 2; optional string note = 3;
    repeated sint32 many = 4; map<string, Row> more = 5; enum Kind { NONE = 0; LESS = -1; }
    Kind kind = 6; oneof choice { bool yes = 7; double number = 8; } bytes raw = 9;
  }
}
message Second { Outer.Row row = 1; })";
// message Old { required int32 a = 1; optional string b = 2; map<string, int32> m = 3; }
constexpr const char* kProto2 =
    "CglvbGQucHJvdG8icgoDT2xkEgwKAWEYASACKAVSAWESDAoBYhgCIAEoCVIBYhIZCgFtGAMgAygLMgsuT2xkLk1F"
    "bnRyeVIBbRo0CgZNRW50cnkSEAoDa2V5GAEgASgJUgNrZXkSFAoFdmFsdWUYAiABKAVSBXZhbHVlOgI4AQ==";
// message Old { optional group G = 1 { optional int32 a = 1; } }
constexpr const char* kGroup =
    "Cgtncm91cC5wcm90byIuCgNPbGQSFAoBZxgBIAEoCjIGLk9sZC5HUgFnGhEKAUcSDAoBYRgBIAEoBVIBYQ==";

std::string json(const ProtoSchema& schema, const std::vector<std::uint32_t>& path,
                 std::string_view bytes) {
    const ProtoMessage* message = schema.at(path);
    REQUIRE(message != nullptr);
    std::string out;
    ProtoDecoder{}.append(out, schema, *message, event::FloatLayout::plain, bytes);
    return out;
}

std::string encoded(std::string_view bytes) {
    std::string out;
    base::append_base64(out, bytes);
    return out;
}

std::string sized(char tag, const std::string& bytes) {
    std::string out{tag};
    append_varint(out, bytes.size());
    return out + bytes;
}

} // namespace

TEST_CASE("a descriptor in base64 is read as the text that it was made of") {
    const std::string bytes("\x08\x07\x12\x02\x08\x05\x1a\x00\x22\x01\x05"
                            "\x2a\x07\x0a\x01x\x12\x02\x08\x08"
                            "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                            "\x41\x00\x00\x00\x00\x00\x00\xf8\x3f",
                            40);
    const ProtoSchema schema{kFile};
    const std::string row =
        R"({"id":7,"at":{"seconds":5,"nanos":0},"note":"","many":[-3],"more":[{"key":"x","value":)"
        R"({"id":8,"at":null,"note":null,"many":[],"more":[],"kind":"NONE","yes":null,"number":null,"raw":""}}],)"
        R"("kind":"LESS","yes":null,"number":1.5,"raw":""})";
    CHECK(json(schema, {0, 1}, bytes) == row);
    CHECK(json(ProtoSchema{kFileText}, {0, 0}, bytes) == row);
    CHECK(schema.root().name == "shop.Outer");
    CHECK(schema.at({1})->name == "shop.Second");
    CHECK(json(ProtoSchema{kProto2}, {0}, std::string("\x1a\x00", 2)) ==
          R"({"a":null,"b":null,"m":[{"key":"","value":0}]})");
}

TEST_CASE(
    "entries of maps have an index in descriptors, and in texts where they stand as messages") {
    CHECK(ProtoSchema{kFile}.at({0, 0})->name == "shop.Outer.TagsEntry");
    CHECK(ProtoSchema{kFile}.at({0, 1, 0})->name == "shop.Outer.Row.MoreEntry");
    CHECK(ProtoSchema{kFileText}.at({0, 0})->name == "shop.Outer.Row");
    const ProtoSchema spelled{R"(syntax = "proto2"; message M { repeated TagsEntry tags = 1;
        message TagsEntry { optional string key = 1; optional int32 value = 2; option map_entry = true; }
        message Row { optional int32 id = 1; } })"};
    CHECK(spelled.at({0, 1})->name == "M.Row");
    CHECK(json(spelled, {0}, std::string("\x0a\x00", 2)) == R"({"tags":[{"key":"","value":0}]})");
}

TEST_CASE("files that everybody has are known, those of the registry come first") {
    for (const char* name : {"google/protobuf/any.proto",
                             "google/protobuf/api.proto",
                             "google/protobuf/descriptor.proto",
                             "google/protobuf/duration.proto",
                             "google/protobuf/empty.proto",
                             "google/protobuf/field_mask.proto",
                             "google/protobuf/source_context.proto",
                             "google/protobuf/struct.proto",
                             "google/protobuf/timestamp.proto",
                             "google/protobuf/type.proto",
                             "google/protobuf/wrappers.proto",
                             "google/type/calendar_period.proto",
                             "google/type/color.proto",
                             "google/type/date.proto",
                             "google/type/datetime.proto",
                             "google/type/dayofweek.proto",
                             "google/type/decimal.proto",
                             "google/type/expr.proto",
                             "google/type/fraction.proto",
                             "google/type/interval.proto",
                             "google/type/latlng.proto",
                             "google/type/localized_text.proto",
                             "google/type/money.proto",
                             "google/type/month.proto",
                             "google/type/phone_number.proto",
                             "google/type/postal_address.proto",
                             "google/type/quaternion.proto",
                             "google/type/timeofday.proto",
                             "confluent/meta.proto",
                             "confluent/type/decimal.proto",
                             "confluent/type/variant.proto"}) {
        INFO(name);
        const std::string text{proto_known_file(name)};
        CHECK_FALSE(text.empty());
        const auto import = fmt::format("import \"{}\"; message M {{ int32 a = 1; }}", name);
        CHECK(ProtoSchema{import}.root().fields.size() == 1);
    }
    CHECK(proto_known_file("google/protobuf/other.proto").empty());
    CHECK(json(ProtoSchema{R"(import "google/protobuf/descriptor.proto";
                               message M { google.protobuf.EnumValueDescriptorProto v = 1; })"},
               {0}, std::string("\x0a\x05\x0a\x01x\x10\x02", 7)) ==
          R"({"v":{"name":"x","number":2,"options":null}})");
    constexpr const char* kUse =
        "import \"confluent/types/decimal.proto\"; import \"google/type/date.proto\";"
        "message M { confluent.type.Decimal d = 1; google.type.Date day = 2; }";
    CHECK(json(ProtoSchema{kUse}, {0}, std::string("\x0a\x05\x0a\x01\x07\x18\x02", 7)) ==
          R"({"d":{"value":"Bw==","precision":0,"scale":2},"day":null})");
    const std::vector<NamedSchema> own{
        {"google/type/date.proto",
         "syntax = \"proto3\"; package google.type; message Date { string text = 1; }"}};
    CHECK(json(ProtoSchema{kUse, own}, {0}, std::string("\x12\x03\x0a\x01x", 5)) ==
          R"({"d":null,"day":{"text":"x"}})");
}

TEST_CASE("options of Confluent's converter are passed over, with lists in them") {
    const ProtoSchema schema{R"(syntax = "proto3"; package shop;
import "confluent/meta.proto"; import "confluent/type/decimal.proto";
option (confluent.file_meta) = { params: [ { key: "a", value: "b" } ] };
message Value {
  option (confluent.message_meta) = { params: [ { key: "connect.name", value: "x]" } ] };
  optional .confluent.type.Decimal amount = 1 [(confluent.field_meta) = {
    params: [ { key: "precision", value: "12" }, { key: "scale", value: "2" } ] }, json_name = "a"];
  int32 id = 2 [(confluent.field_meta) = { tags: "PII" }];
})"};
    CHECK(json(schema, {0}, std::string("\x0a\x05\x0a\x01\x07\x18\x02\x10\x08", 9)) ==
          R"({"amount":{"value":"Bw==","precision":0,"scale":2},"id":8})");
}

TEST_CASE("descriptors that are cut, have groups or no names are bad data") {
    std::string bytes;
    REQUIRE(base::append_base64_decoded(bytes, kFile));
    std::size_t refused = 0;
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        try {
            const ProtoSchema schema{encoded(bytes.substr(0, size))};
        } catch (const base::Error& error) {
            CHECK(error.code() == base::ExitCode::bad_data);
            ++refused;
        }
    }
    CHECK(refused > bytes.size() - 5);
    CHECK_FAILS(ProtoSchema{encoded(bytes.substr(0, 100))}, bad_data,
                "Protobuf schema's bytes end");
    CHECK_FAILS(ProtoSchema{kGroup}, bad_data, "field 'g' is of type 10");
    CHECK_FAILS(ProtoSchema{encoded("\x22\x03\x0a\x01\"")}, bad_data, "is no name");
    CHECK_FAILS(ProtoSchema{encoded(std::string("\x22\x02\x12\x00", 4))}, bad_data, "is no name");
    std::string deep;
    for (int i = 0; i < 40; ++i) {
        deep = "\x0a\x01M" + sized('\x1a', deep);
    }
    CHECK_FAILS(ProtoSchema{encoded(sized('\x22', deep))}, bad_data, "messages more than 32 deep");
}
