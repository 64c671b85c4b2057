#include "clickhouse/target_state.hpp"

#include "base/numbers.hpp"
#include "clickhouse/schema.hpp"

#include <algorithm>
#include <filesystem>

namespace cdc::clickhouse {

using base::ExitCode;
using base::in_quotes;

namespace {

constexpr int kUnknownTable = 60;

std::int64_t integer(const std::string& text) {
    return base::parse_integer<std::int64_t>(text).value_or(0);
}

/// A source without a slot, which no stream moves on.
bool is_reading_beside(std::string_view name) {
    return name.starts_with("postgres:") && name.ends_with(':');
}

LoadedTable& table_of(TargetState& state, const std::string& name) {
    const auto found = std::find_if(state.tables.begin(), state.tables.end(),
                                    [&](const LoadedTable& table) { return table.name == name; });
    if (found != state.tables.end()) {
        return *found;
    }
    state.tables.emplace_back().name = name;
    return state.tables.back();
}

} // namespace

TargetState read_target_state(Transport& transport) {
    std::string answer;
    try {
        answer = transport.query(
            fmt::format(
                "SELECT scope, name, item, lower(leftPad(hex(version), 32, '0')), position, "
                "value, toUnixTimestamp64Milli(commit_time), "
                "toUnixTimestamp64Milli(load_time), toUnixTimestamp64Milli(now64(3)) "
                "FROM {} FINAL ORDER BY scope, name, item",
                kStateTable),
            "TabSeparated");
    } catch (const ServerError& error) {
        if (error.server_code() != kUnknownTable) {
            throw;
        }
        throw base::Error{
            ExitCode::refused,
            fmt::format("the target {} has no table {}", in_quotes(transport.name()), kStateTable),
            "cdc-load makes it with the first line that it loads."};
    }
    TargetState state;
    for (const auto& row : parse_tsv(answer)) {
        if (row.size() < 9) {
            continue;
        }
        const event::Order order = event::Order::parse(row[3]).value_or(event::Order{});
        state.now_ms = integer(row[8]);
        if (row[0] == "source" && is_reading_beside(row[1])) {
            continue; // older versions stored it
        }
        if (row[0] == "source" && row[2] == "checkpoint") {
            state.sources.push_back(
                {row[1], order, row[4], row[5], integer(row[6]), integer(row[7])});
        } else if (row[0] == "table") {
            const bool mark = row[2] == "stale" || row[2] == "unproven";
            if (row[2] == "facts" || row[2] == "truncated" || row[2].rfind("oid ", 0) == 0 ||
                (mark && row[5].empty())) {
                continue; // also of tables that never came
            }
            LoadedTable& table = table_of(state, row[1]);
            if (row[2] == "barrier") {
                table.barrier = order;
            } else if (row[2] == "source") {
                table.source = row[5];
            } else if (row[2] == "layout") {
                table.layout = row[5];
            } else if (row[2] == "stale") {
                table.stale = row[5];
            } else if (row[2] == "unproven") {
                table.unproven = row[5];
            }
        } else if (row[0] == "parked" && !row[5].empty()) {
            ++table_of(state, row[1]).parked_keys;
        }
    }
    return state;
}

std::optional<StoredParts> read_stored_parts(Transport& transport) {
    std::string answer;
    try {
        answer = transport.query(
            "SELECT sum(r), sum(b), sum(n), max(n), (SELECT count() FROM system.merges "
            "WHERE database = currentDatabase()) FROM (SELECT sum(rows) r, sum(bytes_on_disk) b, "
            "count() n FROM system.parts WHERE active AND database = currentDatabase() "
            "GROUP BY table, partition_id)",
            "TabSeparated");
    } catch (const ServerError& error) {
        if (error.transient()) {
            throw;
        }
        return std::nullopt;
    }
    const auto rows = parse_tsv(answer);
    if (rows.empty() || rows.front().size() < 5) {
        return std::nullopt;
    }
    const auto number = [&](std::size_t i) {
        return static_cast<std::uint64_t>(integer(rows.front()[i]));
    };
    return StoredParts{number(0), number(1), number(2), number(3), number(4)};
}

std::unique_ptr<Transport> open_existing(const std::string& url, const std::string& chdb_library) {
    constexpr std::string_view kChdb = "chdb:";
    if (url.rfind(kChdb, 0) == 0) {
        std::error_code error;
        if (!std::filesystem::is_directory(url.substr(kChdb.size()), error)) {
            base::fail(ExitCode::refused, "there is no folder {} to look into",
                       in_quotes(url.substr(kChdb.size())));
        }
    }
    TransportOptions options;
    options.chdb_library = chdb_library;
    return open_transport(url, options);
}

} // namespace cdc::clickhouse
