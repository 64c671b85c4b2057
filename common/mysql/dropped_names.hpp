#ifndef CDC_MYSQL_DROPPED_NAMES_HPP
#define CDC_MYSQL_DROPPED_NAMES_HPP

#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>

namespace cdc::mysql {

/// What statements took away. Copies keep it, so that what is made anew under such a name stands
/// beside old rows and old values. A checkpoint holds it, for the other statement may come behind a
/// restart:
///
///     "dropped":{"databases":["shop"],"columns":[{"db":"shop","table":"orders","columns":["note"]}]}
struct DroppedNames {
    static constexpr const char* kMember = "dropped"; ///< of a checkpoint

    std::set<std::string> databases;
    std::map<std::pair<std::string, std::string>, std::set<std::string>> columns; ///< (db, table)

    bool empty() const { return databases.empty() && columns.empty(); }
    nlohmann::ordered_json to_json() const;
    /// Throws nlohmann::json::exception.
    static DroppedNames from_json(const nlohmann::ordered_json& json);
};

} // namespace cdc::mysql

#endif
