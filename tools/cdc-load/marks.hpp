#ifndef CDC_LOAD_MARKS_HPP
#define CDC_LOAD_MARKS_HPP

#include "base/mutex.hpp"
#include "clickhouse/state.hpp"
#include "clickhouse/transport.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::load {

/// Which tables of the target are marked, also those of which no row came. Both threads set them.
class Marks {
public:
    /// Reads them from `_cdc_state`, and says on stderr which there are.
    void load(clickhouse::Transport& transport);

    void set_stale(const std::string& table, bool marked) {
        const base::MutexLock lock{m_mutex};
        set(m_stale, table, marked);
    }
    void set_unproven(const std::string& table, bool marked) {
        const base::MutexLock lock{m_mutex};
        set(m_unproven, table, marked);
    }
    std::size_t stale() const {
        const base::MutexLock lock{m_mutex};
        return m_stale.size();
    }
    std::size_t unproven() const {
        const base::MutexLock lock{m_mutex};
        return m_unproven.size();
    }

private:
    using Names = std::set<std::string, std::less<>>;

    static void set(Names& names, const std::string& table, bool marked) {
        if (marked) {
            names.insert(table);
        } else {
            names.erase(table);
        }
    }

    mutable base::Mutex m_mutex;
    Names m_stale CDC_GUARDED_BY(m_mutex);
    Names m_unproven CDC_GUARDED_BY(m_mutex);
};

/// What a whole snapshot of a table proves.
struct Proof {
    std::string facts;     ///< the snapshot's own, as a line has them; "": none
    bool unlogged = false; ///< it proves nothing for long: changes are not in the log
};

/// The table was read whole at `order`: rows that end its older marks, and those that facts of a
/// later look gave for what had happened before, so that the snapshot's facts have it already.
std::vector<clickhouse::StateRow> end_marks(const std::string& table,
                                            const clickhouse::TableState& state, event::Order order,
                                            const Proof& proof, bool keep_dropped_partitions);

} // namespace cdc::load

#endif
