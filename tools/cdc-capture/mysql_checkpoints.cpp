#include "cdc-capture/mysql_checkpoints.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdc::capture {

using base::ExitCode;
using base::fail;
using base::in_quotes;

MysqlCheckpoints::MysqlCheckpoints(const std::vector<std::string>& files) {
    for (const std::string& path : files) {
        m_files.push_back({io::FileWatch{path}, {}});
    }
    poll();
    find_lowest();
}

void MysqlCheckpoints::poll() {
    bool changed = false;
    for (File& file : m_files) {
        if (!file.watch.changed()) {
            continue;
        }
        changed = true;
        file.checkpoint = event::read_checkpoint_file(file.watch.path());
        if (file.checkpoint && file.checkpoint->kind != "mysql" &&
            file.checkpoint->kind != "mariadb") {
            fail(ExitCode::refused, "checkpoint file {} belongs to a source of kind {}",
                 in_quotes(file.watch.path()), in_quotes(file.checkpoint->kind));
        }
    }
    if (changed) {
        find_lowest();
    }
}

void MysqlCheckpoints::find_lowest() {
    if (m_files.empty()) {
        return;
    }
    const auto order = [](const File& file) {
        return file.checkpoint ? file.checkpoint->order : event::Order{};
    };
    const auto lowest =
        std::min_element(m_files.begin(), m_files.end(),
                         [order](const File& a, const File& b) { return order(a) < order(b); });
    m_lowest = lowest->checkpoint;
    m_lowest_file = lowest->watch.path();
}

bool MysqlCheckpoints::reached(event::Order order) const {
    return std::all_of(m_files.begin(), m_files.end(), [order](const File& file) {
        return file.checkpoint && file.checkpoint->order >= order;
    });
}

} // namespace cdc::capture
