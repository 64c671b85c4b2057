#ifndef CDC_RECORD_COLUMN_TYPE_HPP
#define CDC_RECORD_COLUMN_TYPE_HPP

#include "event/table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::record {

/// What the values of a column are, whatever format they go into.
enum class ColumnKind : std::uint8_t {
    text,
    boolean,
    int16,
    int32,
    int64,
    uint64,
    float32,
    float64,
    decimal, ///< of a precision and a scale that are known
    bytes,
    date,
    time,
    local_timestamp,
    utc_timestamp,
};

struct ColumnType {
    ColumnKind kind = ColumnKind::text;
    int precision = 0; ///< of decimals
    int scale = 0;
    int digits = -1;    ///< of a second's fraction; -1: as many as there are
    bool array = false; ///< `kind` is that of its elements
};

/// A type's name without what stands in its parentheses: "timestamp with time zone" of
/// "timestamp(3) with time zone".
struct TypeText {
    std::string name;
    std::optional<int> first; ///< of the numbers in the parentheses
};
TypeText parse_type_text(std::string_view type);

bool is_mysql(std::string_view connector);

/// Of a column's values as cdc-event(5) writes them.
ColumnType column_type(const event::Column& column, std::string_view connector);

} // namespace cdc::record

#endif
