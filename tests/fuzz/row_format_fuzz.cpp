// JSON values into RowBinary and back to text, for each type that a column can have: a value is
// refused and nothing is written, or it ends within its room and where skip_value() says; and a
// number, date or time whose text is read again is the same bytes.
#include "clickhouse/row_format.hpp"
#include "clickhouse/row_text.hpp"
#include "event/json_cursor.hpp"
#include "fuzz_input.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using namespace cdc;
using namespace cdc::fuzz;
using clickhouse::ColumnMapping;

constexpr std::array kTypes{
    "Bool",
    "Int8",
    "UInt16",
    "Int32",
    "Int64",
    "UInt64",
    "Float32",
    "Float64",
    "Decimal(9, 2)",
    "Decimal(18, 0)",
    "Decimal(38, 10)",
    "Decimal(76, 38)",
    "Date32",
    "DateTime64(0, 'UTC')",
    "DateTime64(3, 'UTC')",
    "DateTime64(6, 'UTC')",
    "UUID",
    "String",
    "Nullable(Int16)",
    "Nullable(Decimal(10, 3))",
    "LowCardinality(String)",
    "Array(Nullable(Int32))",
    "Array(Nullable(String))",
    "Array(Nullable(DateTime64(6, 'UTC')))",
};

/// The bytes of the value; empty when it is refused.
std::string encode(const ColumnMapping& column, std::string_view json) {
    const std::size_t room = clickhouse::max_value_size(column.type, json.size());
    const std::unique_ptr<char[]> buffer{new char[room]};
    char* out = buffer.get();
    if (clickhouse::append_value(out, column, json) != nullptr) {
        require(out == buffer.get());
        return {};
    }
    const auto written = static_cast<std::size_t>(out - buffer.get());
    require(written <= room);
    return {buffer.get(), written};
}

bool reads_back(clickhouse::Kind kind) {
    using clickhouse::Kind;
    return kind == Kind::decimal || kind == Kind::date32 || kind == Kind::datetime64 ||
           (kind >= Kind::int8 && kind <= Kind::uint64);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    ColumnMapping column;
    column.type = *clickhouse::parse_type(kTypes[data[0] % kTypes.size()]);
    column.base64 = column.type.kind == clickhouse::Kind::string && (data[0] & 0x80) != 0;
    const Exact copy{data + 1, size - 1};
    const std::string_view json = copy.bytes();
    event::JsonCursor cursor{json};
    cursor.value();
    if (cursor.failed() || !cursor.at_end()) {
        return 0; // the decoder of lines gives JSON values and nothing else
    }
    const std::string bytes = encode(column, json);
    if (bytes.empty()) {
        return 0;
    }
    const char* end = bytes.data() + bytes.size();
    require(clickhouse::skip_value(bytes.data(), end, column.type) == end);
    require(clickhouse::skip_value(bytes.data(), end - 1, column.type) == nullptr);
    std::string text;
    const char* at = bytes.data();
    require(clickhouse::append_value_text(text, at, end, column.type) && at == end);
    if (reads_back(column.type.kind) && !column.type.array && !column.type.nullable) {
        std::string quoted = "\"" + text + "\"";
        if (const auto space = quoted.find(' '); space != std::string::npos) {
            quoted[space] = 'T';
        }
        require(encode(column, quoted) == bytes || encode(column, text) == bytes);
    }
    return 0;
}
