#include "event/facts.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_document.hpp"
#include "event/json_writer.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

namespace cdc::event {

using base::ExitCode;
using base::fail;
using Json = nlohmann::ordered_json;

namespace {

/// Writes the members of an object, with commas between them.
class Members {
public:
    explicit Members(std::string& out) : m_out{&out} { out += '{'; }
    std::string& name(const char* name) {
        *m_out += m_first ? "\"" : ",\"";
        *m_out += name;
        *m_out += "\":";
        m_first = false;
        return *m_out;
    }
    void text(const char* member, std::string_view value) {
        append_json_string(name(member), value);
    }
    void letter(const char* member, char value) { text(member, {&value, 1}); }
    void flag(const char* member, bool value) { name(member) += value ? "true" : "false"; }
    template<typename T>
    void number(const char* member, T value) {
        base::append_integer(name(member), value);
    }
    template<typename List, typename Append>
    void list(const char* member, const List& items, Append append) {
        name(member) += '[';
        const char* separator = "";
        for (const auto& item : items) {
            *m_out += separator;
            append(item);
            separator = ",";
        }
        *m_out += ']';
    }
    void end() { *m_out += '}'; }

private:
    std::string* m_out;
    bool m_first = true;
};

void append_command(Members& members, std::uint32_t command) {
    if (command != 0) {
        members.number("command", command);
    }
}

void append(std::string& out, const LeafFacts& leaf) {
    Members members{out};
    members.number("oid", leaf.oid);
    members.number("storage", leaf.storage);
    members.text("xmin", leaf.xmin);
    members.text("birth", leaf.birth);
    members.letter("kind", leaf.kind);
    members.letter("persistence", leaf.persistence);
    members.text("under", leaf.under);
    if (!leaf.named.empty()) {
        members.text("named", leaf.named);
    }
    append_command(members, leaf.command);
    if (leaf.altered) {
        members.flag("altered", true);
    }
    members.end();
}

void append(std::string& out, const ColumnFact& column) {
    Members members{out};
    members.number("number", column.number);
    members.text("name", column.name);
    members.text("type", column.type);
    members.number("type_id", column.type_id);
    members.number("modifier", column.modifier);
    members.text("generated", column.generated);
    if (!column.expression.empty()) {
        members.text("expression", column.expression);
    }
    members.flag("nullable", column.nullable);
    if (column.missing == ColumnFact::Missing::value) {
        members.name("missing") += R"({"value":)";
        out += column.missing_json;
        out += '}';
    } else if (column.missing == ColumnFact::Missing::unknown) {
        members.name("missing") += R"({"unknown":true})";
    }
    members.end();
}

void append(std::string& out, const TypeFacts& type) {
    Members members{out};
    members.number("oid", type.oid);
    members.letter("kind", type.kind);
    if (!type.version.empty()) {
        members.text("version", type.version);
    }
    if (type.kind == 'e') {
        members.list("labels", type.labels, [&out](const LabelFact& label) {
            Members inner{out};
            inner.number("oid", label.oid);
            inner.text("xmin", label.xmin);
            inner.text("label", label.label);
            append_command(inner, label.command);
            inner.end();
        });
    }
    if (type.kind == 'c') {
        members.list("attributes", type.attributes, [&out](const AttributeFact& attribute) {
            Members inner{out};
            inner.number("number", attribute.number);
            inner.number("type", attribute.type);
            inner.text("xmin", attribute.xmin);
            append_command(inner, attribute.command);
            inner.end();
        });
    }
    if (type.base != 0) {
        members.number("base", type.base);
    }
    if (type.modifier != -1) {
        members.number("modifier", type.modifier);
    }
    if (!type.born.empty()) {
        members.text("born", type.born);
    }
    members.end();
}

void append(std::string& out, const PublicationFacts& publication) {
    Members members{out};
    members.number("oid", publication.oid);
    members.text("version", publication.version);
    members.text("operations", publication.operations);
    members.text("entry", publication.entry);
    members.text("columns", publication.columns);
    members.text("filter", publication.filter);
    if (!publication.joined.empty()) {
        members.text("joined", publication.joined);
    }
    members.end();
}

void append(std::string& out, const KeyFacts& key) {
    Members members{out};
    members.number("constraint", key.constraint);
    members.list("columns", key.columns, [&out](int number) { base::append_integer(out, number); });
    members.flag("immediate", key.immediate);
    members.flag("valid", key.valid);
    members.end();
}

/// The members that say what the table is.
void append_body(Members& members, std::string& out, const Facts& facts) {
    const auto one = [&out](const auto& item) {
        append(out, item);
    };
    members.list("leaves", facts.leaves, one);
    members.list("columns", facts.columns, one);
    if (facts.width != 0) {
        members.number("width", facts.width);
    }
    members.list("types", facts.types, one);
    members.name("publication");
    append(out, facts.publication);
    members.name("key");
    if (facts.key) {
        append(out, *facts.key);
    } else {
        out += "null";
    }
}

void append_end(std::string& out, std::string_view source_json, std::int64_t ts_ms) {
    out += ",\"source\":";
    out += source_json;
    out += ",\"ts_ms\":";
    base::append_integer(out, ts_ms);
    out += "}\n";
}

std::uint32_t oid_member(const Json& object, const char* name) {
    return integer_member(object, name, std::uint32_t{0});
}

char letter_member(const Json& object, const char* name, char fallback) {
    const auto text = object.value(name, std::string(1, fallback));
    return text.size() == 1 ? text[0] : fallback;
}

LeafFacts leaf_of(const Json& item) {
    LeafFacts leaf;
    leaf.oid = oid_member(item, "oid");
    leaf.storage = oid_member(item, "storage");
    leaf.xmin = item.value("xmin", "");
    leaf.birth = item.value("birth", "");
    leaf.kind = letter_member(item, "kind", 'r');
    leaf.persistence = letter_member(item, "persistence", 'p');
    leaf.under = item.value("under", "");
    leaf.named = item.value("named", "");
    leaf.command = oid_member(item, "command");
    leaf.altered = item.value("altered", false);
    return leaf;
}

ColumnFact column_of(const Json& item) {
    ColumnFact column;
    column.number = integer_member(item, "number", 0);
    column.name = item.at("name").get<std::string>();
    column.type = item.value("type", "");
    column.type_id = oid_member(item, "type_id");
    column.modifier = integer_member(item, "modifier", std::int32_t{-1});
    column.generated = item.value("generated", "");
    column.expression = item.value("expression", "");
    column.nullable = item.value("nullable", true);
    if (const auto missing = item.find("missing"); missing != item.end()) {
        const auto value = missing->find("value");
        column.missing =
            value != missing->end() ? ColumnFact::Missing::value : ColumnFact::Missing::unknown;
        column.missing_json = value != missing->end() ? value_text(*value) : "";
    }
    return column;
}

TypeFacts type_of(const Json& item) {
    TypeFacts type;
    type.oid = oid_member(item, "oid");
    type.kind = letter_member(item, "kind", '\0');
    type.version = item.value("version", "");
    for (const Json& label : item.value("labels", Json::array())) {
        type.labels.push_back({oid_member(label, "oid"), label.value("xmin", ""),
                               label.at("label").get<std::string>(), oid_member(label, "command")});
    }
    for (const Json& attribute : item.value("attributes", Json::array())) {
        type.attributes.push_back({integer_member(attribute, "number", 0),
                                   oid_member(attribute, "type"), attribute.value("xmin", ""),
                                   oid_member(attribute, "command")});
    }
    type.base = oid_member(item, "base");
    type.modifier = integer_member(item, "modifier", std::int32_t{-1});
    type.born = item.value("born", "");
    return type;
}

} // namespace

void append_facts(std::string& out, const Facts& facts) {
    Members members{out};
    members.number("oid", facts.oid);
    members.text("xid", facts.xid);
    if (!facts.since.empty()) {
        members.text("since", facts.since);
    }
    if (!facts.slot.empty()) {
        members.text("slot", facts.slot);
    }
    if (!facts.lost.empty()) {
        members.list("lost", facts.lost,
                     [&out](std::uint32_t oid) { base::append_integer(out, oid); });
    }
    if (!facts.renamed_labels.empty()) {
        members.list("renamed_labels", facts.renamed_labels,
                     [&out](const std::string& label) { append_json_string(out, label); });
    }
    if (!facts.filled.empty()) {
        members.list("filled", facts.filled,
                     [&out](std::uint32_t oid) { base::append_integer(out, oid); });
    }
    if (facts.gone) {
        members.flag("gone", true);
    } else {
        members.flag("empty", facts.empty);
        append_body(members, out, facts);
    }
    members.end();
}

Facts parse_facts(std::string_view facts_json) {
    Facts facts;
    try {
        const Json document = Json::parse(facts_json);
        facts.oid = oid_member(document, "oid");
        facts.xid = document.value("xid", "");
        facts.since = document.value("since", "");
        facts.slot = document.value("slot", "");
        facts.lost = document.value("lost", std::vector<std::uint32_t>{});
        facts.renamed_labels = document.value("renamed_labels", std::vector<std::string>{});
        facts.filled = document.value("filled", std::vector<std::uint32_t>{});
        facts.width = integer_member(document, "width", 0);
        facts.empty = document.value("empty", false);
        facts.gone = document.value("gone", false);
        for (const Json& item : document.value("leaves", Json::array())) {
            facts.leaves.push_back(leaf_of(item));
        }
        for (const Json& item : document.value("columns", Json::array())) {
            facts.columns.push_back(column_of(item));
        }
        for (const Json& item : document.value("types", Json::array())) {
            facts.types.push_back(type_of(item));
        }
        if (const auto item = document.find("publication");
            item != document.end() && item->is_object()) {
            facts.publication = {oid_member(*item, "oid"),      item->value("version", ""),
                                 item->value("operations", ""), item->value("entry", ""),
                                 item->value("columns", ""),    item->value("filter", ""),
                                 item->value("joined", "")};
        }
        if (const auto item = document.find("key"); item != document.end() && item->is_object()) {
            facts.key = KeyFacts{oid_member(*item, "constraint"),
                                 item->value("columns", std::vector<int>{}),
                                 item->value("immediate", true), item->value("valid", true)};
        }
    } catch (const nlohmann::json::exception& error) {
        fail(ExitCode::bad_data, "broken facts line: {}", error.what());
    }
    return facts;
}

void append_mark(std::string& out, const Mark& mark) {
    Members members{out};
    members.text("kind", mark.kind == Mark::Kind::stale ? "stale" : "unproven");
    members.text("why", mark.why);
    members.end();
}

Mark parse_mark(std::string_view mark_json) {
    try {
        const Json document = Json::parse(mark_json);
        const auto kind = document.at("kind").get<std::string>();
        if (kind != "stale" && kind != "unproven") {
            fail(ExitCode::bad_data, "broken mark line: unknown kind {}", base::in_quotes(kind));
        }
        return {kind == "stale" ? Mark::Kind::stale : Mark::Kind::unproven,
                document.value("why", "")};
    } catch (const nlohmann::json::exception& error) {
        fail(ExitCode::bad_data, "broken mark line: {}", error.what());
    }
}

bool keep_missing(Facts& facts, const Facts& before) {
    bool kept = false;
    for (ColumnFact& column : facts.columns) {
        const auto then = std::find_if(
            before.columns.begin(), before.columns.end(), [&](const ColumnFact& other) {
                return other.number == column.number && other.type_id == column.type_id &&
                       other.modifier == column.modifier;
            });
        if (facts.oid == before.oid && column.missing == ColumnFact::Missing::none &&
            then != before.columns.end() && then->missing == ColumnFact::Missing::value) {
            column.missing = then->missing;
            column.missing_json = then->missing_json;
            kept = true;
        }
    }
    return kept;
}

std::string missing_value(const Facts& facts, const Column& column) {
    const auto found =
        std::find_if(facts.columns.begin(), facts.columns.end(), [&](const ColumnFact& fact) {
            return fact.number == column.number && fact.name == column.name &&
                   fact.type == column.type;
        });
    return found == facts.columns.end() ? std::string{} : found->missing_json;
}

void append_facts_line(std::string& out, const Facts& facts, std::string_view source_json,
                       std::int64_t ts_ms) {
    out += "{\"facts\":";
    append_facts(out, facts);
    append_end(out, source_json, ts_ms);
}

void append_mark_line(std::string& out, const Mark& mark, std::string_view source_json,
                      std::int64_t ts_ms) {
    out += "{\"mark\":";
    append_mark(out, mark);
    append_end(out, source_json, ts_ms);
}

std::string facts_digest(const std::vector<Facts>& tables) {
    // One text at a time, in their order, which their beginnings have: no two tables have one oid.
    std::vector<std::pair<std::string, const Facts*>> sorted;
    sorted.reserve(tables.size());
    for (const Facts& facts : tables) {
        std::string& text = sorted.emplace_back(std::string{}, &facts).first;
        Members members{text};
        members.text("schema", facts.schema);
        members.text("table", facts.table);
        members.number("oid", facts.oid);
    }
    std::sort(sorted.begin(), sorted.end());
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free};
    bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
    std::string text;
    for (const auto& [begin, facts] : sorted) {
        text.clear();
        Members members{text};
        members.text("schema", facts->schema);
        members.text("table", facts->table);
        members.number("oid", facts->oid);
        append_body(members, text, *facts);
        members.end();
        good = good && EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1;
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (!good || EVP_DigestFinal_ex(context.get(), digest, nullptr) != 1) {
        fail(ExitCode::failed, "cannot compute SHA-256");
    }
    std::string out;
    for (int i = 0; i < 8; ++i) {
        base::append_hex(out, digest[i], 2);
    }
    return out;
}

} // namespace cdc::event
