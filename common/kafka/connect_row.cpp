#include "kafka/connect_row.hpp"

#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::kafka {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostColumns = 10'000;
constexpr int kMostDepth = 16;

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
    return number >= 0 && number <= 100'000 ? number : 0;
}

ConnectType temporal(ConnectForm form, std::int64_t per_second, const char* type) {
    ConnectType out;
    out.form = form;
    out.per_second = per_second;
    out.type = type;
    return out;
}

/// By the schema's name: Debezium's own types, and those of Connect.
bool named_type(const Json& schema, ConnectType& out) {
    const std::string name = text_of(schema, "name");
    constexpr auto kTime = ConnectForm::time;
    constexpr auto kTimestamp = ConnectForm::timestamp;
    if (name == "io.debezium.time.Date" || name == "org.apache.kafka.connect.data.Date") {
        out = temporal(ConnectForm::days, 1, "date");
    } else if (name == "io.debezium.time.Time" || name == "org.apache.kafka.connect.data.Time") {
        out = temporal(kTime, 1000, "time(3) without time zone");
    } else if (name == "io.debezium.time.MicroTime") {
        out = temporal(kTime, 1'000'000, "time without time zone");
    } else if (name == "io.debezium.time.NanoTime") {
        out = temporal(kTime, 1'000'000'000, "time without time zone");
    } else if (name == "io.debezium.time.Timestamp" ||
               name == "org.apache.kafka.connect.data.Timestamp") {
        out = temporal(kTimestamp, 1000, "timestamp(3) without time zone");
    } else if (name == "io.debezium.time.MicroTimestamp") {
        out = temporal(kTimestamp, 1'000'000, "timestamp without time zone");
    } else if (name == "io.debezium.time.NanoTimestamp") {
        out = temporal(kTimestamp, 1'000'000'000, "timestamp(9) without time zone");
    } else if (name == "io.debezium.time.ZonedTimestamp") {
        out.type = "timestamp with time zone";
    } else if (name == "io.debezium.time.ZonedTime") {
        out.type = "time with time zone";
    } else if (name == "org.apache.kafka.connect.data.Decimal") {
        out.form = ConnectForm::decimal;
        out.scale = parameter(schema, "scale");
        out.precision = parameter(schema, "connect.decimal.precision");
        out.type =
            out.precision > 0 ? fmt::format("numeric({},{})", out.precision, out.scale) : "numeric";
    } else if (name == "io.debezium.data.VariableScaleDecimal") {
        out.form = ConnectForm::variable_decimal;
        out.type = "numeric";
    } else if (name == "io.debezium.data.Bits" && parameter(schema, "length") > 0) {
        out.form = ConnectForm::bits;
        out.length = parameter(schema, "length");
        out.type = fmt::format("bit({})", out.length);
    } else if (name == "io.debezium.data.Json") {
        out.type = "json";
    } else if (name == "io.debezium.data.Uuid") {
        out.type = "uuid";
    } else if (name == "io.debezium.data.Xml") {
        out.type = "xml";
    } else {
        return false;
    }
    return true;
}

ConnectType type_of(const Json& schema, int depth) {
    static const std::map<std::string, const char*> kTypes{{"int8", "smallint"},
                                                           {"int16", "smallint"},
                                                           {"int32", "integer"},
                                                           {"int64", "bigint"},
                                                           {"float", "real"},
                                                           {"float32", "real"},
                                                           {"double", "double precision"},
                                                           {"float64", "double precision"},
                                                           {"boolean", "boolean"},
                                                           {"string", "text"},
                                                           {"bytes", "bytea"}};
    ConnectType out;
    const std::string type = text_of(schema, "type");
    out.bytes = type == "bytes";
    if (named_type(schema, out)) {
        return out;
    }
    const auto items = schema.find("items");
    if (type == "array" && items != schema.end() && items->is_object() && depth < kMostDepth) {
        out.form = ConnectForm::array;
        out.items = std::make_shared<ConnectType>(type_of(*items, depth + 1));
        out.type = out.items->type + "[]";
        return out;
    }
    const auto found = kTypes.find(type);
    if (found == kTypes.end()) { // struct, map
        out.form = ConnectForm::json;
        out.type = "json";
    } else {
        out.type = found->second;
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

ConnectRow parse(std::string_view value_schema, const std::vector<std::string>& keys) {
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
        const ConnectType type = type_of(field, 0);
        column.type = type.type;
        const auto optional = field.find("optional");
        column.nullable = optional == field.end() || *optional != Json(false);
        const auto key = std::find(keys.begin(), keys.end(), json_name);
        column.key = key == keys.end() ? 0 : static_cast<int>(key - keys.begin()) + 1;
        if (type.form == ConnectForm::decimal && type.precision > 0) {
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

const ConnectRow* ConnectRows::of(std::string_view value_schema, std::string_view key) {
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
    m_wanted += value_schema;
    if (m_wanted == m_last) {
        return m_last_row;
    }
    auto found = m_rows.find(m_wanted);
    if (found == m_rows.end()) {
        if (m_rows.size() >= kMost) {
            m_rows.clear();
        }
        found = m_rows.emplace(m_wanted, parse(value_schema, keys)).first;
    }
    m_last = m_wanted;
    m_last_row = found->second.columns.empty() ? nullptr : &found->second;
    return m_last_row;
}

} // namespace cdc::kafka
