#include "cdc-capture/postgres_unseen.hpp"

#include "event/facts_change.hpp"

#include <algorithm>

namespace cdc::capture {

using event::Facts;
using postgres::FactsLook;
using Json = nlohmann::ordered_json;

namespace {

const Facts* table_with(const FactsLook& look, std::uint32_t leaf) {
    const auto found =
        std::find_if(look.tables.begin(), look.tables.end(),
                     [&](const Facts& table) { return event::find_leaf(table, leaf) != nullptr; });
    return found == look.tables.end() ? nullptr : &*found;
}

const Facts* table_named(const FactsLook& look, const std::string& schema,
                         const std::string& name) {
    const auto found =
        std::find_if(look.tables.begin(), look.tables.end(), [&](const Facts& table) {
            return table.table == name && table.schema == schema;
        });
    return found == look.tables.end() ? nullptr : &*found;
}

/// The table is younger than a change of transaction `xid`, or was made by the same one.
bool was_made_behind(const Facts& facts, const std::string& xid) {
    const event::LeafFacts* root = event::find_leaf(facts, facts.oid);
    return root != nullptr && !event::precedes(root->birth, xid);
}

} // namespace

void Unseen::take(const postgres::pgoutput::Message& message, const std::string& xid,
                  const FactsLook* shown) {
    using postgres::pgoutput::Type;
    if (message.type == Type::relation) {
        const auto& relation = message.relation;
        m_described.push_back(
            {relation.id, std::string{relation.schema}, std::string{relation.name}});
        note_name(relation, xid, shown);
        return;
    }
    if (m_described.empty()) {
        return; // of this table and partition there was a change before
    }
    if (message.type == Type::insert || message.type == Type::update ||
        message.type == Type::remove) {
        note(message.relation_id, m_described.back().id, xid, shown);
    } else if (message.type == Type::truncate) {
        for (const std::uint32_t table : message.truncated) {
            note(table, table, xid, shown);
        }
    }
    if (message.type != Type::type) {
        m_described.clear();
    }
}

void Unseen::note_name(const postgres::pgoutput::Relation& relation, const std::string& xid,
                       const FactsLook* shown) {
    const Facts* known = shown == nullptr ? nullptr : postgres::find_table(*shown, relation.id);
    if (!m_filter->matches(relation.schema, relation.name)) {
        return;
    }
    std::pair name{std::string{relation.schema}, std::string{relation.name}};
    if (known != nullptr && known->schema == relation.schema && known->table == relation.name) {
        m_names.erase(name);
    } else {
        m_names.insert_or_assign(std::move(name), Naming{relation.id, xid});
    }
}

void Unseen::note(std::uint32_t table, std::uint32_t leaf, const std::string& xid,
                  const FactsLook* shown) {
    const Facts* known = shown == nullptr ? nullptr : postgres::find_table(*shown, table);
    const auto described = std::find_if(m_described.begin(), m_described.end(),
                                        [&](const Described& other) { return other.id == table; });
    if (described != m_described.end()) {
        note_called(*described, xid, known);
    }
    if ((known != nullptr && event::find_leaf(*known, leaf) != nullptr) ||
        described == m_described.end() || !m_filter->matches(described->schema, described->name)) {
        return;
    }
    Table& entry = m_tables[table];
    entry.schema = described->schema;
    entry.name = described->name;
    entry.xid = xid;
    entry.leaves.insert(leaf);
}

void Unseen::note_called(const Described& described, const std::string& xid, const Facts* known) {
    if (known == nullptr || known->schema != described.schema || known->table != described.name) {
        m_called[described.id].insert_or_assign(Name{described.schema, described.name}, xid);
    }
}

/// A table that has had another name since the look before, and changes came under it. An older
/// table that has that name now, with rows of its own, got it behind them.
void Unseen::settle_called(const postgres::Look& look, Missing& missing) {
    for (auto& [oid, names] : m_called) {
        const Facts* table = postgres::find_table(*look.facts, oid);
        bool elsewhere = false;
        std::erase_if(names, [&](const auto& entry) {
            const auto& [name, xid] = entry;
            const bool shown =
                table != nullptr && table->schema == name.first && table->table == name.second;
            const bool seen = look.moment.could_see(xid);
            elsewhere |= table != nullptr && !shown && seen;
            const Facts* owner =
                shown || !seen ? nullptr : table_named(*look.facts, name.first, name.second);
            if (owner != nullptr && !was_made_behind(*owner, xid)) {
                missing.lost[owner->oid].push_back(owner->oid);
            }
            return shown || seen;
        });
        if (elsewhere) {
            missing.lost[oid].push_back(oid);
        }
    }
    std::erase_if(m_called, [](const auto& entry) { return entry.second.empty(); });
}

Unseen::Missing Unseen::settle(const postgres::Look& look) {
    Missing missing;
    std::erase_if(m_names,
                  [&](const auto& entry) { return look.moment.could_see(entry.second.xid); });
    for (auto place = m_tables.begin(); place != m_tables.end();) {
        auto& [oid, entry] = *place;
        const Facts* table = postgres::find_table(*look.facts, oid);
        if (table != nullptr) {
            std::erase_if(entry.leaves, [&](std::uint32_t leaf) {
                return event::find_leaf(*table, leaf) != nullptr;
            });
        }
        const bool there = table != nullptr && entry.leaves.empty();
        if (!there && !look.moment.could_see(entry.xid)) {
            ++place; // the look could not see it yet
            continue;
        }
        for (const std::uint32_t leaf : entry.leaves) {
            if (table != nullptr) {
                missing.lost[oid].push_back(leaf);
            }
            if (const Facts* other = table_with(*look.facts, leaf); other != nullptr) {
                missing.lost[other->oid].push_back(leaf);
            }
        }
        if (table == nullptr && table_named(*look.facts, entry.schema, entry.name) == nullptr) {
            Facts& gone = missing.gone.emplace_back();
            gone.schema = entry.schema;
            gone.table = entry.name;
            gone.oid = oid;
            gone.gone = true;
        }
        place = m_tables.erase(place);
    }
    settle_called(look, missing);
    return missing;
}

bool Unseen::is_replaced(const Facts& facts) const {
    const auto named = m_names.find({facts.schema, facts.table});
    return named != m_names.end() && named->second.oid != facts.oid;
}

Json Unseen::json() const {
    Json out = Json::array();
    for (const auto& [oid, entry] : m_tables) {
        out.push_back({{"oid", oid},
                       {"schema", entry.schema},
                       {"table", entry.name},
                       {"xid", entry.xid},
                       {"leaves", entry.leaves}});
    }
    for (const auto& [oid, names] : m_called) {
        for (const auto& [name, xid] : names) {
            out.push_back({{"oid", oid},
                           {"schema", name.first},
                           {"table", name.second},
                           {"xid", xid},
                           {"called", true}});
        }
    }
    return out;
}

void Unseen::restore(const Json& member) {
    for (const Json& item : member) {
        if (item.value("called", false)) {
            m_called[item.value("oid", std::uint32_t{0})].insert_or_assign(
                Name{item.value("schema", ""), item.value("table", "")}, item.value("xid", ""));
            continue;
        }
        Table& entry = m_tables[item.value("oid", std::uint32_t{0})];
        entry.schema = item.value("schema", "");
        entry.name = item.value("table", "");
        entry.xid = item.value("xid", "");
        entry.leaves = item.value("leaves", std::set<std::uint32_t>{});
    }
}

} // namespace cdc::capture
