// Protobuf: whatever the bytes, they become JSON that encodes to a message again, or bad_data;
// whatever the schema's text, it is one or bad_data: the input up to a byte 0, before the bytes of
// its message. The same of the input as a descriptor, and as a message of it.
#include "base/base64.hpp"
#include "fuzz_input.hpp"
#include "record/proto_decoder.hpp"
#include "record/proto_encoder.hpp"
#include "record/table_schemas.hpp"

#include <algorithm>
#include <cstdint>

namespace {

using namespace cdc;
using namespace cdc::fuzz;

const record::ProtoSchema& table_schema() {
    static const record::ProtoSchema kSchema{[] {
        const std::string json =
            R"j({"name":"s.t","version":"0123456789abcdef","columns":[)j"
            R"j({"name":"id","type":"bigint","number":1,"nullable":false,"key":1},)j"
            R"j({"name":"b","type":"bytea","number":2},{"name":"n","type":"numeric","number":3},)j"
            R"j({"name":"f","type":"real","number":4},{"name":"u","type":"xid8","number":5},)j"
            R"j({"name":"ok","type":"boolean","number":6},{"name":"i","type":"integer","number":7},)j"
            R"j({"name":"a","type":"real[]","element":"real","number":8}]})j";
        event::Table table = event::parse_table(json);
        table.schema = "s";
        table.table = "t";
        return record::proto_schemas({table, json, "postgresql", "p"}).value;
    }()};
    return kSchema;
}

std::string decode(const record::ProtoSchema& schema, std::string_view bytes) {
    const record::ProtoMessage& message = record::take_message(schema, bytes);
    record::ProtoDecoder decoder;
    std::string json;
    decoder.append(json, schema, message, schema.floats(), bytes);
    require(is_json(json));
    return json;
}

void there_and_back(std::string_view bytes) {
    const std::string json = decode(table_schema(), bytes);
    if (bytes.empty() || bytes[0] != '\0') {
        return; // another message than the first
    }
    try_to([&] {
        std::string again{'\0'};
        record::ProtoEncoder{}.append(again, table_schema(), json);
        require(decode(table_schema(), again) == json);
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Exact copy{data, size};
    const std::string_view bytes = copy.bytes();
    try_to([&] { there_and_back(bytes); });
    const auto split = std::min(bytes.find('\0'), size);
    try_to([&] {
        const record::ProtoSchema schema{bytes.substr(0, split)};
        decode(schema, bytes.substr(split));
    });
    try_to([&] {
        std::string text;
        base::append_base64(text, bytes);
        const record::ProtoSchema schema{text};
        decode(schema, bytes);
    });
    return 0;
}
