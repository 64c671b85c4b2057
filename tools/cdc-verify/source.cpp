#include "cdc-verify/source.hpp"

#include "base/time.hpp"
#include "io/stop_signal.hpp"

namespace cdc::verify {

void Source::check_stop() const {
    m_activity.show();
    if (io::stop_signal::requested()) {
        throw io::Stopped{"the source worked on a query"};
    }
    if (m_end != 0 && base::steady_ms() >= m_end) {
        throw TimeUp{};
    }
}

std::string join_conditions(const std::string& a, const std::string& b) {
    return a.empty() ? b : b.empty() ? a : "(" + a + ") AND (" + b + ")";
}

std::string select_sql(const Table& table, const std::string& from, const std::string& condition) {
    std::string sql = "SELECT ";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        sql += (i == 0 ? "" : ", ") + table.columns[i].source_select;
    }
    sql += " FROM " + from;
    const std::string where = join_conditions(table.where, condition);
    return where.empty() ? sql : sql + " WHERE " + where;
}

std::string key_condition(const Table& table, const std::vector<std::string>& keys,
                          const std::function<std::string(const Column&)>& name,
                          const std::function<std::string(const Column&, const Value&)>& literal) {
    std::string names;
    for (const std::size_t column : table.key) {
        names += (names.empty() ? "" : ", ") + name(table.columns[column]);
    }
    std::string list;
    for (const std::string& key : keys) {
        const std::vector<Value> values = split_image(key, table.key.size());
        std::string tuple;
        for (std::size_t i = 0; i < values.size(); ++i) {
            tuple += (i == 0 ? "" : ", ") + literal(table.columns[table.key[i]], values[i]);
        }
        list += (list.empty() ? "(" : ", (") + tuple + ")";
    }
    return table.key.size() == 1 ? names + " IN (" + list + ")"
                                 : "(" + names + ") IN (" + list + ")";
}

} // namespace cdc::verify
