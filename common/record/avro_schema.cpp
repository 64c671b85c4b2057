#include "record/avro_schema.hpp"

#include "base/error.hpp"
#include "event/json_document.hpp"
#include "event/json_writer.hpp"
#include "record/field_name.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <map>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using Json = nlohmann::ordered_json;

namespace {

constexpr int kMostSchemasInside = 32;
constexpr std::size_t kMostTypes = 100'000;
constexpr int kMostScale = 20'000;
constexpr int kMostFractionDigits = 6;

const std::map<std::string_view, AvroKind>& primitives() {
    static const std::map<std::string_view, AvroKind> kPrimitives{
        {"null", AvroKind::null},     {"boolean", AvroKind::boolean},
        {"int", AvroKind::int32},     {"long", AvroKind::int64},
        {"float", AvroKind::float32}, {"double", AvroKind::float64},
        {"bytes", AvroKind::bytes},   {"string", AvroKind::string},
        {"fixed", AvroKind::fixed},   {"enum", AvroKind::enumeration},
        {"record", AvroKind::record}, {"error", AvroKind::record},
        {"array", AvroKind::array},   {"map", AvroKind::map}};
    return kPrimitives;
}

[[noreturn]] void wrong(const char* what, const Json& json) {
    fail(ExitCode::bad_data, "Avro schema: {}: {}", what, in_quotes(json.dump()));
}

std::string text_member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// Names of columns are such where JSON does not have them.
RootField root_field(std::string_view name, bool optional) {
    if (name == "before") {
        return RootField::before;
    }
    if (name == "after") {
        return RootField::after;
    }
    if (optional && name == "before_columns") {
        return RootField::before_columns;
    }
    return optional && name == "after_columns" ? RootField::after_columns : RootField::other;
}

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

bool true_member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && *found == Json(true);
}

} // namespace

class AvroSchemaParser {
public:
    explicit AvroSchemaParser(AvroSchema& schema) : m_schema{schema} {}

    void parse(std::string_view text, NamedSchemas references) {
        for (const NamedSchema& one : references) {
            parse_text(one.text);
        }
        const Json json = parse_text(text);
        if (json.is_object() && json.contains("cdc.table")) {
            m_schema.m_table = json["cdc.table"].dump();
        }
        number_beside();
    }

private:
    /// The last one is the root.
    Json parse_text(std::string_view text) {
        Json json = Json::parse(text, nullptr, false);
        if (json.is_discarded()) {
            fail(ExitCode::bad_data, "Avro schema: not JSON: {}", in_quotes(text));
        }
        m_escaped = json.is_object() && text_member(json, "cdc.names") == "escaped";
        m_schema.m_root = type(json, "", 0);
        return json;
    }

    void number_beside() {
        for (const AvroField& field : m_schema.m_root->fields) {
            const AvroType* type = &field.type->not_null();
            if (field.root != RootField::other || type->kind != AvroKind::record) {
                continue;
            }
            const auto own = std::find_if(m_schema.m_types.begin(), m_schema.m_types.end(),
                                          [&](const auto& one) { return one.get() == type; });
            if (own != m_schema.m_types.end() && type->beside < 0) {
                (*own)->beside = static_cast<int>(m_schema.m_count_beside++);
            }
        }
    }

    AvroType* add(AvroKind kind) {
        if (m_schema.m_types.size() >= kMostTypes) {
            fail(ExitCode::bad_data, "Avro schema: more than {} types", kMostTypes);
        }
        m_schema.m_types.push_back(std::make_unique<AvroType>());
        m_schema.m_types.back()->kind = kind;
        return m_schema.m_types.back().get();
    }

    const AvroType* type(const Json& json, const std::string& space, int depth) {
        if (depth > kMostSchemasInside) {
            fail(ExitCode::bad_data, "Avro schema: types within types more than {} deep",
                 kMostSchemasInside);
        }
        if (json.is_array()) {
            return choice(json, space, depth);
        }
        if (json.is_string()) {
            return named(json, space);
        }
        if (!json.is_object() || !json.contains("type")) {
            wrong("no type", json);
        }
        const Json& kind = json["type"];
        if (!kind.is_string()) {
            return type(kind, space, depth + 1);
        }
        const auto found = primitives().find(kind.get_ref<const std::string&>());
        if (found == primitives().end()) {
            return named(kind, space);
        }
        return defined(json, found->second, space, depth);
    }

    const AvroType* named(const Json& json, const std::string& space) {
        const auto& name = json.get_ref<const std::string&>();
        if (const auto found = primitives().find(name);
            found != primitives().end() && found->second < AvroKind::fixed) {
            return add(found->second);
        }
        const bool full = name.find('.') != std::string::npos || space.empty();
        auto found = m_names.find(full ? name : space + "." + name);
        if (found == m_names.end()) {
            found = m_names.find(name);
        }
        if (found == m_names.end()) {
            wrong("unknown type", json);
        }
        return found->second;
    }

    AvroType* choice(const Json& json, const std::string& space, int depth) {
        AvroType* out = add(AvroKind::choice);
        for (const Json& branch : json) {
            if (branch.is_array()) {
                wrong("a union within a union", json);
            }
            const AvroType* one = type(branch, space, depth + 1);
            if (one->kind == AvroKind::null) {
                out->null_branch = static_cast<int>(out->branches.size());
            }
            out->branches.push_back(one);
        }
        if (out->branches.empty()) {
            wrong("a union of nothing", json);
        }
        return out;
    }

    const AvroType* defined(const Json& json, AvroKind kind, std::string space, int depth) {
        AvroType* out = add(kind);
        if (kind == AvroKind::record || kind == AvroKind::enumeration || kind == AvroKind::fixed) {
            name(*out, json, space);
        }
        switch (kind) {
        case AvroKind::array:
        case AvroKind::map: {
            const char* member = kind == AvroKind::array ? "items" : "values";
            if (!json.contains(member)) {
                wrong("no type of elements", json);
            }
            out->branches.push_back(type(json[member], space, depth + 1));
            break;
        }
        case AvroKind::record:
            fields(*out, json, space, depth);
            break;
        case AvroKind::enumeration:
            symbols(*out, json);
            break;
        case AvroKind::fixed: {
            const int size = event::integer_member(json, "size", -1);
            if (size < 0) {
                wrong("a fixed without size", json);
            }
            out->size = static_cast<std::size_t>(size);
            break;
        }
        default:
            break;
        }
        form(*out, json);
        return out;
    }

    /// Gives the type its full name, and `space` that of the types within.
    void name(AvroType& out, const Json& json, std::string& space) {
        std::string given = text_member(json, "name");
        if (given.empty()) {
            wrong("a type without name", json);
        }
        if (const auto dot = given.rfind('.'); dot != std::string::npos) {
            space = given.substr(0, dot);
        } else {
            if (json.contains("namespace")) {
                space = text_member(json, "namespace");
            }
            given = space.empty() ? given : space + "." + given;
        }
        out.name = given;
        if (!m_names.emplace(given, &out).second) {
            wrong("a name twice", Json(given));
        }
    }

    void fields(AvroType& out, const Json& json, const std::string& space, int depth) {
        const auto found = json.find("fields");
        if (found == json.end() || !found->is_array()) {
            wrong("a record without fields", json);
        }
        out.row = true_member(json, "cdc.row");
        for (const Json& one : *found) {
            if (!one.is_object() || text_member(one, "name").empty() || !one.contains("type")) {
                wrong("a field without name or type", one);
            }
            AvroField field;
            field.name = text_member(one, "name");
            if (m_escaped) {
                field.name = column_name(field.name);
            }
            event::append_json_string(field.member, field.name);
            field.member += ':';
            field.type = type(one["type"], space, depth + 1);
            field.optional = true_member(one, "cdc.optional");
            field.root = root_field(field.name, field.optional);
            out.fields.push_back(std::move(field));
        }
    }

    static void symbols(AvroType& out, const Json& json) {
        const auto found = json.find("symbols");
        if (found == json.end() || !found->is_array()) {
            wrong("an enum without symbols", json);
        }
        for (const Json& symbol : *found) {
            if (!symbol.is_string()) {
                wrong("a symbol that is no text", json);
            }
            std::string text;
            event::append_json_string(text, symbol.get_ref<const std::string&>());
            out.symbols.push_back(std::move(text));
        }
    }

    static void form(AvroType& out, const Json& json) {
        out.decimal = text_member(json, "logicalType") == "decimal";
        if (json.contains("connect.name")) {
            out.form = out.kind == AvroKind::int64 ? ValueForm::connect : ValueForm::plain;
            return;
        }
        if (text_member(json, "cdc.float") == "plain") {
            out.floats = event::FloatLayout::plain;
        }
        out.digits = event::integer_member(json, "cdc.digits", -1);
        if (out.digits < -1 || out.digits > kMostFractionDigits) {
            wrong("cdc.digits out of range", json);
        }
        const std::string logical = text_member(json, "logicalType");
        if (logical == "decimal" && (out.kind == AvroKind::bytes || out.kind == AvroKind::fixed)) {
            out.scale = event::integer_member(json, "scale", 0);
            if (out.scale < 0 || out.scale > kMostScale) {
                wrong("scale out of range", json);
            }
            out.form = text_member(json, "cdc.form") == "integer" && out.scale == 0
                           ? ValueForm::integer
                           : ValueForm::decimal;
        } else if (logical == "date" && out.kind == AvroKind::int32) {
            out.form = ValueForm::date;
        } else if (logical == "time-micros" && out.kind == AvroKind::int64) {
            out.form = ValueForm::time;
        } else if (logical == "timestamp-micros" && out.kind == AvroKind::int64) {
            out.form = ValueForm::utc_timestamp;
        } else if (logical == "local-timestamp-micros" && out.kind == AvroKind::int64) {
            out.form = ValueForm::local_timestamp;
        }
    }

    AvroSchema& m_schema;
    bool m_escaped = false; ///< names are those of field_name()
    std::map<std::string, const AvroType*> m_names;
};

AvroSchema::AvroSchema(std::string_view text, NamedSchemas references) : m_serial{next_serial()} {
    AvroSchemaParser{*this}.parse(text, references);
}

} // namespace cdc::record
