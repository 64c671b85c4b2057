// Records in JSON, one a line, through one AvroEncoder: whatever the bytes and whatever it has
// learnt from earlier records, each becomes what it becomes in an encoder of its own.
#include "fuzz_input.hpp"
#include "record/avro_encoder.hpp"
#include "record/avro_schema.hpp"
#include "record/table_schemas.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace {

using namespace cdc;
using namespace cdc::fuzz;

const record::AvroSchema& table_schema() {
    static const record::AvroSchema kSchema{[] {
        const std::string json =
            R"j({"name":"s.t","version":"0123456789abcdef","columns":[)j"
            R"j({"name":"id","type":"bigint","nullable":false,"key":1},{"name":"i","type":"integer"},)j"
            R"j({"name":"t","type":"text"},{"name":"n","type":"numeric(12,2)","precision":12,"scale":2},)j"
            R"j({"name":"b","type":"bytea"},{"name":"a","type":"text[]","element":"text"}]})j";
        event::Table table = event::parse_table(json);
        table.schema = "s";
        table.table = "t";
        return record::avro_schemas({table, json, "postgresql", "p"}).value;
    }()};
    return kSchema;
}

std::string verdict(record::AvroEncoder& encoder, std::string_view json) {
    std::string out;
    try {
        encoder.append(out, table_schema(), json);
    } catch (const base::Error& error) {
        require(error.code() == base::ExitCode::bad_data);
        return error.what();
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    record::AvroEncoder encoder{record::AbsentColumns::listed};
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const Exact json{rest.substr(0, end)};
        record::AvroEncoder alone{record::AbsentColumns::listed};
        require(verdict(encoder, json.bytes()) == verdict(alone, json.bytes()));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return 0;
}
