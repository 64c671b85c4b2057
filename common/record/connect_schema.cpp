#include "record/connect_schema.hpp"

#include "base/error.hpp"
#include "record/field_name.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace cdc::record {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostDepth = 32;

class Translator {
public:
    explicit Translator(bool escaped) : m_escaped{escaped} {}

    Json type(const Json& avro, const std::string& space, int depth) {
        if (depth > kMostDepth) {
            base::fail(base::ExitCode::bad_data, "an Avro schema with types more than {} deep",
                       kMostDepth);
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

private:
    static Json text() { return {{"type", "string"}, {"optional", false}}; }

    static std::string member(const Json& object, const char* name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_string() ? found->get<std::string>()
                                                           : std::string{};
    }

    static std::string full_name(const Json& avro, const std::string& space) {
        const std::string name = member(avro, "name");
        return name.find('.') != std::string::npos || space.empty() ? name : space + "." + name;
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
            if (const auto found = m_records.find(full); found != m_records.end()) {
                return found->second;
            }
        }
        return text();
    }

    Json defined(const Json& avro, std::string space, int depth) {
        const std::string kind = member(avro, "type");
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
            return text(); // the decoder has made it one
        }
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
        if (kind == "record") {
            m_records[full_name(avro, space)] = out;
        }
        return out;
    }

    Json record(const Json& avro, std::string& space, int depth) {
        if (avro.contains("namespace")) {
            space = member(avro, "namespace");
        }
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

    bool m_escaped; ///< names are those of field_name()
    std::map<std::string, Json> m_records;
};

} // namespace

std::string connect_schema(std::string_view avro_schema) {
    const Json json = Json::parse(avro_schema, nullptr, false);
    if (json.is_discarded()) {
        base::fail(base::ExitCode::bad_data, "an Avro schema that is no JSON: {}",
                   base::in_quotes(avro_schema));
    }
    const bool escaped =
        json.is_object() && json.contains("cdc.names") && json["cdc.names"] == Json("escaped");
    return Translator{escaped}.type(json, "", 0).dump();
}

} // namespace cdc::record
