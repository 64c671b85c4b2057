#include "postgres/leaf_identities.hpp"

#include <algorithm>
#include <utility>

namespace cdc::postgres {

namespace {

/// Whether an old row of these columns has the key of the root.
bool tells_key(const std::vector<std::string>& columns, bool full, const RelationPlan& plan) {
    return !plan.key().empty() &&
           (full || std::all_of(plan.key().begin(), plan.key().end(), [&](std::size_t i) {
                return std::find(columns.begin(), columns.end(), plan.columns()[i].name) !=
                       columns.end();
            }));
}

} // namespace

void LeafIdentities::describe(const pgoutput::Relation& relation) {
    Described& described = m_described.emplace_back();
    described.id = relation.id;
    described.name = fmt::format("{}.{}", relation.schema, relation.name);
    described.full = relation.identity == 'f';
    for (const auto& column : relation.columns) {
        if (column.identity) {
            described.columns.emplace_back(column.name);
        }
    }
}

void LeafIdentities::settle(std::uint32_t root, const RelationPlan& plan) {
    const std::vector<Described> described = std::exchange(m_described, {});
    if (described.size() < 2 || described[described.size() - 2].id != root ||
        described.back().id == root || !plan.captured()) {
        return;
    }
    const Described& leaf = described.back();
    const bool root_full = plan.identity() == 'f';
    if (root_full ? leaf.full : tells_key(leaf.columns, leaf.full, plan)) {
        const auto others = m_others.find(root);
        if (others != m_others.end() && others->second.erase(leaf.id) > 0 &&
            others->second.empty()) {
            m_others.erase(others);
        }
        return;
    }
    m_others[root][leaf.id] = leaf;
}

char LeafIdentities::kind_of(char label, std::uint32_t root, const RelationPlan& plan) const {
    const auto others = m_others.find(root);
    if (others == m_others.end()) {
        return is_described(label, plan) ? label : 'K';
    }
    for (const auto& [id, leaf] : others->second) {
        if (!tells_key(leaf.columns, leaf.full, plan)) {
            throw base::Error{
                base::ExitCode::refused,
                fmt::format("partition {} has another replica identity than {}, as which its "
                            "changes are sent: what they hold of old rows does not tell which "
                            "row of {} it was",
                            leaf.name, plan.shape().display_name(), plan.shape().display_name()),
                "Give it the identity of its root (ALTER TABLE … REPLICA IDENTITY, which does not "
                "go down to partitions). Changes in the log stay as they are: begin with a new "
                "slot and snapshot."};
        }
    }
    return label == 'O' ? 'K' : label; // an old row may hold its key alone
}

} // namespace cdc::postgres
