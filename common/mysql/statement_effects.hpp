#ifndef CDC_MYSQL_STATEMENT_EFFECTS_HPP
#define CDC_MYSQL_STATEMENT_EFFECTS_HPP

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace cdc::mysql {

/// What statements did that the log does not say again, and that matters as long as their tables
/// are there. A checkpoint holds it, for what needs it may come behind a restart:
///
///     "statements":{"dropped_databases":["shop"],
///      "dropped_columns":[{"db":"shop","table":"orders","columns":["note"]}],
///      "constants":[{"db":"shop","table":"orders","columns":{"rank":"7","town":"\"\""}}],
///      "temporary_tables":[{"thread":7,"db":"shop","table":"orders"}],
///      "former_names":[{"db":"shop","table":"people","names":[["shop","users"]]}],
///      "unannounced":[["shop","orders"]]}
struct StatementEffects {
    static constexpr const char* kMember = "statements";   ///< of a checkpoint
    using TableName = std::pair<std::string, std::string>; ///< db, table

    struct TemporaryTable {
        std::uint32_t thread = 0; ///< of the session that has it
        std::string db;
        std::string table;
        friend auto operator<=>(const TemporaryTable&, const TemporaryTable&) = default;
    };

    /// Copies keep what was dropped, so that what is made anew under such a name stands beside old
    /// rows and old values.
    std::set<std::string> dropped_databases;
    std::map<TableName, std::set<std::string>> dropped_columns; ///< folded
    /// What rows have that are older than a column: exact values as JSON.
    std::map<TableName, std::map<std::string, std::string>> constants;

    /// Those that the log speaks of, by the names of captured tables. They end with their session,
    /// or with the server.
    std::set<TemporaryTable> temporary_tables;

    /// What tables were called, where --leave-out, --mask or --encrypt name columns by it.
    std::map<TableName, std::set<TableName>> former_names;

    /// Tables that got columns, and that no table line has told of since.
    std::set<TableName> unannounced;

    bool empty() const {
        return dropped_databases.empty() && dropped_columns.empty() && constants.empty() &&
               temporary_tables.empty() && former_names.empty() && unannounced.empty();
    }
    /// The table is gone, or has another name.
    void forget(const TableName& table);
    nlohmann::ordered_json to_json() const;
    /// Throws nlohmann::json::exception.
    static StatementEffects from_json(const nlohmann::ordered_json& json);
};

} // namespace cdc::mysql

#endif
