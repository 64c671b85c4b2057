#include "record/column_type.hpp"
#include "record/field_name.hpp"
#include "record/table_schemas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

/// Protobuf schemas of lines: what Protobuf has a type for is in it, all else is the line's text.
namespace cdc::record {

namespace {

constexpr std::uint32_t kNumberMask = (1U << 28) - 1;
constexpr std::uint32_t kFirstReserved = 19'000; ///< Protobuf's own
constexpr std::uint32_t kLastReserved = 19'999;

std::string_view scalar_type(ColumnKind kind) {
    switch (kind) {
    case ColumnKind::boolean:
        return "bool";
    case ColumnKind::int16:
    case ColumnKind::int32:
        return "int32";
    case ColumnKind::int64:
        return "int64";
    case ColumnKind::uint64:
        return "uint64";
    case ColumnKind::float32:
        return "float";
    case ColumnKind::float64:
        return "double";
    case ColumnKind::bytes:
        return "bytes";
    default:
        return "string";
    }
}

std::uint32_t hash_of(std::string_view name) {
    std::uint32_t hash = 2'166'136'261U; // FNV-1a
    for (const char c : name) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
    }
    return hash & kNumberMask;
}

/// Numbers of the columns' fields: the source's own where it has one, else by the name's hash, so
/// that no number means another column after an ALTER.
class FieldNumbers {
public:
    explicit FieldNumbers(const event::Table& table) {
        for (const event::Column& column : table.columns) {
            m_by_name[column.name] =
                take(column.number > 0 ? static_cast<std::uint32_t>(column.number)
                                       : hash_of(column.name));
        }
    }
    std::uint32_t of(const event::Column& column) const { return m_by_name.at(column.name); }

private:
    std::uint32_t take(std::uint32_t number) {
        while (number == 0 || (number >= kFirstReserved && number <= kLastReserved) ||
               !m_taken.insert(number).second) {
            ++number;
        }
        return number;
    }

    std::map<std::string, std::uint32_t> m_by_name;
    std::set<std::uint32_t> m_taken;
};

/// The text of one schema.
class ProtoText {
public:
    ProtoText(const TableContext& context, const std::string& package)
        : m_context{context}, m_numbers{context.table}, m_text{fmt::format(
                                                            "syntax = \"proto3\";\npackage {};\n",
                                                            package)} {}

    void add(std::string_view text) { m_text += text; }

    void add_row(std::string_view name, bool key_only) {
        m_text += fmt::format("\nmessage {} {{\n", name);
        for (const event::Column& column : m_context.table.columns) {
            if (!key_only || column.key > 0) {
                // Protobuf's JSON would make one of names that differ only in their case.
                m_text +=
                    fmt::format("  optional {0} {1} = {2} [json_name = \"{1}\"];\n",
                                type_of(column), field_name(column.name), m_numbers.of(column));
            }
        }
        m_text += "}\n";
    }

    /// With the lists that rows have.
    std::string finish() {
        for (const std::string_view type : m_lists) {
            m_text += fmt::format("\nmessage {0} {{\n  message Item {{\n    optional {1} value = "
                                  "1;\n  }}\n  repeated Item items = 1;\n}}\n",
                                  list_name(type), type);
        }
        return std::move(m_text);
    }

private:
    static std::string list_name(std::string_view type) {
        return fmt::format("cdc_list_of_{}", type);
    }

    std::string type_of(const event::Column& column) {
        const ColumnType type = column_type(column, m_context.connector);
        const std::string_view scalar = scalar_type(type.kind);
        if (!type.array) {
            return std::string{scalar};
        }
        m_lists.insert(scalar);
        return list_name(scalar);
    }

    const TableContext& m_context;
    FieldNumbers m_numbers;
    std::string m_text;
    std::set<std::string_view> m_lists;
};

constexpr const char* kEnvelope = R"(
message Envelope {
  optional Value before = 1;
  optional Value after = 2;
  repeated string unchanged = 3;
)";
constexpr const char* kKeys = R"(  optional Key key_after = 4;
  optional Key key_before = 5;
)";
constexpr const char* kBehindKeys = R"(  optional Source source = 6;
  optional string op = 7;
  optional int64 ts_ms = 8;
  optional Transaction transaction = 9;
  repeated string before_columns = 10;
  repeated string after_columns = 11;
}
)";
constexpr const char* kTransaction = R"(
message Transaction {
  optional string id = 1;
  optional int64 total_order = 2;
  optional int64 data_collection_order = 3;
}
)";
constexpr const char* kSource = R"(
message Source {
  optional string version = 1;
  optional string connector = 2;
  optional string name = 3;
  optional int64 ts_ms = 4;
  optional string snapshot = 5;
  optional string db = 6;
)";
constexpr const char* kPostgresSource = R"(  optional string sequence = 7;
  optional string schema = 8;
  optional string table = 9;
  optional int64 txId = 10;
  optional int64 lsn = 11;
  optional int64 xmin = 12;
)";
constexpr const char* kMysqlSource = R"(  optional string table = 9;
  optional int64 server_id = 16;
  optional string gtid = 17;
  optional string file = 18;
  optional int64 pos = 19;
  optional int64 row = 20;
)";
constexpr const char* kSourceEnd = R"(  optional string order = 13;
  repeated string fetched = 14;
  repeated string gone = 15;
}
)";

} // namespace

TableSchemas proto_schemas(const TableContext& context) {
    const std::string space = record_namespace(context);
    TableSchemas out;
    out.key_name = space + ".Key";
    out.value_name = space + ".Envelope";
    const bool has_key = context.table.has_key();
    if (has_key) {
        ProtoText key{context, space};
        key.add_row("Key", true);
        out.key = key.finish();
    }
    ProtoText value{context, space};
    value.add(kEnvelope);
    value.add(has_key ? kKeys : "");
    value.add(kBehindKeys);
    value.add_row("Value", false);
    if (has_key) {
        value.add_row("Key", true);
    }
    value.add(kSource);
    value.add(is_mysql(context.connector) ? kMysqlSource : kPostgresSource);
    value.add(kSourceEnd);
    value.add(kTransaction);
    out.value = value.finish();
    return out;
}

} // namespace cdc::record
