#include "mysql/catalog_shape.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/xxh64.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::uint32_t kBinary = 63;
constexpr std::uint32_t kUtf8mb4 = 45;

constexpr const char* kOfUsers =
    "table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')";

using Row = Connection::Row;

std::string text(const Row& row, std::size_t i) {
    return row.at(i).value_or("");
}

unsigned number(const Row& row, std::size_t i) {
    return base::parse_integer<unsigned>(text(row, i)).value_or(0);
}

/// A collation's number of each character set: which one says nothing about the values.
std::map<std::string, std::uint32_t> read_charsets(Connection& connection) {
    std::map<std::string, std::uint32_t> out;
    for (const Row& row : connection.query("SELECT character_set_name, MIN(id) FROM "
                                           "information_schema.collations WHERE id IS NOT NULL "
                                           "AND character_set_name IS NOT NULL GROUP BY 1")) {
        out[text(row, 0)] = number(row, 1);
    }
    return out;
}

/// The number in "bit(12)"; 0: there is none.
unsigned size_of(std::string_view type) {
    const std::size_t open = type.find('(');
    if (open == std::string_view::npos) {
        return 0;
    }
    const std::string_view rest = type.substr(open + 1);
    return base::parse_integer<unsigned>(rest.substr(0, rest.find(')'))).value_or(0);
}

const std::map<std::string, ColumnType, std::less<>>& plain_types() {
    static const std::map<std::string, ColumnType, std::less<>> kTypes{
        {"tinyint", ColumnType::tiny},
        {"smallint", ColumnType::short_},
        {"mediumint", ColumnType::int24},
        {"int", ColumnType::long_},
        {"bigint", ColumnType::longlong},
        {"float", ColumnType::float_},
        {"double", ColumnType::double_},
        {"decimal", ColumnType::newdecimal},
        {"bit", ColumnType::bit},
        {"year", ColumnType::year},
        {"date", ColumnType::date},
        {"time", ColumnType::time2},
        {"datetime", ColumnType::datetime2},
        {"timestamp", ColumnType::timestamp2},
        {"char", ColumnType::string},
        {"binary", ColumnType::string},
        {"varchar", ColumnType::varchar},
        {"varbinary", ColumnType::varchar},
        {"enum", ColumnType::enum_},
        {"set", ColumnType::set},
        {"json", ColumnType::json},
        {"vector", ColumnType::vector},
        {"uuid", ColumnType::string},
        {"inet6", ColumnType::string},
        {"inet4", ColumnType::string}};
    return kTypes;
}

/// Columns of the query in read_tables().
struct Columns {
    enum {
        db,
        table,
        name,
        data,
        type,
        nullable,
        octets,
        precision,
        scale,
        digits,
        charset,
        extra,
        collation
    };
};

TableMap::Column column_of(const Row& row, const std::map<std::string, std::uint32_t>& charsets) {
    constexpr std::string_view kBlobs[] = {"tiny", "", "medium", "long"};
    constexpr std::string_view kShapes[] = {"geometry",     "point",         "linestring",
                                            "polygon",      "multipoint",    "multilinestring",
                                            "multipolygon", "geomcollection"};
    TableMap::Column out;
    const std::string data = text(row, Columns::data);
    const std::string type = text(row, Columns::type);
    out.name = text(row, Columns::name);
    out.nullable = text(row, Columns::nullable) == "YES";
    out.visible = text(row, Columns::extra).find("INVISIBLE") == std::string::npos;
    out.is_unsigned = type.find(" unsigned") != std::string::npos;
    const auto charset = charsets.find(text(row, Columns::charset));
    out.collation = charset == charsets.end() ? kBinary : charset->second;
    out.collation_name = text(row, Columns::collation);
    if (const auto found = plain_types().find(data); found != plain_types().end()) {
        out.type = found->second;
    }
    const unsigned octets = number(row, Columns::octets);
    switch (out.type) {
    case ColumnType::newdecimal:
        out.metadata = static_cast<std::uint16_t>(number(row, Columns::precision) << 8 |
                                                  number(row, Columns::scale));
        return out;
    case ColumnType::bit: {
        const unsigned bits = number(row, Columns::precision);
        out.metadata = static_cast<std::uint16_t>(bits % 8 << 8 | bits / 8);
        return out;
    }
    case ColumnType::time2:
    case ColumnType::datetime2:
    case ColumnType::timestamp2:
        out.metadata = static_cast<std::uint16_t>(number(row, Columns::digits));
        return out;
    case ColumnType::string:
        out.metadata = static_cast<std::uint16_t>(data == "uuid" || data == "inet6" ? 16
                                                  : data == "inet4"                 ? 4
                                                                                    : octets);
        return out;
    case ColumnType::varchar:
        out.metadata = static_cast<std::uint16_t>(octets);
        return out;
    case ColumnType::enum_:
        out.labels = labels_of_type(type);
        out.collation = kUtf8mb4; // the catalog's words are UTF-8
        out.metadata = out.labels.size() < 256 ? 1 : 2;
        return out;
    case ColumnType::set: {
        out.labels = labels_of_type(type);
        out.collation = kUtf8mb4;
        const std::size_t bytes = (out.labels.size() + 7) / 8;
        out.metadata = static_cast<std::uint16_t>(bytes > 4 ? 8 : bytes);
        return out;
    }
    case ColumnType::float_:
        out.metadata = 4;
        return out;
    case ColumnType::double_:
        out.metadata = 8;
        return out;
    case ColumnType::json:
        out.metadata = 4;
        return out;
    case ColumnType::vector:
        out.metadata = 4;
        out.dimensions = size_of(type);
        return out;
    case ColumnType::null:
        break;
    default:
        return out;
    }
    for (std::size_t i = 0; i < std::size(kBlobs); ++i) {
        if (data == std::string{kBlobs[i]} + "text" || data == std::string{kBlobs[i]} + "blob") {
            out.type = ColumnType::blob;
            out.metadata = static_cast<std::uint16_t>(i + 1);
            return out;
        }
    }
    const std::string shape = data == "geometrycollection" ? "geomcollection" : data;
    for (std::uint32_t i = 0; i < std::size(kShapes); ++i) {
        if (shape == kShapes[i]) {
            out.type = ColumnType::geometry;
            out.metadata = 4;
            out.geometry = i;
            return out;
        }
    }
    fail(ExitCode::bad_data, "table {}.{}: column {} of unknown type {}", text(row, Columns::db),
         text(row, Columns::table), in_quotes(out.name), in_quotes(type));
}

} // namespace

namespace {

/// Adds what a row of the catalog says, so that no two sets of rows look the same.
void add_to_fingerprint(std::uint64_t& fingerprint, const Row& row) {
    std::string text = std::to_string(fingerprint);
    for (const auto& value : row) {
        text += value ? fmt::format(",{}:{}", value->size(), *value) : ",";
    }
    fingerprint = base::xxh64(text);
}

struct Hashes {
    std::uint64_t text = 0;
    std::uint64_t untimed = 0;

    void add(const Row& row) {
        add_to_fingerprint(text, row);
        add_to_fingerprint(untimed, row);
    }
};

constexpr int kMostTries = 5;
constexpr std::int64_t kTryMs = 50;

/// Whether a table lacks the time of its last ALTER; those of most engines always have one.
bool lack_time(const std::vector<Row>& rows, bool of_any_engine) {
    return std::any_of(rows.begin(), rows.end(), [of_any_engine](const Row& row) {
        const std::string_view engine = row.at(2) ? std::string_view{*row.at(2)} : "";
        return !row.at(3) &&
               (of_any_engine || engine == "InnoDB" || engine == "MyISAM" || engine == "Aria");
    });
}

using Times = std::map<std::pair<std::string, std::string>, std::string>;

void keep_times(const std::vector<Row>& rows, Times& times) {
    for (const Row& row : rows) {
        if (row.at(3)) {
            times[{text(row, 0), text(row, 1)}] = *row[3];
        }
    }
}

void fill_times(std::vector<Row>& rows, const Times& times) {
    for (Row& row : rows) {
        const auto known = times.find({text(row, 0), text(row, 1)});
        if (!row.at(3) && known != times.end()) {
            row[3] = known->second;
        }
    }
}

std::vector<Row> tables_where(Connection& connection, const std::string& where) {
    const auto ask = [&] {
        return connection.query("SELECT table_schema, table_name, engine, create_time, table_rows, "
                                "create_time < NOW(6) - INTERVAL 1050000 MICROSECOND FROM "
                                "information_schema.tables WHERE table_type IN ('BASE TABLE', "
                                "'SYSTEM VERSIONED') AND " +
                                where + " ORDER BY 1, 2");
    };
    std::vector<Row> rows = ask();
    // MariaDB can lack the time of a table that it opens for this question, and have it then; on a
    // busy server it lacks it of others each time, and was seen to lack it for a second of tables
    // with a UNIQUE on long texts.
    Times times;
    for (int tries = 0; tries < kMostTries && lack_time(rows, tries == 0); ++tries) {
        keep_times(rows, times);
        if (tries > 0 && !io::sleep_ms(kTryMs)) {
            break;
        }
        rows = ask();
        fill_times(rows, times);
    }
    return rows;
}

/// Columns of SHOW INDEX.
struct IndexColumns {
    enum {
        table,
        non_unique,
        key,
        place,
        column,
        collation,
        cardinality,
        part,
        packed,
        null,
        type
    };
};

void add_to_key(TableMap& map, const std::string& name) {
    const auto column = std::find_if(map.columns.begin(), map.columns.end(),
                                     [&](const auto& each) { return each.name == name; });
    if (column != map.columns.end()) {
        map.primary_key.push_back(static_cast<std::size_t>(column - map.columns.begin()));
    }
}

using TableKey = std::pair<std::string, std::string>;

/// Where InnoDB of MySQL keeps the rows of tables: that stays with them when they get another name,
/// as the second of the last ALTER does. `names`: a condition on name, "db/table" and what follows
/// for a partition. Tables of a shared tablespace have none.
std::map<TableKey, Row> read_spaces(Connection& connection, const std::string& names) {
    std::map<TableKey, Row> out;
    for (const Row& row : connection.query("SELECT name, space FROM "
                                           "information_schema.innodb_tablespaces_brief WHERE " +
                                           names + " ORDER BY 1")) {
        const std::string name = text(row, 0);
        const std::size_t slash = name.find('/');
        if (slash != name.npos) {
            const std::size_t end = std::min(name.find("#p#"), name.find("#P#"));
            out[{name.substr(0, slash), name.substr(slash + 1, end - slash - 1)}].push_back(row[1]);
        }
    }
    return out;
}

/// `where`: a condition on table_schema and table_name; `names`: the same on names of tablespaces.
std::vector<CatalogTable> read_where(Connection& connection, const std::string& where,
                                     const std::string& names, const event::TableFilter& filter) {
    if (!connection.is_mariadb()) { // the number of rows is else that of yesterday
        connection.execute("SET SESSION information_schema_stats_expiry = 0");
    }
    std::vector<CatalogTable> out;
    std::vector<Hashes> hashes;
    std::map<std::pair<std::string, std::string>, std::size_t> places;
    for (const Row& row : tables_where(connection, where)) {
        if (!filter.matches(text(row, 0), text(row, 1))) {
            continue;
        }
        CatalogTable& table = out.emplace_back();
        table.map.db = text(row, 0);
        table.map.table = text(row, 1);
        table.map.has_names = table.map.has_signedness = true;
        table.engine = text(row, 2);
        table.rows = static_cast<double>(number(row, 4));
        table.fingerprint.timed = row.at(3).has_value();
        table.fingerprint.young = table.fingerprint.timed && text(row, 5) != "1";
        add_to_fingerprint(hashes.emplace_back().text, {row.begin(), row.begin() + 4});
        places[{table.map.db, table.map.table}] = out.size() - 1;
    }
    if (!connection.is_mariadb()) {
        for (const auto& [name, spaces] : read_spaces(connection, names)) {
            if (const auto place = places.find(name); place != places.end()) {
                add_to_fingerprint(hashes[place->second].text, spaces);
            }
        }
    }
    std::set<std::size_t> without_primary; ///< that have unique indexes
    const auto charsets = read_charsets(connection);
    for (const Row& row : connection.query(
             "SELECT table_schema, table_name, column_name, data_type, column_type, is_nullable, "
             "character_octet_length, numeric_precision, numeric_scale, datetime_precision, "
             "character_set_name, extra, collation_name FROM information_schema.columns WHERE " +
             where + " ORDER BY table_schema, table_name, ordinal_position")) {
        if (const auto place = places.find({text(row, 0), text(row, 1)}); place != places.end()) {
            out[place->second].map.columns.push_back(column_of(row, charsets));
            // An altered collation shows in the table's time; a checkpoint's fingerprint holds.
            hashes[place->second].add({row.begin(), row.begin() + Columns::collation});
        }
    }
    for (const Row& row : connection.query(
             "SELECT table_schema, table_name, column_name, index_name = 'PRIMARY' FROM "
             "information_schema.statistics WHERE non_unique = 0 AND " +
             where +
             " ORDER BY table_schema, table_name, index_name <> 'PRIMARY', index_name, "
             "seq_in_index")) {
        const auto place = places.find({text(row, 0), text(row, 1)});
        if (place == places.end()) {
            continue;
        }
        TableMap& map = out[place->second].map;
        if (text(row, 3) == "1") {
            hashes[place->second].add({row.begin(), row.begin() + 3});
            add_to_key(map, text(row, 2));
        } else if (map.primary_key.empty()) {
            without_primary.insert(place->second);
        }
    }
    for (const std::size_t place : without_primary) {
        TableMap& map = out[place].map;
        const PromotedKeys keys = promoted_keys(connection, map.db, map.table);
        for (const std::string& column : keys.of_log.empty() ? keys.of_long_texts : keys.of_log) {
            hashes[place].add({map.db, map.table, column});
            add_to_key(map, column);
        }
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        base::append_hex(out[i].fingerprint.text, hashes[i].text, 16);
        base::append_hex(out[i].fingerprint.untimed, hashes[i].untimed, 16);
    }
    return out;
}

} // namespace

PromotedKeys promoted_keys(Connection& connection, const std::string& db,
                           const std::string& table) {
    constexpr unsigned kNoSuchTable = 1146;
    std::set<std::string> virtuals;
    for (const Row& row : connection.query(fmt::format(
             "SELECT column_name FROM information_schema.columns WHERE table_schema = {} AND "
             "table_name = {} AND extra LIKE '%VIRTUAL GENERATED%'",
             connection.literal(db), connection.literal(table)))) {
        virtuals.insert(text(row, 0));
    }
    std::vector<Row> rows;
    try {
        rows = connection.query(
            fmt::format("SHOW INDEX FROM {}.{}", quote_name(db), quote_name(table)));
    } catch (const ServerError& error) {
        if (error.number() != kNoSuchTable) {
            throw;
        }
    }
    PromotedKeys out;
    for (auto row = rows.begin(); row != rows.end();) {
        const auto end = std::find_if(row, rows.end(), [&](const Row& each) {
            return each.at(IndexColumns::key) != row->at(IndexColumns::key);
        });
        const bool usable = std::all_of(row, end, [&](const Row& each) {
            return text(each, IndexColumns::non_unique) == "0" && each.at(IndexColumns::column) &&
                   !each.at(IndexColumns::part) && text(each, IndexColumns::null) != "YES" &&
                   !virtuals.contains(*each.at(IndexColumns::column));
        });
        // Tables of the engine MEMORY have other ones of the type HASH.
        auto& key = text(*row, IndexColumns::type) == "HASH" ? out.of_long_texts : out.of_log;
        if (usable && key.empty()) {
            std::transform(row, end, std::back_inserter(key),
                           [](const Row& each) { return text(each, IndexColumns::column); });
        }
        row = end;
    }
    return out;
}

std::vector<std::string> labels_of_type(std::string_view type) {
    std::vector<std::string> labels;
    std::size_t at = type.find('\'');
    while (at < type.size() && type[at] == '\'') {
        std::string label;
        for (++at;; ++at) {
            if (at >= type.size()) {
                fail(ExitCode::bad_data, "the labels of {} do not end", in_quotes(type));
            }
            if (type[at] == '\'' && (at + 1 >= type.size() || type[at + 1] != '\'')) {
                break;
            }
            if (type[at] == '\\' && at + 1 < type.size()) {
                ++at;
                label += type[at] == 'n'   ? '\n'
                         : type[at] == 'r' ? '\r'
                         : type[at] == '0' ? '\0'
                                           : type[at];
                continue;
            }
            at += type[at] == '\'' ? 1 : 0;
            label += type[at];
        }
        labels.push_back(std::move(label));
        ++at;
        at += at < type.size() && type[at] == ',' ? 1 : 0;
    }
    return labels;
}

std::vector<CatalogTable> read_tables(Connection& connection, const std::string& database,
                                      const event::TableFilter& filter) {
    return read_where(
        connection, database.empty() ? kOfUsers : "table_schema = " + connection.literal(database),
        database.empty() ? "TRUE"
                         : fmt::format("LEFT(name, CHAR_LENGTH({0}) + 1) = CONCAT({0}, '/')",
                                       connection.literal(database)),
        filter);
}

std::optional<CatalogTable> read_table(Connection& connection, const std::string& database,
                                       const std::string& table) {
    auto found = read_where(connection,
                            fmt::format("table_schema = {} AND table_name = {}",
                                        connection.literal(database), connection.literal(table)),
                            fmt::format("name >= {0} AND name < CONCAT({0}, '#q')",
                                        connection.literal(database + '/' + table)),
                            event::TableFilter{{}, {}});
    return found.empty() ? std::nullopt : std::optional{std::move(found[0])};
}

} // namespace cdc::mysql
