#include "kafka/connect_row.hpp"

#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace cdc::kafka {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostColumns = 10'000;
constexpr int kMostDepth = 16;
constexpr int kNumberBits = 64; ///< more have no number

std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

int parameter(const Json& schema, const char* name) {
    const auto found = schema.find("parameters");
    if (found == schema.end() || !found->is_object()) {
        return 0;
    }
    const int number = base::parse_integer<int>(text_of(*found, name)).value_or(0);
    return number >= -100'000 && number <= 100'000 ? number : 0; // scales may be negative
}

/// What the connectors of PostgreSQL, and of MySQL and MariaDB, call a type in table lines.
struct Names {
    const char* postgres;
    const char* mysql;

    const char* of(std::string_view connector) const {
        return connector == "mysql" || connector == "mariadb" ? mysql : postgres;
    }
};

ConnectType temporal(ConnectForm form, std::int64_t per_second, const char* type) {
    ConnectType out;
    out.form = form;
    out.per_second = per_second;
    out.type = type;
    return out;
}

/// Types whose values are texts or numbers as they are, and those of times.
std::optional<ConnectType> simple_named_type(const std::string& name, std::string_view connector) {
    struct Simple {
        const char* name;
        ConnectForm form;
        std::int64_t per_second;
        Names types;
    };
    constexpr auto kTime = ConnectForm::time;
    constexpr auto kTimestamp = ConnectForm::timestamp;
    constexpr Names kDate{"date", "date"};
    constexpr Names kMilliTime{"time(3) without time zone", "time(3)"};
    constexpr Names kMilliTimestamp{"timestamp(3) without time zone", "datetime(3)"};
    static constexpr Simple kSimple[] = {
        {"io.debezium.time.Date", ConnectForm::days, 1, kDate},
        {"org.apache.kafka.connect.data.Date", ConnectForm::days, 1, kDate},
        {"io.debezium.time.Time", kTime, 1000, kMilliTime},
        {"org.apache.kafka.connect.data.Time", kTime, 1000, kMilliTime},
        {"io.debezium.time.MicroTime", kTime, 1'000'000, {"time without time zone", "time(6)"}},
        {"io.debezium.time.NanoTime", kTime, 1'000'000'000, {"time without time zone", "time(6)"}},
        {"io.debezium.time.Timestamp", kTimestamp, 1000, kMilliTimestamp},
        {"org.apache.kafka.connect.data.Timestamp", kTimestamp, 1000, kMilliTimestamp},
        {"io.debezium.time.MicroTimestamp",
         kTimestamp,
         1'000'000,
         {"timestamp without time zone", "datetime(6)"}},
        {"io.debezium.time.NanoTimestamp",
         kTimestamp,
         1'000'000'000,
         {"timestamp(9) without time zone", "datetime(9)"}},
        {"io.debezium.time.ZonedTimestamp",
         ConnectForm::zoned_timestamp,
         1,
         {"timestamp with time zone", "timestamp(6)"}},
        {"io.debezium.time.ZonedTime", ConnectForm::as_is, 1, {"time with time zone", "time(6)"}},
        {"io.debezium.time.Year", ConnectForm::as_is, 1, {"integer", "year"}},
        {"io.debezium.data.Json", ConnectForm::as_is, 1, {"json", "json"}},
        {"io.debezium.data.Uuid", ConnectForm::as_is, 1, {"uuid", "uuid"}},
        {"io.debezium.data.Xml", ConnectForm::as_is, 1, {"xml", "longtext"}},
    };
    const auto* found = std::find_if(std::begin(kSimple), std::end(kSimple),
                                     [&](const Simple& type) { return type.name == name; });
    return found == std::end(kSimple) ? std::nullopt
                                      : std::optional{temporal(found->form, found->per_second,
                                                               found->types.of(connector))};
}

/// By the schema's name: Debezium's own types, and those of Connect.
bool named_type(const Json& schema, std::string_view connector, ConnectType& out) {
    const std::string name = text_of(schema, "name");
    const std::string decimal = Names{"numeric", "decimal"}.of(connector);
    if (auto simple = simple_named_type(name, connector)) {
        simple->bytes = out.bytes;
        out = std::move(*simple);
    } else if (name == "org.apache.kafka.connect.data.Decimal") {
        out.form = ConnectForm::decimal;
        out.scale = parameter(schema, "scale");
        out.precision = parameter(schema, "connect.decimal.precision");
        // A table line's numeric(p,s) has digits behind the point.
        out.type = out.precision > 0 && out.scale >= 0
                       ? fmt::format("{}({},{})", decimal, out.precision, out.scale)
                       : decimal;
    } else if (name == "io.debezium.data.VariableScaleDecimal") {
        out.form = ConnectForm::variable_decimal;
        out.type = decimal;
    } else if (name == "io.debezium.data.Bits" && parameter(schema, "length") > 0) {
        out.length = parameter(schema, "length");
        out.form = std::string_view{Names{"", "number"}.of(connector)} == "number" &&
                           out.length <= kNumberBits
                       ? ConnectForm::bit_number
                       : ConnectForm::bits;
        out.type = fmt::format("bit({})", out.length);
    } else {
        return false;
    }
    return true;
}

ConnectType type_of(const Json& schema, std::string_view connector, int depth) {
    static const std::map<std::string, Names> kTypes{{"int8", {"smallint", "tinyint"}},
                                                     {"int16", {"smallint", "smallint"}},
                                                     {"int32", {"integer", "int"}},
                                                     {"int64", {"bigint", "bigint"}},
                                                     {"float", {"real", "float"}},
                                                     {"float32", {"real", "float"}},
                                                     {"double", {"double precision", "double"}},
                                                     {"float64", {"double precision", "double"}},
                                                     {"boolean", {"boolean", "boolean"}},
                                                     {"string", {"text", "longtext"}},
                                                     {"bytes", {"bytea", "longblob"}}};
    ConnectType out;
    const std::string type = text_of(schema, "type");
    out.bytes = type == "bytes";
    if (named_type(schema, connector, out)) {
        return out;
    }
    const auto items = schema.find("items");
    if (type == "array" && items != schema.end() && items->is_object() && depth < kMostDepth) {
        out.form = ConnectForm::array;
        out.items = std::make_shared<ConnectType>(type_of(*items, connector, depth + 1));
        out.type = out.items->type + "[]";
        return out;
    }
    const auto found = kTypes.find(type);
    if (found == kTypes.end()) { // struct, map
        out.form = ConnectForm::json;
        out.type = "json";
    } else {
        out.type = found->second.of(connector);
    }
    return out;
}

/// The fields of the row: those of "after", or of "before".
Json row_fields(const Json& schema) {
    const auto fields = schema.find("fields");
    if (!schema.is_object() || fields == schema.end() || !fields->is_array()) {
        return {};
    }
    for (const char* wanted : {"after", "before"}) {
        for (const Json& field : *fields) {
            if (field.is_object() && text_of(field, "field") == wanted &&
                field.contains("fields") && field["fields"].is_array()) {
                return field["fields"];
            }
        }
    }
    return {};
}

ConnectRow parse(std::string_view value_schema, std::string_view connector,
                 const std::vector<std::string>& keys) {
    ConnectRow row;
    const Json fields = row_fields(Json::parse(value_schema, nullptr, false));
    if (!fields.is_array() || fields.size() > kMostColumns) {
        return row;
    }
    for (const Json& field : fields) {
        event::Column column;
        column.name = field.is_object() ? text_of(field, "field") : std::string{};
        if (column.name.empty()) {
            return {};
        }
        std::string json_name;
        event::append_json_escaped(json_name, column.name);
        const ConnectType type = type_of(field, connector, 0);
        column.type = type.type;
        const auto optional = field.find("optional");
        column.nullable = optional == field.end() || *optional != Json(false);
        const auto key = std::find(keys.begin(), keys.end(), json_name);
        column.key = key == keys.end() ? 0 : static_cast<int>(key - keys.begin()) + 1;
        if (type.form == ConnectForm::decimal && type.precision > 0 && type.scale >= 0) {
            column.precision = type.precision;
            column.scale = type.scale;
        }
        if (type.items) {
            column.element = type.items->type;
        }
        row.types[json_name] = type;
        row.columns.push_back(std::move(column));
    }
    row.version = event::shape_version(row.columns);
    return row;
}

} // namespace

const ConnectRow* ConnectRows::of(std::string_view value_schema, std::string_view key,
                                  std::string_view connector) {
    std::vector<std::string> keys;
    m_wanted.clear();
    event::JsonCursor cursor{key};
    if (key != "null") {
        for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
            keys.emplace_back(cursor.member_name());
            cursor.value();
            m_wanted.append(keys.back()).append(1, '\n');
        }
    }
    m_wanted.append(connector).append(1, '\n').append(value_schema);
    if (m_wanted == m_last) {
        return m_last_row;
    }
    auto found = m_rows.find(m_wanted);
    if (found == m_rows.end()) {
        if (m_rows.size() >= kMost) {
            m_rows.clear();
        }
        found = m_rows.emplace(m_wanted, parse(value_schema, connector, keys)).first;
    }
    m_last = m_wanted;
    m_last_row = found->second.columns.empty() ? nullptr : &found->second;
    return m_last_row;
}

} // namespace cdc::kafka
