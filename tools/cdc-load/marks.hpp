#ifndef CDC_LOAD_MARKS_HPP
#define CDC_LOAD_MARKS_HPP

#include "clickhouse/transport.hpp"

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace cdc::load {

/// Which tables of the target are marked, also those of which no row came. Both threads set them.
class Marks {
public:
    /// Reads them from `_cdc_state`, and says on stderr which there are.
    void load(clickhouse::Transport& transport);

    void set_stale(const std::string& table, bool marked) { set(m_stale, table, marked); }
    void set_unproven(const std::string& table, bool marked) { set(m_unproven, table, marked); }
    std::size_t stale() const { return count(m_stale); }
    std::size_t unproven() const { return count(m_unproven); }

private:
    using Names = std::set<std::string, std::less<>>;

    void set(Names& names, const std::string& table, bool marked) {
        const std::lock_guard lock{m_mutex};
        if (marked) {
            names.insert(table);
        } else {
            names.erase(table);
        }
    }
    std::size_t count(const Names& names) const {
        const std::lock_guard lock{m_mutex};
        return names.size();
    }

    mutable std::mutex m_mutex;
    Names m_stale;
    Names m_unproven;
};

} // namespace cdc::load

#endif
