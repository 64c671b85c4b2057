#ifndef CDC_TESTS_RECORD_LINES_HPP
#define CDC_TESTS_RECORD_LINES_HPP

#include "event/line_decoder.hpp"
#include "event/table.hpp"
#include "kafka/change_cut.hpp"
#include "record/table_schemas.hpp"

#include "support.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace cdc::record {

/// A table's schemas in one format, as cdc-publish makes them of its table line.
template<typename Schema>
struct ShapeOf {
    using Maker = TableSchemas (*)(const TableContext&);

    ShapeOf(std::string_view table_line, Maker schemas) {
        event::LineDecoder decoder;
        const event::DecodedLine& line = decoder.decode(table_line);
        const event::Table table = event::table_of(line);
        texts = schemas({table, line.payload, line.source.connector, "shop"});
        value = std::make_unique<Schema>(texts.value);
        if (!texts.key.empty()) {
            key = std::make_unique<Schema>(texts.key);
        }
    }
    TableSchemas texts;
    std::unique_ptr<Schema> key; ///< null: the table has none
    std::unique_ptr<Schema> value;
};

/// A change line in a format's bytes and back: `encode(schema, json)`, `decode(schema, bytes)`.
template<typename Shape, typename Encode, typename Decode>
std::string there_and_back(const Shape& shape, std::string_view line, Encode&& encode,
                           Decode&& decode) {
    kafka::ChangeCut cut;
    kafka::cut_change(line, cut);
    const std::string key =
        cut.key == "null" ? "null" : decode(*shape.key, encode(*shape.key, cut.key));
    const std::string value =
        decode(*shape.value, encode(*shape.value, "{" + std::string{cut.rest}));
    std::string out;
    REQUIRE(kafka::append_joined(out, key, value));
    return out;
}

inline std::string table_line(const std::string& columns,
                              const std::string& connector = "postgresql") {
    return R"({"table":{"name":"s.t","version":"0123456789abcdef","columns":)" + columns +
           R"(},"source":{"version":"0.1.0","connector":")" + connector +
           R"(","name":"shop","ts_ms":1,"snapshot":"false","db":"d","schema":"s","table":"t",)"
           R"("order":"00010000000000001000000000000001"},"ts_ms":2})";
}

inline std::string change_line(const std::string& key, const std::string& middle) {
    return R"({"key":)" + key + "," + middle +
           R"(,"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1,)"
           R"("snapshot":"false","db":"d","sequence":"[\"1\",\"2\"]","schema":"s","table":"t",)"
           R"("txId":7,"lsn":4096,"xmin":null,"order":"00010000000000001000000000000001"},)"
           R"("op":"u","ts_ms":3})";
}

} // namespace cdc::record

#endif
