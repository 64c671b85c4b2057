#ifndef CDC_POSTGRES_LEAF_IDENTITIES_HPP
#define CDC_POSTGRES_LEAF_IDENTITIES_HPP

#include "postgres/relation.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cdc::postgres {

/// Roots of partitions whose replica identity is another than the root's: ALTER TABLE … REPLICA
/// IDENTITY does not go down to partitions. With publish_via_partition_root the server labels the
/// old row of a change by the root's identity, and what the old row holds follows the partition's
/// (pgoutput.c). Before the first change of each partition come the descriptions of the root and of
/// the partition, in this order (maybe_send_schema()).
class LeafIdentities {
public:
    void describe(const pgoutput::Relation& relation);
    /// A change of `root` comes. `plan` of it.
    void change(std::uint32_t root, const RelationPlan& plan) {
        if (!m_described.empty()) {
            settle(root, plan);
        }
    }
    /// Tables were described before a truncate of them.
    void truncate() { m_described.clear(); }
    /// The kind of an old row, 'O' (all columns), 'K' (its key) or 0 (none), by what the root's
    /// partitions hold of it. Throws Error (refused) where that does not tell which row it was.
    char old_kind(char label, std::uint32_t root, const RelationPlan& plan) const {
        return m_others.empty() && is_described(label, plan) ? label : kind_of(label, root, plan);
    }

private:
    struct Described {
        std::uint32_t id = 0;
        std::string name;
        bool full = false;
        std::vector<std::string> columns; ///< of its identity
    };
    /// The server does not describe a root again whose identity alone has changed.
    static bool is_described(char label, const RelationPlan& plan) {
        return label != 'O' || plan.identity() == 'f';
    }
    void settle(std::uint32_t root, const RelationPlan& plan);
    char kind_of(char label, std::uint32_t root, const RelationPlan& plan) const;

    std::vector<Described> m_described; ///< since the last change
    /// Of each root, the partitions whose identity is another.
    std::map<std::uint32_t, std::map<std::uint32_t, Described>> m_others;
};

} // namespace cdc::postgres

#endif
