#ifndef CDC_RECORD_AVRO_SCHEMA_HPP
#define CDC_RECORD_AVRO_SCHEMA_HPP

#include "event/float_text.hpp"
#include "record/named_schema.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::record {

enum class AvroKind : std::uint8_t {
    null,
    boolean,
    int32,
    int64,
    float32,
    float64,
    bytes,
    string,
    fixed,
    enumeration,
    record,
    array,
    map,
    choice, ///< a union
};

/// What the JSON of a value is, where Avro's kind leaves a choice.
enum class ValueForm : std::uint8_t {
    plain,   ///< bytes are base64
    decimal, ///< a string of digits
    integer, ///< a decimal of scale 0 that is a number, or a string beyond ±2^53
    date,    ///< the rest are ISO 8601
    time,
    local_timestamp, ///< without zone
    utc_timestamp,
    connect, ///< an int64 that Kafka Connect has a name for: a number, however large
};

struct AvroType;

/// A field that is read in its own way in the root of a record.
enum class RootField : std::uint8_t { other, before, after, before_columns, after_columns };

struct AvroField {
    std::string name;   ///< the column's
    std::string member; ///< `"NAME":`, as JSON has it
    const AvroType* type = nullptr;
    bool optional = false;             ///< absent in JSON where it is null
    RootField root = RootField::other; ///< by its name; counts in the root alone
};

struct AvroType {
    AvroKind kind = AvroKind::null;
    ValueForm form = ValueForm::plain;
    int scale = 0;
    int digits = -1; ///< of a second's fraction; -1: as needed
    event::FloatLayout floats = event::FloatLayout::postgres;
    std::size_t size = 0; ///< of a fixed
    bool row = false;     ///< a row of a table: columns may be absent
    bool decimal = false; ///< bytes that are a number, in whichever form
    /// A record beside the rows, such as `source`: its number among these; -1: another type. From
    /// one message to the next most of it is the same.
    int beside = -1;
    std::string name; ///< full name of a record, an enumeration or a fixed
    std::vector<AvroField> fields;
    std::vector<const AvroType*> branches; ///< of a union; of an array or a map: its element
    int null_branch = -1;                  ///< of a union
    std::vector<std::string> symbols;      ///< of an enumeration, as JSON strings

    /// The branch of a union that a value which is not null has.
    std::size_t value_branch() const { return null_branch == 0 && branches.size() > 1 ? 1 : 0; }
    /// The type itself, or that branch.
    const AvroType& not_null() const {
        return kind == AvroKind::choice ? *branches[value_branch()] : *this;
    }
};

/// An Avro schema by its text, which is kept: attributes that Avro does not know of are part of it.
///
/// Values are decided by `logicalType`, and by attributes of ours where that does not say all:
/// `cdc.form` ("integer"), `cdc.digits`, `cdc.float` ("plain"), `cdc.row`, of a field
/// `cdc.optional`. Where `connect.name` stands, values are in Kafka Connect's encodings, and the
/// logical type is not looked at. Where the root's `cdc.names` is "escaped", names of fields
/// are those of field_name().
class AvroSchema {
public:
    /// `references` have types that the text names. Throws Error (bad_data).
    explicit AvroSchema(std::string_view text, NamedSchemas references = {});
    AvroSchema(const AvroSchema&) = delete;
    AvroSchema& operator=(const AvroSchema&) = delete;

    const AvroType& root() const { return *m_root; }
    /// JSON text of the root's `cdc.table`; empty: it has none.
    const std::string& table() const { return m_table; }
    /// Types with a number `beside`.
    std::size_t count_beside() const { return m_count_beside; }
    /// No other schema of this process has it.
    std::uint64_t serial() const { return m_serial; }

private:
    friend class AvroSchemaParser;
    std::vector<std::unique_ptr<AvroType>> m_types;
    const AvroType* m_root = nullptr;
    std::string m_table;
    std::size_t m_count_beside = 0;
    std::uint64_t m_serial;
};

} // namespace cdc::record

#endif
