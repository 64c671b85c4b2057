#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-load/rebuilder.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/rebuild.hpp"
#include "clickhouse/stored_name.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

/// The part of Rebuilder that copies rows from one table to the other, and waits until nobody
/// writes the old one.
namespace cdc::load {

using base::in_quotes;
using clickhouse::quote_identifier;
using clickhouse::quote_string;
using clickhouse::ServerError;
using event::Order;

namespace {

constexpr int kTableExists = 57;
constexpr int kNoMetadata = 390;
constexpr std::int64_t kPauseMs = 50;
constexpr std::int64_t kSayEveryMs = 10'000;
constexpr int kUnknownTable = 60;

} // namespace

void Rebuilder::copy(const TableLoader& table, const std::string& from, const std::string& to,
                     Order order, std::vector<std::string>& copied) {
    // Listed first: what is stored meanwhile is in a part that the list does not have, also when
    // parts are merged.
    std::string answer;
    retry([&] {
        answer = m_transport.query(
            fmt::format("SELECT name FROM system.parts WHERE database = currentDatabase() AND "
                        "table = {} AND active",
                        quote_string(from)),
            "TabSeparated");
    });
    std::vector<std::string> parts;
    for (auto& row : clickhouse::parse_tsv(answer)) {
        parts.push_back(std::move(row[0]));
    }
    const auto from_columns = columns_of(table, from);
    auto to_columns = columns_of(table, to);
    FoundTable found;
    retry([&] { found = find_table(m_transport, to); });
    const std::vector<std::string> key = clickhouse::split_sorting_key(found.sorting_key);
    for (clickhouse::ExistingColumn& column : to_columns) {
        const auto old = std::find_if(from_columns.begin(), from_columns.end(), [&](const auto& c) {
            return clickhouse::same_column(c.name, column.name, m_options.layout);
        });
        auto type = clickhouse::parse_type(column.type);
        const auto old_type =
            old != from_columns.end() ? clickhouse::parse_type(old->type) : std::nullopt;
        const bool in_key = std::find(key.begin(), key.end(), column.name) != key.end();
        if (!in_key && type && old_type && old_type->nullable && !type->nullable && !type->array) {
            type->nullable = true; // a loader met a NULL meanwhile
            column.type = clickhouse::type_text(*type);
            execute(fmt::format("ALTER TABLE {} MODIFY COLUMN {} {}", quote_identifier(to),
                                quote_identifier(column.name), column.type));
        }
    }
    execute(clickhouse::copy_sql(from, from_columns, to, to_columns, table.target().own(), order,
                                 copied));
    copied = std::move(parts);
}

bool Rebuilder::attach(const std::string& name) {
    const std::int64_t started = base::steady_ms();
    std::int64_t said = started;
    const std::string sql = fmt::format("ATTACH TABLE {}", quote_identifier(name));
    while (true) {
        try {
            execute(sql);
            return true;
        } catch (const ServerError& error) {
            if (error.server_code() == kUnknownTable || error.server_code() == kNoMetadata) {
                return false;
            }
            // The same code: it is there, or queries use it still, as it was before the DETACH.
            if (error.server_code() != kTableExists) {
                throw;
            }
        }
        FoundTable found;
        retry([&] { found = find_table(m_transport, name); });
        if (found.exists) {
            return true;
        }
        if (base::steady_ms() - said >= kSayEveryMs) {
            base::log::info("queries use the old table still: they have {} s to go on",
                            (base::steady_ms() - started) / 1000);
            said = base::steady_ms();
        }
        if (!io::sleep_ms(kPauseMs)) {
            throw io::Stopped{"queries used " + in_quotes(name)};
        }
    }
}

void Rebuilder::reattach(const std::string& name) {
    base::log::debug("DETACH TABLE {}", name);
    retry([&] {
        try {
            m_transport.execute(fmt::format("DETACH TABLE {}", quote_identifier(name)));
        } catch (const ServerError& error) {
            if (error.server_code() != kUnknownTable) {
                throw;
            } // an answer was lost
        }
    });
    attach(name);
}

void Rebuilder::wait_until_unused(const std::string& name) {
    reattach(name);
    // ATTACH lists the parts first and then looks whether queries use the table still: one that
    // ends between the two has stored a part which that list does not have.
    reattach(name);
}

} // namespace cdc::load
