#include "cdc-capture/postgres_unknown_labels.hpp"

#include <algorithm>
#include <optional>

namespace cdc::capture {

using event::Facts;
using event::TypeFacts;
using postgres::FactsLook;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::uint32_t kFirstUserType = 16384; // FirstNormalObjectId
constexpr std::size_t kLongestLabel = 63;       // NAMEDATALEN - 1
/// A type that no look has shown yet may be no enum, and have other values in each row.
constexpr std::size_t kMaxNoted = 1000;
constexpr int kDeepest = 16;

struct Enum {
    const TypeFacts* type = nullptr;
    bool element = false;
};

/// Through domains and one array. Nothing: it holds no labels, or they are not known to.
std::optional<Enum> enum_below(const std::vector<TypeFacts>& types, std::uint32_t oid) {
    bool element = false;
    for (int depth = 0; depth < kDeepest; ++depth) {
        const auto type = std::find_if(types.begin(), types.end(), [&](const TypeFacts& candidate) {
            return candidate.oid == oid;
        });
        if (type == types.end() || (type->kind != 'e' && type->kind != 'd' && type->kind != 'b')) {
            return std::nullopt;
        }
        if (type->kind == 'e') {
            return Enum{&*type, element};
        }
        if (type->base == 0 || (type->kind == 'b' && element)) {
            return std::nullopt;
        }
        element |= type->kind == 'b';
        oid = type->base;
    }
    return std::nullopt;
}

/// The elements of an array's text, at any depth: `{a,NULL,"b \\"c"}`.
template<typename Take>
void for_each_element(std::string_view text, std::string& unescaped, Take take) {
    std::size_t at = text.find('{'); // bounds may stand in front
    while (at < text.size()) {
        const char c = text[at];
        if (c == '{' || c == '}' || c == ',') {
            ++at;
        } else if (c == '"') {
            unescaped.clear();
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                at += text[at] == '\\' ? 1 : 0;
                unescaped += at < text.size() ? text[at] : '\0';
            }
            ++at;
            take(std::string_view{unescaped});
        } else {
            const std::size_t end = std::min(text.find_first_of(",}", at), text.size());
            const std::string_view element = text.substr(at, end - at);
            if (element != "NULL") {
                take(element);
            }
            at = end;
        }
    }
}

bool has_label(const TypeFacts& type, std::string_view text) {
    return std::any_of(type.labels.begin(), type.labels.end(),
                       [&](const event::LabelFact& label) { return label.label == text; });
}

} // namespace

void UnknownLabels::learn(const FactsLook& look) {
    for (const Facts& table : look.tables) {
        for (const TypeFacts& type : table.types) {
            Type& meaning = m_types[type.oid];
            const bool is_new = !meaning.known;
            const auto found = enum_below(table.types, type.oid);
            meaning.known = true;
            if (!found) {
                continue;
            }
            Labels& labels = m_labels[found->type->oid];
            if (is_new) {
                meaning.element = found->element;
                meaning.labels = &labels;
            }
            if (type.kind == 'e') {
                for (const event::LabelFact& label : type.labels) {
                    labels.insert(label.label);
                }
            }
        }
    }
    for (auto place = m_tables.begin(); place != m_tables.end();) {
        std::erase_if(place->second, [&](const auto& noted) {
            const Type& type = m_types[noted.first.type];
            return type.known && (type.labels == nullptr || type.element != noted.first.element);
        });
        place = place->second.empty() ? m_tables.erase(place) : std::next(place);
    }
}

void UnknownLabels::describe(const postgres::pgoutput::Relation& relation) {
    std::vector<Column>& columns = m_columns[relation.id];
    columns.clear();
    m_last_columns = nullptr;
    if (!m_filter->matches(relation.schema, relation.name)) {
        return;
    }
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
        const auto& column = relation.columns[i];
        if (column.type >= kFirstUserType &&
            m_edits->of(relation.schema, relation.name, column.name).kind ==
                event::ColumnEdits::Kind::keep) {
            columns.push_back({i, column.type, &m_types[column.type]});
        }
    }
}

bool UnknownLabels::take(const postgres::pgoutput::Message& message, const std::string& xid) {
    using postgres::pgoutput::Type;
    if (message.type == Type::relation) {
        describe(message.relation);
        return false;
    }
    if (message.type != Type::insert && message.type != Type::update) {
        return false;
    }
    if (m_last_columns == nullptr || m_last_table != message.relation_id) {
        m_last_table = message.relation_id;
        m_last_columns = &m_columns[m_last_table];
    }
    bool noted = false;
    for (const Column& column : *m_last_columns) {
        if (column.place < message.new_row.size() && message.new_row[column.place].kind == 't') {
            noted |= take_value(m_last_table, column, message.new_row[column.place].text, xid);
        }
    }
    return noted;
}

bool UnknownLabels::take_value(std::uint32_t table, const Column& column, std::string_view text,
                               const std::string& xid) {
    const Type& type = *column.meaning;
    if (type.known && type.labels == nullptr) {
        return false;
    }
    bool noted = false;
    if (!type.known || !type.element) {
        noted = note(table, column, false, text, xid);
    }
    const bool is_array = !text.empty() && (text.front() == '{' || text.front() == '[');
    if (is_array && (!type.known || type.element)) {
        static thread_local std::string unescaped; // kept from row to row
        for_each_element(text, unescaped, [&](std::string_view element) {
            noted |= note(table, column, true, element, xid);
        });
    }
    return noted;
}

bool UnknownLabels::note(std::uint32_t table, const Column& column, bool element,
                         std::string_view text, const std::string& xid) {
    const Labels* known = column.meaning->labels;
    if ((known != nullptr && known->contains(text)) || text.size() > kLongestLabel) {
        return false;
    }
    Noted& noted = m_tables[table];
    return noted.size() < kMaxNoted &&
           noted.try_emplace({column.type, element, std::string{text}}, xid).second;
}

std::map<std::uint32_t, std::vector<std::string>>
UnknownLabels::settle(const postgres::Look& look) {
    std::map<std::uint32_t, std::vector<std::string>> renamed;
    for (auto place = m_tables.begin(); place != m_tables.end();) {
        const Facts* table = postgres::find_table(*look.facts, place->first);
        std::erase_if(place->second, [&](const auto& item) {
            const auto& [label, xid] = item;
            if (!look.moment.could_see(xid)) {
                return false;
            }
            const auto found =
                table != nullptr ? enum_below(table->types, label.type) : std::nullopt;
            if (found && found->element == label.element && !has_label(*found->type, label.text)) {
                renamed[place->first].push_back(label.text);
            }
            return true;
        });
        place = place->second.empty() ? m_tables.erase(place) : std::next(place);
    }
    return renamed;
}

Json UnknownLabels::json() const {
    Json out = Json::array();
    for (const auto& [table, noted] : m_tables) {
        for (const auto& [label, xid] : noted) {
            out.push_back({{"oid", table},
                           {"type", label.type},
                           {"element", label.element},
                           {"label", label.text},
                           {"xid", xid}});
        }
    }
    return out;
}

void UnknownLabels::restore(const Json& member) {
    for (const Json& item : member) {
        m_tables[item.value("oid", std::uint32_t{0})].insert(
            {{item.value("type", std::uint32_t{0}), item.value("element", false),
              item.value("label", "")},
             item.value("xid", "")});
    }
}

} // namespace cdc::capture
