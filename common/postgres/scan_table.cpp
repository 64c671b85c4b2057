#include "postgres/scan_table.hpp"

#include "postgres/missing_right.hpp"
#include "postgres/published.hpp"
#include "postgres/relation.hpp"
#include "postgres/text_array.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <span>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

constexpr int kColumnLists = 150000;      // and row filters
constexpr int kGeneratedColumns = 180000; // that a stream may carry

// What the publication says of each table: the numbers of its columns, NULL meaning all, and
// whether it has a row filter. One of a whole schema, or of all tables, has neither.
constexpr char kTables[] = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind = 'p', c.relreplident, {}
FROM pub CROSS JOIN sent s
JOIN pg_class c ON c.oid = s.oid AND CASE WHEN pub.via_root THEN s.oid = s.top ELSE c.relkind = 'r' END
JOIN pg_namespace n ON n.oid = c.relnamespace
{}
WHERE c.relpersistence = 'p' AND n.nspname <> 'information_schema'
ORDER BY 2, 3)";

constexpr char kEntry[] =
    R"(LEFT JOIN pg_publication_rel r ON r.prrelid = c.oid AND r.prpubid = pub.oid
    AND NOT EXISTS (SELECT FROM pg_publication_namespace s
                    WHERE s.pnpubid = pub.oid AND s.pnnspid = c.relnamespace))";

// Questions about many tables in one. Each is asked by itself, through the server's indexes: a plan
// over all of them would go by guesses, and a question each costs a way to the server and a plan.
std::string for_each_sql(std::string_view names, std::string_view question) {
    return fmt::format("SELECT t.n, q.* FROM unnest({}) WITH ORDINALITY AS t({}, n) "
                       "CROSS JOIN LATERAL ({}) AS q ORDER BY t.n, q.place",
                       names.substr(0, names.find('|')), names.substr(names.find('|') + 1),
                       question);
}

// The identity as logicalrep_write_attrs() finds it: an index that is valid and not deferrable,
// without its INCLUDE columns. Before 18 no stream carries generated columns, listed or not.
constexpr char kColumnsOf[] =
    "$1::oid[], $2::text[], $3::text[], $4::text[]|oid, identity, listed, generated";
constexpr char kColumns[] = R"(
SELECT a.attnum AS place, a.attname, a.atttypid, a.atttypmod,
    t.identity = 'f' OR coalesce(a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]), false),
    a.attgenerated <> ''
FROM pg_attribute a
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisvalid AND i.indimmediate
    AND CASE t.identity WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    AND CASE WHEN t.listed = '' THEN a.attgenerated = '' OR a.attgenerated = t.generated
             ELSE a.attnum = ANY (string_to_array(t.listed, ' ')::int2[])
             AND (a.attgenerated = '' OR current_setting('server_version_num')::int >= 180000) END
OFFSET 0)";

// Domains over enums have no operators.
constexpr char kPagingKeyOf[] =
    "$1::oid[], $2::text[], $3::text[], $4::text[]|oid, identity, schema, name";
constexpr char kPagingKey[] = R"(
SELECT k.place, a.attname, format_type(a.atttypid, a.atttypmod),
    CASE WHEN k.coll <> 0 AND k.coll <> a.attcollation THEN
        (SELECT format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_collation co
         JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = k.coll) END,
    o.opcdefault AND o.opcnamespace = 'pg_catalog'::regnamespace AND k.opt & 1 = 0
        AND NOT (o.opcintype = 'anyenum'::regtype AND EXISTS (SELECT FROM pg_type t WHERE t.oid = a.atttypid AND t.typtype = 'd')),
    (SELECT abs(s.correlation) FROM pg_stats s WHERE s.schemaname = t.schema AND s.tablename = t.name
     AND s.attname = a.attname LIMIT 1)
FROM pg_index i
CROSS JOIN unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
    WITH ORDINALITY AS k(attnum, class, coll, opt, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_opclass o ON o.oid = k.class
WHERE i.indrelid = t.oid AND i.indisvalid AND i.indimmediate AND k.place <= i.indnkeyatts
    AND CASE t.identity WHEN 'i' THEN i.indisreplident WHEN 'n' THEN false ELSE i.indisprimary END
OFFSET 0)";

constexpr char kOids[] = "$1::oid[]|oid";

// The planner's estimates, of the table or of all leaves under a root: the size itself is not to be
// had without a lock.
constexpr char kSize[] = R"(
WITH RECURSIVE part(oid) AS (
    SELECT t.oid UNION ALL SELECT i.inhrelid FROM part JOIN pg_inherits i ON i.inhparent = part.oid
    JOIN pg_class root ON root.oid = part.oid AND root.relkind = 'p')
SELECT 1 AS place,
    coalesce(sum(greatest(c.relpages, 0)), 0)::bigint * current_setting('block_size')::bigint,
    coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint
FROM pg_class c JOIN part USING (oid) WHERE c.relkind <> 'p')";

// By pg_inherits: the tables that the transaction's lock holds.
constexpr char kPages[] = R"(
WITH RECURSIVE part(oid) AS (
    SELECT $1::oid UNION ALL SELECT i.inhrelid FROM part JOIN pg_inherits i ON i.inhparent = part.oid
    JOIN pg_class root ON root.oid = part.oid AND root.relkind = 'p')
SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::bigint / current_setting('block_size')::int
FROM pg_class c JOIN part USING (oid) WHERE c.relkind <> 'p')";

constexpr char kRowFilter[] = R"(
SELECT pg_get_expr(r.prqual, r.prrelid) FROM pg_publication_rel r
JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = $1 AND r.prrelid = $2::oid)";

// Name, for the table is read by it; columns; then storage, which SET ACCESS METHOD and SET
// UNLOGGED rewrite, of the table and of all partitions under it. By pg_inherits, which a snapshot
// sees as it was; pg_partition_tree() does not.
constexpr char kMark[] = R"(
WITH RECURSIVE part(oid) AS (
    SELECT t.oid UNION ALL SELECT i.inhrelid FROM part JOIN pg_inherits i ON i.inhparent = part.oid
    JOIN pg_class root ON root.oid = part.oid AND root.relkind = 'p')
SELECT 1 AS place, (SELECT format('%s.%s ', relnamespace, relname) FROM pg_class WHERE oid = t.oid) ||
    (SELECT string_agg(attnum || ':' || xmin, ' ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = t.oid AND attnum > 0) || ' ' ||
    (SELECT string_agg(format('%s:%s%s', c.oid, c.relam, c.relpersistence), ' ' ORDER BY c.oid)
        FROM pg_class c JOIN part USING (oid)))";

constexpr char kRightsOf[] = "$1::oid[], $2::text[]|oid, columns";
constexpr char kRights[] = R"(
SELECT 1 AS place, has_schema_privilege(c.relnamespace, 'USAGE'),
    has_table_privilege(c.oid, 'SELECT') OR NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname IN (SELECT json_array_elements_text(t.columns::json))
        AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')),
    row_security_active(c.oid), format('%I', current_user), format('%I', n.nspname), format('%I', c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = t.oid OFFSET 0)";

/// So many tables a question: answers are held whole.
constexpr std::size_t kTablesAtOnce = 1000;

bool is_true(const Result& result, int row, int column) {
    return result.text(row, column) == "t";
}

std::string tables_sql(int version) {
    const bool lists = version >= kColumnLists;
    const char* generated =
        version >= kGeneratedColumns
            ? "coalesce((SELECT nullif(p.pubgencols::text, 'n') FROM pg_publication p "
              "WHERE p.oid = pub.oid), '-')"
            : "'-'";
    return published_sql(version) +
           fmt::format(kTables,
                       fmt::format("{}, {}",
                                   lists ? "r.prattrs::text, r.prqual IS NOT NULL" : "NULL, false",
                                   generated),
                       lists ? kEntry : "");
}

} // namespace

pgoutput::Relation ScanTable::relation() const {
    pgoutput::Relation out;
    out.id = oid;
    out.schema = schema;
    out.name = name;
    out.identity = identity;
    for (const Column& column : columns) {
        out.columns.push_back({column.identity, column.name, column.type, column.modifier});
    }
    return out;
}

std::vector<ScanTable> list_scan_tables(Connection& connection,
                                        const std::optional<std::string>& publication,
                                        const event::TableFilter& filter) {
    const Result result =
        connection.query(tables_sql(connection.server_version()), {publication.value_or("")});
    std::vector<ScanTable> tables;
    for (int row = 0; row < result.rows(); ++row) {
        if (!filter.matches(result.text(row, 1), result.text(row, 2))) {
            continue;
        }
        ScanTable& table = tables.emplace_back();
        table.oid = result.number<std::uint32_t>(row, 0);
        table.schema = result.text(row, 1);
        table.name = result.text(row, 2);
        table.partitioned = is_true(result, row, 3);
        table.identity = result.text(row, 4).empty() ? 'd' : result.text(row, 4)[0];
        table.published_columns = result.text(row, 5);
        table.filtered = is_true(result, row, 6);
        table.generated = result.text(row, 7);
    }
    return tables;
}

namespace {

using Tables = std::span<ScanTable>;

/// The parameters of for_each_sql() for these tables: a list each.
std::vector<std::string>
lists_of(Tables tables, std::initializer_list<std::function<std::string(const ScanTable&)>> parts) {
    std::vector<std::string> out;
    for (const auto& part : parts) {
        TextArray list;
        for (const ScanTable& table : tables) {
            list.add(part(table));
        }
        out.push_back(list.text());
    }
    return out;
}

std::string oid_of(const ScanTable& table) {
    return std::to_string(table.oid);
}
std::string identity_of(const ScanTable& table) {
    return std::string(1, table.identity);
}

/// The table that a row of for_each_sql() is about.
ScanTable& table_of(Tables tables, const Result& result, int row) {
    return tables[result.number<std::size_t>(row, 0) - 1];
}

void add_columns(Connection& connection, Tables tables) {
    const Result found =
        connection.query(for_each_sql(kColumnsOf, kColumns),
                         lists_of(tables, {oid_of, identity_of,
                                           [](const ScanTable& t) { return t.published_columns; },
                                           [](const ScanTable& t) {
                                               return t.generated;
                                           }}));
    for (int row = 0; row < found.rows(); ++row) {
        table_of(tables, found, row)
            .columns.push_back({std::string{found.text(row, 2)},
                                found.number<std::uint32_t>(row, 3),
                                found.number<std::int32_t>(row, 4), is_true(found, row, 5),
                                is_true(found, row, 6)});
    }
}

bool carries_key(const ScanTable& table) {
    return std::all_of(table.paging_key.begin(), table.paging_key.end(),
                       [&](const ScanTable::KeyColumn& part) {
                           return std::any_of(table.columns.begin(), table.columns.end(),
                                              [&](const ScanTable::Column& column) {
                                                  return column.name == part.name;
                                              });
                       });
}

void add_paging_keys(Connection& connection, Tables tables) {
    const Result key = connection.query(
        for_each_sql(kPagingKeyOf, kPagingKey),
        lists_of(tables, {oid_of, identity_of, [](const ScanTable& t) { return t.schema; },
                          [](const ScanTable& t) {
                              return t.name;
                          }}));
    for (int row = 0; row < key.rows();) {
        ScanTable& table = table_of(tables, key, row);
        if (!key.is_null(row, 6)) {
            table.correlation = std::strtod(std::string{key.text(row, 6)}.c_str(), nullptr);
        }
        bool plain_order = true;
        for (; row < key.rows() && &table_of(tables, key, row) == &table; ++row) {
            table.paging_key.push_back({std::string{key.text(row, 2)},
                                        std::string{key.text(row, 3)},
                                        std::string{key.text(row, 4)}});
            plain_order = plain_order && is_true(key, row, 5);
        }
        if (table.identity != 'f' && !carries_key(table)) {
            throw partial_key(table.schema, table.name);
        }
        if (!plain_order) {
            table.paging_key.clear();
            table.correlation = 1;
        }
    }
}

/// Calls `ask` with so many tables as a question is about.
void by_portions(std::vector<ScanTable>& tables, const std::function<void(Tables)>& ask) {
    for (std::size_t from = 0; from < tables.size(); from += kTablesAtOnce) {
        ask(Tables{tables}.subspan(from, std::min(kTablesAtOnce, tables.size() - from)));
    }
}

} // namespace

void describe_scan_columns(Connection& connection, std::vector<ScanTable>& tables) {
    by_portions(tables, [&](Tables portion) { add_columns(connection, portion); });
}

void describe_scan_tables(Connection& connection, std::vector<ScanTable>& tables) {
    by_portions(tables, [&](Tables portion) {
        add_columns(connection, portion);
        add_paging_keys(connection, portion);
        const auto oids = lists_of(portion, {oid_of});
        const Result size = connection.query(for_each_sql(kOids, kSize), oids);
        for (int row = 0; row < size.rows(); ++row) {
            ScanTable& table = table_of(portion, size, row);
            table.bytes = size.number<std::uint64_t>(row, 2);
            table.rows = static_cast<double>(size.number<std::uint64_t>(row, 3));
        }
        const Result mark = connection.query(for_each_sql(kOids, kMark), oids);
        for (int row = 0; row < mark.rows(); ++row) {
            table_of(portion, mark, row).mark = mark.text(row, 2);
        }
    });
}

std::uint64_t count_pages(Connection& connection, std::uint32_t oid) {
    return connection.query(kPages, {std::to_string(oid)}).number<std::uint64_t>(0, 0);
}

std::string read_row_filter(Connection& connection, const std::string& publication,
                            std::uint32_t oid) {
    const Result result = connection.query(kRowFilter, {publication, std::to_string(oid)});
    return result.rows() == 1 ? std::string{result.text(0, 0)} : std::string{};
}

std::string shape_mark(Connection& connection, std::uint32_t oid) {
    const Result result =
        connection.query(for_each_sql(kOids, kMark), {fmt::format("{{{}}}", oid)});
    return result.rows() == 1 ? std::string{result.text(0, 2)} : std::string{};
}

namespace {

std::string names_of_columns(const ScanTable& table) {
    nlohmann::json names = nlohmann::json::array();
    for (const ScanTable::Column& column : table.columns) {
        names.push_back(column.name);
    }
    return names.dump();
}

} // namespace

std::vector<Finding> missing_rights(Connection& connection, std::vector<ScanTable>& tables) {
    std::vector<Finding> missing;
    const auto add = [&](std::string text, std::string remedy) {
        missing.push_back({Finding::Level::problem, "tables", std::move(text), std::move(remedy)});
    };
    MissingRights unreadable;
    std::vector<std::string> schemas;
    by_portions(tables, [&](Tables portion) {
        // No row: dropped meanwhile.
        const Result result = connection.query(for_each_sql(kRightsOf, kRights),
                                               lists_of(portion, {oid_of, names_of_columns}));
        for (int row = 0; row < result.rows(); ++row) {
            const std::string role{result.text(row, 5)};
            const std::string schema{result.text(row, 6)};
            const std::string name = fmt::format("{}.{}", schema, result.text(row, 7));
            if (!is_true(result, row, 2) &&
                std::find(schemas.begin(), schemas.end(), schema) == schemas.end()) {
                schemas.push_back(schema);
                add(fmt::format("role {} may not use schema {}", role, schema),
                    fmt::format("GRANT USAGE ON SCHEMA {} TO {};", schema, role));
            }
            if (!is_true(result, row, 3)) {
                unreadable.add(role, schema, result.text(row, 7));
            } else if (is_true(result, row, 4)) {
                add(fmt::format("row security hides rows of {} from role {}", name, role),
                    fmt::format("ALTER ROLE {} BYPASSRLS;", role));
            }
        }
    });
    unreadable.append_to(missing);
    return missing;
}

} // namespace cdc::postgres
