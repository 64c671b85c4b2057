// Avro: whatever the bytes, they become JSON that encodes to a value again, or bad_data; whatever
// the schema's text, it is one or bad_data: the first line of the input, before the bytes of its
// value.
#include "fuzz_input.hpp"
#include "record/avro_decoder.hpp"
#include "record/avro_encoder.hpp"
#include "record/avro_schema.hpp"
#include "record/connect_schema.hpp"
#include "record/framing.hpp"
#include "record/table_schemas.hpp"

#include <algorithm>
#include <cstdint>

namespace {

using namespace cdc;
using namespace cdc::fuzz;

const record::AvroSchema& table_schema() {
    static const record::AvroSchema kSchema{[] {
        const std::string json =
            R"j({"name":"s.t","version":"0123456789abcdef","columns":[)j"
            R"j({"name":"id","type":"bigint","nullable":false,"key":1},{"name":"b","type":"bytea"},)j"
            R"j({"name":"n","type":"numeric(12,2)","precision":12,"scale":2},)j"
            R"j({"name":"d","type":"date"},{"name":"t","type":"timestamp with time zone"},)j"
            R"j({"name":"c","type":"time without time zone"},{"name":"f","type":"real"},)j"
            R"j({"name":"a","type":"text[]","element":"text"},{"name":"u","type":"xid8"}]})j";
        event::Table table = event::parse_table(json);
        table.schema = "s";
        table.table = "t";
        return record::avro_schemas({table, json, "postgresql", "p"}).value;
    }()};
    return kSchema;
}

/// The JSON, or what the refusal says.
std::string outcome(record::AvroDecoder& decoder, const record::AvroSchema& schema,
                    std::string_view bytes) {
    std::string out;
    try {
        decoder.append(out, schema, bytes);
    } catch (const base::Error& error) {
        return error.what();
    }
    return out;
}

/// A decoder that had this message makes of others what a new one makes of them.
void compare_kept(const record::AvroSchema& schema, std::string_view bytes) {
    record::AvroDecoder kept;
    outcome(kept, schema, bytes);
    std::string other{bytes};
    const std::size_t step = std::max<std::size_t>(1, other.size() / 16);
    for (std::size_t i = 0; i < other.size(); i += step) {
        other[i] = static_cast<char>(other[i] ^ (i % 3 == 0 ? 0x80 : 1));
        record::AvroDecoder fresh;
        require(outcome(kept, schema, other) == outcome(fresh, schema, other));
        other[i] = bytes[i];
        record::AvroDecoder again;
        require(outcome(kept, schema, bytes) == outcome(again, schema, bytes));
    }
}

void decode(const record::AvroSchema& schema, std::string_view bytes) {
    record::AvroDecoder decoder;
    std::string json;
    decoder.append(json, schema, bytes);
    require(is_json(json));
    record::AvroEncoder encoder{record::AbsentColumns::listed};
    std::string again;
    try_to([&] {
        encoder.append(again, schema, json);
        std::string same;
        decoder.append(same, schema, again);
        require(same == json);
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Exact copy{data, size};
    const std::string_view bytes = copy.bytes();
    record::parse_frame(bytes);
    if (const auto framed = record::parse_schema_header(bytes, "x");
        framed && framed->payload == "x") {
        record::guid_text(framed->guid);
    }
    try_to([&] { decode(table_schema(), bytes); });
    compare_kept(table_schema(), bytes);
    const auto split = std::min(bytes.find('\n'), size);
    try_to([&] {
        record::connect_schema(bytes.substr(0, split));
        const record::AvroSchema schema{bytes.substr(0, split)};
        record::AvroDecoder decoder;
        std::string json;
        decoder.append(json, schema, bytes.substr(std::min(split + 1, size)));
        require(is_json(json));
        compare_kept(schema, bytes.substr(std::min(split + 1, size)));
    });
    return 0;
}
