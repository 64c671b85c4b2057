#include "base/numbers.hpp"
#include "mysql/server.hpp"
#include "mysql/statement.hpp"

#include <algorithm>
#include <utility>

/// The part of Catalog that looks ahead in the log.
namespace cdc::mysql {

namespace {

constexpr std::size_t kEventsAtOnce = 1000;

struct EventColumns {
    enum { file, offset, kind, server, end, info };
};

/// "use `db`; statement", where the session had a current database.
std::pair<std::string, std::string> split_use(const std::string& info) {
    if (!info.starts_with("use `")) {
        return {"", info};
    }
    std::string db;
    for (std::size_t i = 5; i < info.size(); ++i) {
        if (info[i] == '`' && (i + 1 >= info.size() || info[++i] != '`')) {
            return {db, info.substr(std::min(i + 2, info.size()))};
        }
        db += info[i];
    }
    return {"", info};
}

bool may_rename_columns(const Statement& statement) {
    switch (statement.kind) {
    case Statement::Kind::drop_table:
    case Statement::Kind::drop_database:
    case Statement::Kind::rename_table:
    case Statement::Kind::unknown:
        return !statement.temporary;
    case Statement::Kind::create_table: // else the table, which has rows, is there
        return statement.or_replace && !statement.temporary;
    case Statement::Kind::alter_table:
        // The table of an exchanged partition has columns of the same names.
        return statement.may_rename || !statement.renamed_columns.empty() ||
               !statement.added_columns.empty() || !statement.dropped_columns.empty() ||
               !statement.added.empty() || !statement.modified.empty() ||
               !statement.renamed_to.empty();
    default:
        return false;
    }
}

} // namespace

std::string Catalog::names_changed_behind(const std::string& db, const std::string& table,
                                          const Position& from, std::int64_t seconds) {
    const std::string altered = m_connection->value(
        fmt::format("SELECT FLOOR(UNIX_TIMESTAMP(create_time)) FROM information_schema.tables "
                    "WHERE table_schema = {} AND table_name = {}",
                    m_connection->literal(db), m_connection->literal(table)));
    if (const auto known = base::parse_integer<std::int64_t>(altered); known && *known < seconds) {
        return "";
    }
    const auto names_it = [&](const std::string& info) {
        const auto [current, text] = split_use(info);
        for (const bool ansi_quotes : {false, true}) { // the event shows no sql_mode
            const Statement statement = parse_statement(text, {.ansi_quotes = ansi_quotes});
            if (!may_rename_columns(statement)) {
                continue;
            }
            for (const Statement::Name& name : statement.tables) {
                if (stored_name(name.db.empty() ? current : name.db) == db &&
                    (name.table.empty() || stored_name(name.table) == table)) {
                    return true;
                }
            }
        }
        return false;
    };
    for (const LogFile& file : log_files(*m_connection)) {
        std::uint64_t offset = Position::kFirst;
        if (file.name == from.file) {
            offset = from.offset;
        } else if (Position{file.name, 0} < Position{from.file, 0}) {
            continue;
        }
        while (true) {
            const auto events = m_connection->query(
                fmt::format("SHOW BINLOG EVENTS IN {} FROM {} LIMIT {}",
                            m_connection->literal(file.name), offset, kEventsAtOnce));
            for (const auto& event : events) {
                const std::string info = event.at(EventColumns::info).value_or("");
                if (event.at(EventColumns::kind).value_or("").starts_with("Query") &&
                    names_it(info)) {
                    return split_use(info).second;
                }
            }
            if (events.size() < kEventsAtOnce) {
                break;
            }
            const auto end = base::parse_integer<std::uint64_t>(
                events.back().at(EventColumns::end).value_or(""));
            if (!end || *end <= offset) { // beyond 32 bits events do not say where they end
                return "a part of the log that cannot be looked at";
            }
            offset = *end;
        }
    }
    return "";
}

} // namespace cdc::mysql
