#ifndef CDC_SOURCES_EXECUTED_TRANSACTIONS_HPP
#define CDC_SOURCES_EXECUTED_TRANSACTIONS_HPP

#include "event/checkpoint.hpp"
#include "mysql/gtid_set.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cdc::sources {

/// Transactions of MySQL or MariaDB whose changes stand before a checkpoint line, by their global
/// ids. They say on another server, too, what was read already.
class ExecutedTransactions {
public:
    /// Nothing where the line has no global ids. Throws Error (bad_data).
    static std::optional<ExecutedTransactions> of(const event::Checkpoint& checkpoint);

    /// Whether of() reads this member of a checkpoint.
    static bool is_member(std::string_view name);

    bool contains(const ExecutedTransactions& other) const;
    /// Whether both can be of one history: on MySQL, whether they have any in common. An empty set
    /// is of each.
    bool related(const ExecutedTransactions& other) const;
    /// Whether a change is of one of them; `source`: the JSON text of the line's member.
    bool has_change(std::string_view source);

private:
    bool has(std::string_view gtid) const;

    bool m_mariadb = false;
    mysql::GtidSet m_set;
    mysql::MariadbGtidList m_list;
    std::string m_last; ///< id of the change that was asked about last
    bool m_last_has = false;
};

} // namespace cdc::sources

#endif
