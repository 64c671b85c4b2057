// Records of Connect's JSON converter with their schemas: a row of columns of types that the input
// chooses, with values that it spells. They become one valid line, or bad_data.
#include "base/error.hpp"
#include "event/json_cursor.hpp"
#include "kafka/connect_row.hpp"
#include "kafka/foreign.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace cdc;

constexpr std::array kFields{
    R"("type":"int8")",
    R"("type":"int64")",
    R"("type":"float")",
    R"("type":"boolean")",
    R"("type":"string")",
    R"("type":"bytes")",
    R"("type":"int32","name":"io.debezium.time.Date")",
    R"("type":"int32","name":"io.debezium.time.Time")",
    R"("type":"int64","name":"io.debezium.time.MicroTime")",
    R"("type":"int64","name":"io.debezium.time.Timestamp")",
    R"("type":"int64","name":"io.debezium.time.MicroTimestamp")",
    R"("type":"int64","name":"io.debezium.time.NanoTimestamp")",
    R"("type":"string","name":"io.debezium.time.ZonedTimestamp")",
    R"("type":"int64","name":"io.debezium.time.MicroDuration")",
    R"("type":"string","name":"io.debezium.data.Json")",
    R"("type":"int32","name":"org.apache.kafka.connect.data.Date")",
    R"("type":"int64","name":"org.apache.kafka.connect.data.Timestamp")",
    R"("type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"})",
    R"("type":"bytes","name":"io.debezium.data.Bits","parameters":{"length":"9"})",
    R"("type":"struct","name":"io.debezium.data.VariableScaleDecimal","fields":[])",
    R"("type":"array","items":{"type":"int32","optional":true})",
    R"("type":"map","keys":{"type":"string"},"values":{"type":"string"})",
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string field = kFields[data[0] % kFields.size()];
    const std::string text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const std::string row =
        R"({"type":"struct","fields":[{"type":"int32","optional":false,"field":"id"},{)" + field +
        R"(,"optional":true,"field":"v"}],"optional":true,)";
    const std::string value =
        R"({"schema":{"type":"struct","fields":[)" + row + R"("field":"before"},)" + row +
        R"("field":"after"}],"optional":false},"payload":{"before":null,"after":{"id":1,"v":)" +
        text +
        R"(},"source":{"connector":"postgresql","db":"d","schema":"s","table":"t","lsn":1},)"
        R"("op":"c"}})";
    static kafka::ConnectRows rows;
    std::string line;
    try {
        kafka::append_foreign(line, R"({"id":1})", value, 0, 7, &rows);
    } catch (const base::Error& error) {
        if (error.code() != base::ExitCode::bad_data) {
            std::abort();
        }
        return 0;
    }
    line.pop_back();
    event::JsonCursor cursor{line};
    cursor.value();
    if (cursor.failed() || !cursor.at_end() || line.find('\n') != std::string::npos) {
        std::abort();
    }
    return 0;
}
