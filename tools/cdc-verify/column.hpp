#ifndef CDC_VERIFY_COLUMN_HPP
#define CDC_VERIFY_COLUMN_HPP

#include "clickhouse/schema.hpp"
#include "clickhouse/types.hpp"
#include "event/column_edits.hpp"
#include "mysql/row_query.hpp"
#include "mysql/value.hpp"
#include "postgres/binary_copy.hpp"
#include "postgres/table_facts.hpp"
#include "postgres/value.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::verify {

/// One column of both sides, and the one form in which its values are compared: the bytes that the
/// value has in ClickHouse's RowBinary as `type` (strings without their length). Where there is no
/// common type, `type` is String and the bytes are the text that cdc-load would store.
struct Column {
    std::string name;
    std::string source_name; ///< SQL of the source
    std::string target_name; ///< in the raw table
    std::string source_type; ///< for people
    std::uint32_t source_id = 0;
    clickhouse::Type type;
    bool as_text = false;       ///< the source sends its text
    postgres::ValueCodec codec; ///< of that text
    /// The target's type where it is an array: both sides then give elements_text() as String.
    std::optional<clickhouse::Type> array;
    bool trimmed = false; ///< the target's text is a number without zeros at its end
    bool number = false;  ///< the source's text is a number; of floats: not the target's own
    /// Of a FixedString in the target, else 0: zeros at the end do not count on either side.
    std::size_t fixed_size = 0;
    std::string source_select; ///< SQL of the source that gives what encode() reads
    std::string target_select; ///< SQL of the target, of type `type`
    bool key = false;
    bool bytes = false;                     ///< not text: people see \x00ff, lines have base64
    std::optional<mysql::ValueCodec> mysql; ///< of a column of MySQL or MariaDB
    /// What the stream makes of the source's text, and whose hash that is; nothing: the value.
    std::shared_ptr<const event::ColumnEdits> masks;
    event::ColumnEdits::Edit mask;

    bool is_float() const {
        return type.kind == clickhouse::Kind::float32 || type.kind == clickhouse::Kind::float64;
    }
};

/// Why a column of this type in the target cannot be compared with the source's; "": it can.
std::string why_not_comparable(std::string_view target_type);

/// How a source column and a target column (its type as in system.columns) are compared.
/// `quoted` is the column's name as SQL of the source, `stored` its name in the raw table.
Column pair_column(const postgres::FactColumn& source, const std::string& quoted,
                   std::string_view target_type, const std::string& stored);

/// The same of a column of MySQL or MariaDB.
Column pair_mysql_column(const source::FactColumn& source, const std::string& quoted,
                         std::string_view target_type, const std::string& stored);

/// Makes it the column of a masked one: its values are what the mask makes of the source's text.
void mask_column(Column& column, const event::ColumnEdits::Edit& mask,
                 const std::shared_ptr<const event::ColumnEdits>& masks);

/// A value in the form of its column. `bytes` lies in the field or in the scratch.
struct Value {
    std::string_view bytes;
    bool null = false;
    bool odd =
        false; ///< `type` cannot hold it: `bytes` is its text, and it differs from all others
};

/// Room that one value needs; kept from row to row.
struct Scratch {
    char fixed[32];
    std::string text;
};

/// What the source sent. Throws Error (bad_data) when it is not a value of its type.
Value encode(const Column& column, const postgres::BinaryField& field, Scratch& scratch);

/// The same of MySQL and MariaDB.
Value encode_result(const Column& column, const mysql::ResultField& field, Scratch& scratch);

/// One text for the elements of an array, the same as SQL of the target and as what encode() makes
/// of the source's text: "n" for NULL, "v" and the hex digits of an element's text, with commas.
std::string elements_sql(const std::string& name, const clickhouse::Type& array);
/// The inverse of such a text, for people: [1, NULL, 3].
std::string elements_display(const clickhouse::Type& array, std::string_view text);
/// `json` as cdc-load would store it in `array`; false when it would refuse it.
bool append_elements_text(std::string& out, const clickhouse::Type& array, bool base64,
                          std::string_view json);

/// The value in a RowBinary row, moving `at` on; nothing when it is cut.
std::optional<Value> read_value(const clickhouse::Type& type, const char*& at, const char* end);

/// The one text of a value, for people and for SQL of both sides: integers and decimals as digits,
/// times as "2025-07-21 10:00:00.123456" ("0044-03-15 BC" as PostgreSQL has it), floats in the
/// shortest form that reads back the same.
std::string text_of(const clickhouse::Type& type, const Value& value);

/// The same for people alone: arrays as [1, NULL, 3], bytes as \x00ff.
std::string display_text(const Column& column, const Value& value);

/// Appends the value so that different values have different bytes.
void append_image(std::string& out, const Value& value);
/// The inverse: the values of an image of `columns` columns; they lie in it.
std::vector<Value> split_image(std::string_view image, std::size_t columns);

} // namespace cdc::verify

#endif
