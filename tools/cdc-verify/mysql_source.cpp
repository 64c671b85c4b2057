#include "cdc-verify/mysql_source.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "cdc-verify/mysql_repair.hpp"
#include "cdc-verify/row_sums.hpp"
#include "io/stop_signal.hpp"
#include "mysql/consistent_snapshot.hpp"
#include "mysql/result_column.hpp"
#include "mysql/row_query.hpp"
#include "mysql/server.hpp"

#include <algorithm>
#include <charconv>

namespace cdc::verify {

using mysql::Connection;
using mysql::ValueKind;

namespace {

constexpr unsigned kOffsetBits = 40;

bool is_number_text(std::string_view text) {
    return !text.empty() && text.find_first_not_of("-+.0123456789eE") == std::string_view::npos;
}

bool is_float(std::string_view text, float& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && is_number_text(text);
}

} // namespace

MysqlSource::MysqlSource(const std::string& url, Activity& activity)
    : Source{activity}, m_url{url}, m_address{mysql::parse_url(url)}, m_database{
                                                                          m_address.database} {
    Connection& plain = connection();
    m_kind = plain.is_mariadb() ? "mariadb" : "mysql";
    m_server = mysql::identity(plain);
    m_description = plain.description();
    m_log_name = mysql::log_end(plain).position.base_name();
}

Connection& MysqlSource::connection() {
    if (!m_connection) {
        m_connection = std::make_unique<Connection>(m_address);
    }
    return *m_connection;
}

std::string MysqlSource::from(const Table& table) const {
    return mysql::quote_name(table.facts.schema) + "." + mysql::quote_name(table.facts.table);
}

std::string MysqlSource::literal(const Column& column, const Value& value) {
    if (column.bytes) {
        if (value.bytes.empty()) {
            return "''";
        }
        std::string out = "X'";
        for (const char c : value.bytes) {
            base::append_hex(out, static_cast<unsigned char>(c), 2);
        }
        return out + "'";
    }
    const std::string text = text_of(column.type, value);
    switch (column.mysql->kind) {
    case ValueKind::float32:
        // The server compares it as a double, of which the shortest text of a float is another one.
        if (float number = 0; is_float(text, number)) {
            return fmt::format("{}", static_cast<double>(number));
        }
        break;
    case ValueKind::integer:
    case ValueKind::year:
    case ValueKind::bit:
    case ValueKind::float64:
    case ValueKind::decimal: // as text they would be compared as doubles
        if (is_number_text(text)) {
            return text;
        }
        break;
    default:
        break;
    }
    return connection().literal(text);
}

std::string MysqlSource::keys_sql(const Table& table, const std::vector<std::string>& keys) {
    return key_condition(
        table, keys, [](const Column& column) { return column.source_name; },
        [this](const Column& column, const Value& value) { return literal(column, value); });
}

template<typename Visitor>
void MysqlSource::scan(const Table& table, const std::string& condition, Visitor&& visit) {
    std::vector<Scratch> scratch(table.columns.size());
    std::vector<Value> values(table.columns.size());
    read(select_sql(table, from(table), condition),
         [&](const std::vector<mysql::ResultField>& fields) {
             for (std::size_t i = 0; i < values.size(); ++i) {
                 values[i] = encode_result(table.columns[i], fields[i], scratch[i]);
             }
             visit(values);
         });
}

namespace {

/// Where part `part` of `parts` begins.
std::string cut(const source::TableFacts& facts, int part, int parts) {
    const base::Int128 value = facts.least + (facts.greatest - facts.least) * part / parts;
    return (value < 0 ? "-" : "") +
           base::decimal_text(static_cast<base::Uint128>(value < 0 ? -value : value));
}

base::Int128 integer(const std::string& text) {
    const auto value = base::parse_integer<std::int64_t>(text);
    return value ? *value : base::Int128{base::parse_integer<std::uint64_t>(text).value_or(0)};
}

} // namespace

void MysqlSource::sums(const Table& table, const Selection& selection, int part, int parts,
                       Buckets& out) {
    const source::TableFacts& facts = table.facts;
    std::string condition;
    if (facts.range_column.empty()) {
        if (part > 0) {
            return;
        }
    } else if (parts > 1) { // the first and the last have no end: rows come while they are read
        const std::string name = mysql::quote_name(facts.range_column);
        condition = part == 0 ? "" : name + " >= " + cut(facts, part, parts);
        if (part + 1 < parts) {
            condition = join_conditions(condition, name + " < " + cut(facts, part + 1, parts));
        }
    }
    sum_rows(table, selection, out, [&](auto&& visit) { scan(table, condition, visit); });
}

Rows MysqlSource::rows(const Table& table, const Selection& selection) {
    const std::string condition = table.masked_key || selection.keys.empty()
                                      ? std::string{}
                                      : keys_sql(table, selection.keys);
    return collect_rows(table, selection, table.masked_key,
                        [&](auto&& visit) { scan(table, condition, visit); });
}

std::uint64_t MysqlSource::count(const Table& table) {
    std::uint64_t rows = 0;
    read("SELECT count(*) FROM " + from(table) +
             (table.where.empty() ? "" : " WHERE " + table.where),
         [&rows](const std::vector<mysql::ResultField>& fields) {
             mysql::ValueCodec codec;
             codec.kind = ValueKind::integer;
             std::string text;
             mysql::append_result_value(text, codec, fields[0].bytes);
             rows = base::parse_integer<std::uint64_t>(text).value_or(0);
         });
    return rows;
}

LogPosition MysqlSource::begin_at_position(const Table& table, std::int64_t wait_ms) {
    Connection plain{m_address};
    auto snapshot =
        mysql::open_snapshot(m_address, plain, {1, wait_ms, [this] { check_stop(); }, from(table)});
    if (!snapshot.exact) {
        throw base::Error{base::ExitCode::refused,
                          "its rows at one position take a lock on it for a moment, and the user "
                          "has no right to that",
                          fmt::format("GRANT LOCK TABLES ON {}.* TO the user", table.facts.schema)};
    }
    m_connection = std::make_unique<Connection>(std::move(snapshot.readers[0]));
    return snapshot.place.position.order_position();
}

void MysqlSource::end_transaction() {
    connection().execute("COMMIT");
}

std::optional<RowsAtPosition> MysqlSource::rows_at_position(const Table& table,
                                                            const Selection& selection,
                                                            std::int64_t wait_ms) {
    if (!m_epoch) {
        return std::nullopt;
    }
    LogPosition position = 0;
    try {
        position = begin_at_position(table, wait_ms);
    } catch (const base::Error& error) {
        if (io::stop_signal::requested()) {
            throw;
        }
        m_connection.reset();
        base::log::debug("{}: cannot be compared at one position: {}", table.name(), error.what());
        return std::nullopt;
    }
    RowsAtPosition found{rows(table, selection), position,
                         event::Order::make(*m_epoch, position, 0)};
    end_transaction();
    return found;
}

LogPosition MysqlSource::insert_position() {
    return mysql::log_end(connection()).position.order_position();
}

bool MysqlSource::owns(const event::Checkpoint& checkpoint) const {
    return checkpoint.kind == m_kind && checkpoint.server == m_server;
}

std::optional<LogPosition> MysqlSource::position_of(const event::Checkpoint& checkpoint) const {
    const auto position = mysql::Position::parse(checkpoint.position);
    return owns(checkpoint) && position ? std::optional{position->order_position()} : std::nullopt;
}

mysql::Position MysqlSource::position_at(LogPosition position) const {
    return {fmt::format("{}.{:06}", m_log_name, position >> kOffsetBits),
            position & mysql::Position::kMaxOffset};
}

std::string MysqlSource::behind_text(LogPosition reached, LogPosition wanted) const {
    const bool one_file = reached >> kOffsetBits == wanted >> kOffsetBits;
    return fmt::format("{}, {} before {}", position_text(reached),
                       one_file ? fmt::format("{} bytes of log", wanted - reached)
                                : fmt::format("{} files of log",
                                              (wanted >> kOffsetBits) - (reached >> kOffsetBits)),
                       position_text(wanted));
}

std::optional<event::Order> MysqlSource::order_now(const std::optional<event::Order>& loaded) {
    if (!loaded) {
        return std::nullopt;
    }
    m_epoch = loaded->epoch();
    return event::Order::make(*m_epoch, insert_position(), 0);
}

std::optional<TableName> MysqlSource::table_of(const std::string& db, const std::string& schema,
                                               const std::string& table) const {
    return schema.empty() && (m_database.empty() || db == m_database)
               ? std::optional{TableName{db, table}}
               : std::nullopt;
}

std::vector<TableName> MysqlSource::captured_tables(const Options& /*options*/,
                                                    const clickhouse::TargetState& /*state*/,
                                                    const event::TableFilter& /*filter*/) {
    return {}; // the server does not know which tables are captured
}

std::vector<TableName> MysqlSource::all_tables() {
    std::vector<TableName> found;
    for (const event::PresentTable& table : mysql::present_tables(connection(), m_database)) {
        found.push_back({table.schema, table.table});
    }
    return found;
}

std::vector<event::PresentTable> MysqlSource::present_tables(const Options& options) {
    auto present = mysql::present_tables(connection(), m_database);
    if (!options.exclude_columns.empty() || !options.edits().empty()) {
        for (event::PresentTable& table : present) {
            const auto found = facts(table.schema, table.table);
            for (std::size_t i = 0; found && i < found->columns.size(); ++i) {
                table.columns.push_back(found->columns[i].name);
            }
        }
    }
    return present;
}

std::optional<source::TableFacts> MysqlSource::facts(const std::string& schema,
                                                     const std::string& table) {
    Connection& plain = connection();
    const std::string where = fmt::format(" WHERE table_schema = {} AND table_name = {}",
                                          plain.literal(schema), plain.literal(table));
    const auto found = plain.query("SELECT table_rows FROM information_schema.tables" + where +
                                   " AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')");
    if (found.empty()) {
        return std::nullopt;
    }
    source::TableFacts facts;
    facts.schema = schema;
    facts.table = table;
    facts.rows = base::parse_integer<std::int64_t>(found[0].at(0).value_or("")).value_or(-1);
    for (const auto& row : plain.query("SELECT column_name, column_type, extra, is_nullable FROM "
                                       "information_schema.columns" +
                                       where + " ORDER BY ordinal_position")) {
        source::FactColumn column;
        column.name = row.at(0).value_or("");
        column.type = row.at(1).value_or("");
        column.generated = row.at(2).value_or("").find("GENERATED") != std::string::npos &&
                           row.at(2).value_or("").find("DEFAULT_GENERATED") == std::string::npos;
        column.nullable = row.at(3) == "YES";
        facts.columns.push_back(std::move(column));
    }
    mysql::Catalog catalog{plain};
    if (const auto map = catalog.shape(schema, table)) {
        int number = 0;
        for (const std::size_t place : map->primary_key) {
            for (source::FactColumn& column : facts.columns) {
                if (column.name == map->columns[place].name) {
                    column.in_identity = true;
                    column.key = ++number;
                }
            }
        }
    }
    read_range(facts);
    return facts;
}

/// By what the table is read in ranges.
void MysqlSource::read_range(source::TableFacts& facts) {
    const auto first =
        std::find_if(facts.columns.begin(), facts.columns.end(),
                     [](const source::FactColumn& column) { return column.key == 1; });
    if (first == facts.columns.end() ||
        mysql::result_codec(first->type).kind != ValueKind::integer) {
        return;
    }
    const std::string name = mysql::quote_name(first->name);
    const auto ends = connection().query(fmt::format("SELECT MIN({0}), MAX({0}) FROM {1}.{2}", name,
                                                     mysql::quote_name(facts.schema),
                                                     mysql::quote_name(facts.table)));
    if (!ends.empty() && ends[0].at(0) && ends[0].at(1)) {
        facts.range_column = first->name;
        facts.least = integer(*ends[0][0]);
        facts.greatest = integer(*ends[0][1]);
    }
}

std::string MysqlSource::how_read(const Table& table, std::size_t readers) const {
    return fmt::format("come by the binary protocol of prepared statements in {} parts and are "
                       "hashed here, as the stream's values would be",
                       table.facts.range_column.empty() ? 1U : readers);
}

Column MysqlSource::pair(const source::FactColumn& column, std::string_view target_type,
                         const std::string& stored) {
    return pair_mysql_column(column, mysql::quote_name(column.name), target_type, stored);
}

std::unique_ptr<RepairPoint> MysqlSource::repair_point(const Table& table) {
    return std::make_unique<MysqlRepairPoint>(m_url, table, m_activity);
}

} // namespace cdc::verify
