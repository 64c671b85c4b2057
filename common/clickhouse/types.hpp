#ifndef CDC_CLICKHOUSE_TYPES_HPP
#define CDC_CLICKHOUSE_TYPES_HPP

#include "event/table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::clickhouse {

enum class Kind : std::uint8_t {
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float32,
    float64,
    decimal,
    date32,
    datetime64,
    uuid,
    string,
};

/// A column's type in ClickHouse: the ones this program makes, and can therefore meet again.
struct Type {
    Kind kind = Kind::string; ///< of an array: of its elements, as all that follows
    bool nullable = false;
    bool low_cardinality = false; ///< strings only
    int precision = 0;            ///< decimal: digits in all
    int scale = 0;                ///< decimal, datetime64: digits behind the point
    bool array = false;           ///< Array(…), never Nullable itself: NULL is []

    Type element() const {
        Type out = *this;
        out.array = false;
        return out;
    }
    friend bool operator==(const Type&, const Type&) = default;
};

/// How a source column is stored.
struct ColumnMapping {
    Type type;
    bool base64 = false; ///< the JSON string is base64, the column holds the bytes
    /// The source type is text, so that only a JSON string can be right. Otherwise a String column
    /// takes any JSON value, as its text.
    bool only_strings = false;
};

/// The choice for a column of a table line. Key columns are never Nullable. `connector` is
/// source.connector ("postgresql", "mysql", "mariadb").
ColumnMapping map_column(std::string_view connector, const event::Column& column);

/// As ClickHouse spells it in system.columns: "Nullable(DateTime64(6, 'UTC'))".
std::string type_text(const Type& type);
/// Nothing for a type that this program never makes.
std::optional<Type> parse_type(std::string_view text);

/// Whether a column of type `wide` can store every value of `narrow` as it is.
bool holds(const Type& wide, const Type& narrow);
/// Whether ALTER … MODIFY COLUMN from `from` to `to` keeps every stored value.
bool widens(const Type& from, const Type& to);

/// Engine version as in SELECT version(); "25.3.1.1" -> {25, 3}.
struct ServerVersion {
    int major = 0;
    int minor = 0;
    friend auto operator<=>(const ServerVersion&, const ServerVersion&) = default;
};
inline constexpr ServerVersion kOldestServer{23, 3};
std::optional<ServerVersion> parse_server_version(std::string_view text);

} // namespace cdc::clickhouse

#endif
