#include "record/avro_decoder.hpp"
#include "record/avro_schema.hpp"
#include "record/connect_schema.hpp"
#include "record/proto_decoder.hpp"
#include "record/proto_schema.hpp"
#include "registry/references.hpp"

#include "support.hpp"

#include <nlohmann/json.hpp>

#include <map>

using namespace cdc;
using namespace cdc::record;
using Json = nlohmann::json;

namespace {

std::string json(const AvroSchema& schema, std::string_view bytes) {
    std::string out;
    AvroDecoder{}.append(out, schema, bytes);
    return out;
}

std::string json(const ProtoSchema& schema, std::string_view bytes) {
    const ProtoMessage& message = take_message(schema, bytes);
    std::string out;
    ProtoDecoder{}.append(out, schema, message, schema.floats(), bytes);
    return out;
}

std::string answer(std::string_view schema, const std::vector<Json>& references = {}) {
    return Json{{"schema", schema}, {"references", references}}.dump();
}

Json refer(const char* name, const char* subject, int version) {
    return {{"name", name}, {"subject", subject}, {"version", version}};
}

/// A registry of answers by "SUBJECT VERSION"; counts the questions.
struct Registry {
    std::map<std::string, std::string> answers;
    int questions = 0;

    std::vector<NamedSchema> gather(const std::string& root) {
        return registry::gather_references(
            root, "schema id 7",
            [this](const std::string& subject,
                   const std::string& version) -> std::optional<std::string> {
                ++questions;
                const auto found = answers.find(subject + " " + version);
                return found == answers.end() ? std::nullopt : std::optional{found->second};
            });
    }
};

std::string names(const std::vector<NamedSchema>& schemas) {
    std::string out;
    for (const NamedSchema& one : schemas) {
        out += one.name + "=" + one.text + " ";
    }
    return out;
}

const std::vector<NamedSchema> kAvro{
    {"x.Place",
     R"({"type":"record","name":"Place","namespace":"x","fields":[{"name":"town","type":"string"}]})"},
    {"y.Row",
     R"({"type":"record","name":"y.Row","fields":[{"name":"id","type":"int"},{"name":"place","type":"x.Place"},)"
     R"({"name":"day","type":{"type":"int","connect.name":"io.debezium.time.Date"}}]})"}};
constexpr std::string_view kAvroRoot =
    R"({"type":"record","name":"Envelope","namespace":"y","fields":[{"name":"before","type":["null","Row"]},)"
    R"({"name":"after","type":["null","y.Row"]},{"name":"at","type":["null","x.Place"]}]})";

} // namespace

TEST_CASE("an Avro schema has the types of those that it refers to") {
    const AvroSchema schema{kAvroRoot, kAvro};
    CHECK(json(schema, std::string("\x00\x02\x0e\x06Ulm\x02\x00", 9)) ==
          R"({"before":null,"after":{"id":7,"place":{"town":"Ulm"},"day":1},"at":null})");
    CHECK_FAILS((AvroSchema{kAvroRoot}), bad_data, "unknown type: '\"Row\"'");
    CHECK_FAILS((AvroSchema{kAvroRoot, NamedSchemas{kAvro}.subspan(1)}), bad_data, "x.Place");
}

TEST_CASE("Connect's schema of an Avro schema has the types of those that it refers to") {
    const Json connect = Json::parse(connect_schema(kAvroRoot, kAvro));
    for (const int image : {0, 1}) {
        const Json& row = connect["fields"][image];
        CHECK(row["optional"] == Json(true));
        CHECK(row["fields"][1]["fields"][0]["field"] == Json("town"));
        CHECK(row["fields"][2]["name"] == Json("io.debezium.time.Date"));
    }
}

TEST_CASE("a Protobuf schema has the messages of files that it imports, and the root is its own") {
    const std::vector<NamedSchema> files{
        {"a/place.proto", "syntax = \"proto3\"; package x; message Place { string town = 1; }"},
        {"row.proto", "syntax = \"proto2\"; package y; import public \"a/place.proto\";\n"
                      "message Row { optional int32 id = 1; optional x.Place place = 2;\n"
                      "enum Kind { NONE = 0; SOME = 1; } optional Kind kind = 3; }"}};
    constexpr std::string_view kRoot = "syntax = \"proto3\"; package y; import 'row.proto';\n"
                                       "message Envelope { Row after = 1; x.Place at = 2; }";
    const ProtoSchema schema{kRoot, files};
    CHECK(schema.root().name == "y.Envelope");
    CHECK(schema.at({1}) == nullptr);
    CHECK(json(schema, std::string("\x00\x0a\x0b\x08\x07\x12\x05\x0a\x03Ulm\x18\x01", 14)) ==
          R"({"after":{"id":7,"place":{"town":"Ulm"},"kind":"SOME"},"at":null})");
    CHECK_FAILS((ProtoSchema{kRoot}), bad_data, "row.proto");
    CHECK_FAILS((ProtoSchema{kRoot, NamedSchemas{files}.subspan(1)}), bad_data, "a/place.proto");
}

TEST_CASE("references are gathered with what they refer to, in an order that reads, each once") {
    Registry registry;
    registry.answers = {{"base 3", answer("BASE")},
                        {"mid 1", answer("MID", {refer("n.Base", "base", 3)})},
                        {"other latest", answer("OTHER", {refer("n.Base", "base", 3)})}};
    CHECK(names(registry.gather(
              answer("ROOT", {refer("n.Mid", "mid", 1), refer("n.Other", "other", -1)}))) ==
          "n.Base=BASE n.Mid=MID n.Other=OTHER ");
    CHECK(registry.questions == 3);
    CHECK(registry.gather(answer("ROOT")).empty());
    CHECK(registry.gather(R"({"schema":"ROOT"})").empty());
}

TEST_CASE("of two references with one name the first counts, as it did for the writer") {
    Registry registry;
    registry.answers = {{"base 1", answer("OLD")},
                        {"base 2", answer("NEW")},
                        {"mid 1", answer("MID", {refer("n.Base", "base", 1)})}};
    CHECK(names(registry.gather(
              answer("ROOT", {refer("n.Base", "base", 2), refer("n.Mid", "mid", 1)}))) ==
          "n.Base=NEW n.Mid=MID ");
}

TEST_CASE("references that are missing, lead to themselves or say nothing are named") {
    Registry registry;
    registry.answers = {{"a 1", answer("A", {refer("n.B", "b", 1)})},
                        {"b 1", answer("B", {refer("n.A", "a", 1)})}};
    CHECK_FAILS(registry.gather(answer("ROOT", {refer("n.A", "a", 1)})), bad_data,
                "schema id 7 has references that lead to themselves: 'n.A → n.B → n.A'");
    CHECK_FAILS(registry.gather(answer("ROOT", {refer("n.C", "c", 4)})), bad_data,
                "refers to 'n.C', version 4 of subject 'c', which is not in the registry");
    CHECK_FAILS(registry.gather(answer("ROOT", {Json::object({{"name", "n"}})})), bad_data,
                "without name, subject or version");
}
