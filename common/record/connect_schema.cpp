#include "record/connect_schema.hpp"

#include "base/error.hpp"
#include "record/field_name.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace cdc::record {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostLevels = 32;

class Translator {
public:
    /// Types that the text defines are known in texts that follow.
    Json translate(std::string_view text) {
        const Json json = Json::parse(text, nullptr, false);
        if (json.is_discarded()) {
            base::fail(base::ExitCode::bad_data, "an Avro schema that is no JSON: {}",
                       base::in_quotes(text));
        }
        m_escaped = json.is_object() && member(json, "cdc.names") == "escaped";
        return type(json, "", 0);
    }

private:
    Json type(const Json& avro, const std::string& space, int depth) {
        if (depth > kMostLevels) {
            base::fail(base::ExitCode::bad_data, "an Avro schema with types more than {} deep",
                       kMostLevels);
        }
        if (avro.is_array()) {
            return choice(avro, space, depth);
        }
        if (avro.is_string()) {
            return named(avro.get<std::string>(), space);
        }
        if (!avro.is_object() || !avro.contains("type")) {
            return text();
        }
        if (!avro["type"].is_string()) {
            return type(avro["type"], space, depth + 1);
        }
        return defined(avro, space, depth);
    }

    static Json text() { return {{"type", "string"}, {"optional", false}}; }

    static std::string member(const Json& object, const char* name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_string() ? found->get<std::string>()
                                                           : std::string{};
    }

    /// The full name of a type, and in `space` that of the types within; empty: it has none.
    static std::string enter(const Json& avro, std::string& space) {
        const std::string name = member(avro, "name");
        if (const auto dot = name.rfind('.'); dot != std::string::npos) {
            space = name.substr(0, dot);
            return name;
        }
        if (!name.empty() && avro.contains("namespace")) {
            space = member(avro, "namespace");
        }
        return name.empty() || space.empty() ? name : space + "." + name;
    }

    Json choice(const Json& avro, const std::string& space, int depth) {
        Json out = text();
        for (const Json& branch : avro) {
            if (branch != Json("null")) {
                out = type(branch, space, depth + 1);
                break;
            }
        }
        out["optional"] = true;
        return out;
    }

    Json named(const std::string& name, const std::string& space) {
        static const std::map<std::string, const char*> kTypes{
            {"int", "int32"},       {"long", "int64"},  {"float", "float"},  {"double", "double"},
            {"boolean", "boolean"}, {"bytes", "bytes"}, {"string", "string"}};
        if (const auto found = kTypes.find(name); found != kTypes.end()) {
            return {{"type", found->second}, {"optional", false}};
        }
        for (const std::string& full : {space + "." + name, name}) {
            if (const auto found = m_types.find(full); found != m_types.end()) {
                return found->second;
            }
        }
        return text();
    }

    Json defined(const Json& avro, std::string space, int depth) {
        const std::string kind = member(avro, "type");
        const std::string full = enter(avro, space);
        Json out;
        if (kind == "record") {
            out = record(avro, space, depth);
        } else if (kind == "array") {
            out = {{"type", "array"},
                   {"items", type(avro.value("items", Json("string")), space, depth + 1)}};
        } else if (kind == "map") {
            out = {{"type", "map"}};
        } else if (kind == "fixed") {
            out = {{"type", "bytes"}};
        } else {
            out = named(kind, space);
        }
        out["optional"] = false;
        const std::string name = member(avro, "connect.name");
        if (name.empty() && avro.contains("logicalType")) {
            out = text(); // the decoder has made it one
        } else {
            add_connect_members(out, avro, name);
        }
        if (!full.empty()) {
            m_types[full] = out;
        }
        return out;
    }

    static void add_connect_members(Json& out, const Json& avro, const std::string& name) {
        if (!name.empty()) {
            out["name"] = name;
        }
        if (const std::string narrow = member(avro, "connect.type");
            narrow == "int8" || narrow == "int16") {
            out["type"] = narrow;
        }
        if (avro.contains("connect.parameters")) {
            out["parameters"] = avro["connect.parameters"];
        }
    }

    Json record(const Json& avro, const std::string& space, int depth) {
        Json fields = Json::array();
        for (const Json& field : avro.value("fields", Json::array())) {
            if (field.is_object() && field.contains("type")) {
                Json one = type(field["type"], space, depth + 1);
                const std::string field_text = member(field, "name");
                one["field"] = m_escaped ? column_name(field_text) : field_text;
                fields.push_back(std::move(one));
            }
        }
        return {{"type", "struct"}, {"fields", std::move(fields)}};
    }

    bool m_escaped = false; ///< names are those of field_name()
    std::map<std::string, Json> m_types;
};

} // namespace

std::string connect_schema(std::string_view avro_schema, NamedSchemas references) {
    Translator translator;
    for (const NamedSchema& one : references) {
        translator.translate(one.text);
    }
    return translator.translate(avro_schema).dump();
}

} // namespace cdc::record
