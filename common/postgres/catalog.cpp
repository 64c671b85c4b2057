#include "postgres/catalog.hpp"

#include "base/numbers.hpp"
#include "postgres/column_match.hpp"
#include "postgres/debezium_value.hpp"
#include "postgres/text_array.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

// The types of columns, by number and modifier. Domains are followed to their base type, whose text
// and meaning their values have, and arrays to the base type of their elements. Labels that are
// younger than what is decoded may have had another name then.
//
// Numbers as arrays, not as joins: the server must go by its indexes whatever it guesses, or each
// table costs a look at all.
constexpr char kTypes[] = R"(
WITH RECURSIVE sent AS (
    SELECT * FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY AS s(type, modifier, n)
), horizon AS MATERIALIZED (
    SELECT least(age(nullif($3, '')::xid), (SELECT age(catalog_xmin) FROM pg_replication_slots WHERE slot_name = $4::text)) AS since,
        age(nullif($5, '')::xid) AS own
), resolved(n, type, modifier, dimensions, element) AS (
    SELECT n, type, modifier, 0, false FROM sent
    UNION ALL
    SELECT r.n, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
        CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE r.modifier END,
        greatest(r.dimensions, t.typndims), r.element OR t.typtype <> 'd'
    FROM resolved r JOIN pg_type t ON t.oid = r.type
    WHERE t.typtype = 'd' OR NOT r.element
        AND EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
), elements AS (
    SELECT r.n, r.type, r.modifier, r.dimensions, t.typdelim AS delimiter
    FROM resolved r JOIN pg_type t ON t.oid = r.type WHERE r.element AND t.typtype <> 'd'
)
SELECT format_type(r.type, r.modifier), r.type, r.modifier, e.type, e.modifier, e.delimiter,
    format_type(e.type, e.modifier), (SELECT typname FROM pg_type WHERE oid = coalesce(e.type, r.type)),
    coalesce(e.dimensions, 0), s.layout,
    CASE WHEN t.typtype = 'e' THEN (
        SELECT coalesce(json_agg(l.enumlabel ORDER BY l.enumsortorder) FILTER (WHERE $6::bool OR l.xmin::text = t.xmin::text
                OR age(l.xmin) > h.since OR age(l.xmin) >= h.own),
            json_agg(l.enumlabel ORDER BY l.enumsortorder))
        FROM horizon h, pg_enum l WHERE l.enumtypid = t.oid) END, s.n
FROM (SELECT sent.*, (SELECT concat(t.typlen, t.typalign) FROM pg_type t WHERE t.oid = sent.type) AS layout FROM sent) s
JOIN resolved r ON r.n = s.n AND NOT r.element
LEFT JOIN elements e ON e.n = s.n
LEFT JOIN pg_type t ON t.oid = r.type
WHERE t.typtype IS DISTINCT FROM 'd'
ORDER BY s.n)";

// The table's columns as they are now, those that were dropped too. A row of the catalog is certain
// where it is as old as the table, or older than what is decoded: than the slot, than a look that
// the stream has passed, or than the transaction. What the transaction itself altered is not: it
// may have done so behind the change that the description is for. Of a table that it made, only
// what the command that made it wrote is.
//
// What a column's default gave to rows that were there before it, the server keeps as the missing
// value (a partition has it, its root not), until it rewrites the table. What a partition brought
// with it when it was attached, which wrote its columns, is its own.
constexpr char kColumns[] = R"(
SELECT t.n, q.* FROM unnest($1::oid[]) WITH ORDINALITY AS t(oid, n) CROSS JOIN LATERAL (
WITH RECURSIVE horizon AS MATERIALIZED (
    SELECT least(age(nullif($2, '')::xid), (SELECT age(catalog_xmin) FROM pg_replication_slots WHERE slot_name = $3::text)) AS since,
        age(nullif($4, '')::xid) AS own,
        birth.xmin AS birth, birth.cmin::text AS command, coalesce(age(birth.xmin) > age(nullif($4, '')::xid), true) AS older
    FROM pg_attribute birth WHERE birth.attrelid = t.oid AND birth.attnum = -6
), tree(oid) AS (
    SELECT t.oid UNION ALL
    SELECT i.inhrelid FROM tree JOIN pg_class c ON c.oid = tree.oid AND c.relkind = 'p'
    JOIN pg_inherits i ON i.inhparent = tree.oid
), missing AS MATERIALIZED (
    SELECT attname, min(attmissingval::text) AS value, count(DISTINCT attmissingval::text) AS values
    FROM pg_attribute a WHERE attrelid = ANY (ARRAY(SELECT oid FROM tree)) AND attnum > 0 AND atthasmissing
        AND (attrelid = t.oid OR NOT EXISTS (SELECT FROM pg_inherits i
            WHERE i.inhrelid = a.attrelid AND i.xmin = a.xmin AND i.cmin::text::int8 >= a.cmin::text::int8))
    GROUP BY attname
)
SELECT a.attnum, CASE WHEN NOT a.attisdropped THEN a.attname END, a.atttypid, concat(a.attlen, a.attalign),
    $5::bool OR (a.xmin = h.birth AND (h.older OR a.cmin::text = h.command)) OR coalesce(age(a.xmin) > h.since, false) OR coalesce(age(a.xmin) > h.own, false),
    a.attnotnull, a.attgenerated <> '', a.attndims, m.value, m.values,
    (SELECT d.description FROM pg_description d WHERE d.objoid = t.oid AND d.classoid = 'pg_class'::regclass
     AND d.objsubid = a.attnum AND ($5::bool OR d.xmin = h.birth OR age(d.xmin) > h.since OR age(d.xmin) > h.own)),
    (SELECT c.collname FROM pg_collation c WHERE c.oid = a.attcollation AND NOT c.collisdeterministic)
FROM horizon h CROSS JOIN pg_attribute a LEFT JOIN missing m USING (attname)
WHERE a.attrelid = t.oid AND a.attnum > 0
    AND (a.attgenerated = '' OR current_setting('server_version_num')::int >= 180000)
) AS q ORDER BY t.n, q.attnum)";

// A key that may be younger than what is decoded is none: before it, rows had no key. Nor is one
// that is checked late, for its values may stand twice meanwhile. In the transaction that made the
// table it is older than the rows if it is older than their identity, which pg_class has, as long
// as nothing else wrote that row behind the key: another name, schema or owner (pg_type has them
// too), columns, constraints, triggers, policies, rules, rights, options, another file or place.
constexpr char kPrimaryKey[] = R"(
SELECT t.n, q.* FROM unnest($1::oid[]) WITH ORDINALITY AS t(oid, n) CROSS JOIN LATERAL (
SELECT k.oid, array_to_string(k.conkey, ' '),
    $4::bool OR EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = t.oid AND b.attnum = -6 AND b.xmin = k.xmin
        AND (coalesce(age(b.xmin) > age(nullif($5, '')::xid), true) OR EXISTS (SELECT FROM pg_class c JOIN pg_type y ON y.oid = c.reltype
            WHERE c.oid = t.oid AND c.xmin = k.xmin AND c.cmin::text::int8 > k.cmin::text::int8
                AND y.xmin = b.xmin AND y.cmin::text = b.cmin::text AND c.relfilenode IN (0, c.oid) AND c.reltablespace = 0
                AND c.relacl IS NULL AND c.reloptions IS NULL AND NOT c.relrowsecurity AND NOT c.relispartition
                AND NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = t.oid AND (o.xmin <> k.xmin OR o.cmin::text::int8 > k.cmin::text::int8))
                AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conrelid = t.oid AND (o.xmin <> k.xmin OR o.cmin::text::int8 > k.cmin::text::int8))
                AND NOT EXISTS (SELECT FROM pg_trigger o WHERE o.tgrelid = t.oid)
                AND NOT EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = t.oid)
                AND NOT EXISTS (SELECT FROM pg_rewrite o WHERE o.ev_class = t.oid))))
    OR coalesce(age(k.xmin) > least(age(nullif($2, '')::xid),
        (SELECT age(catalog_xmin) FROM pg_replication_slots WHERE slot_name = $3::text)), false)
FROM pg_constraint k JOIN pg_index i ON i.indexrelid = k.conindid
WHERE k.conrelid = t.oid AND k.contype = 'p' AND i.indisvalid AND i.indimmediate AND NOT k.condeferrable OFFSET 0) AS q ORDER BY t.n)";

// Columns of the index that is the identity that a stream may lack, generated ones and those that a
// column list leaves out, and how many columns it has.
constexpr int kColumnListsFrom = 150000;
constexpr char kPartOfIdentity[] = R"(
SELECT t.n, a.attname, x.indnkeyatts, a.attgenerated <> '' FROM unnest($1::oid[]) WITH ORDINALITY AS t(oid, n)
JOIN pg_index x ON x.indrelid = t.oid AND x.indisreplident
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])
WHERE a.attgenerated <> '')";
constexpr char kLeftOutByList[] =
    " OR EXISTS (SELECT FROM pg_publication_rel r WHERE r.prrelid = t.oid AND a.attnum <> ALL "
    "(r.prattrs::int2[]))";

constexpr std::uint32_t kNumeric = 1700;
constexpr std::uint32_t kMoney = 790;
// Whether amounts have two digits behind a point, which the locale says: elsewhere they stay text.
constexpr char kUsualMoney[] =
    "SELECT 1234.5::pg_catalog.numeric::pg_catalog.money::text = '$1,234.50'";
constexpr int kMoneyPrecision = 19;
constexpr int kElement = 3; // first column of kTypes about an array's elements
constexpr int kPlace = 11;  // its last one

/// So many tables a question: answers are held whole.
constexpr std::size_t kTablesAtOnce = 1000;

/// numeric(p,s) packs both into its modifier; the scale has 11 bits with a sign.
void set_precision(event::Column& column, std::int32_t modifier) {
    if (modifier < 4) {
        return;
    }
    const int packed = modifier - 4;
    column.precision = packed >> 16 & 0xffff;
    column.scale = ((packed & 0x7ff) ^ 1024) - 1024;
}

} // namespace

/// Beside a stream, of one table after the other; else of many at once, and the plan may go by
/// them.
Result Catalog::ask(const std::string& sql, const std::vector<std::string>& parameters) {
    return m_slot.empty() ? m_connection->query(sql, parameters)
                          : m_connection->query_planned(sql, parameters);
}

/// What kTypes says of the types of all columns. Tables have few different ones.
Catalog::Types Catalog::describe_types(Relations relations) {
    using Key = std::pair<std::uint32_t, std::int32_t>;
    std::vector<Key> keys;
    for (const pgoutput::Relation& relation : relations) {
        for (const pgoutput::RelationColumn& column : relation.columns) {
            keys.emplace_back(column.type, column.modifier);
        }
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    TextArray types;
    TextArray modifiers;
    for (const auto& [type, modifier] : keys) {
        types.add(std::to_string(type));
        modifiers.add(std::to_string(modifier));
    }
    const Result result =
        ask(kTypes, {types.text(), modifiers.text(), horizon(), m_slot, own(), all_certain()});
    Types out;
    for (int row = 0; row < result.rows(); ++row) {
        const bool array = !result.is_null(row, kElement);
        const auto type = result.number<std::uint32_t>(row, array ? kElement : 1);
        const auto modifier = result.number<std::int32_t>(row, array ? kElement + 1 : 2);
        Type& found = out[keys.at(result.number<std::size_t>(row, kPlace) - 1)];
        ColumnFacts& fact = found.facts;
        fact.column.type = result.text(row, 0);
        fact.codec = m_encoding == Encoding::debezium
                         ? debezium_codec(type, modifier, result.text(row, kElement + 4))
                         : ValueCodec{value_kind(type)};
        if (array) {
            fact.codec.delimiter = result.text(row, kElement + 2).at(0);
            fact.column.element = result.text(row, kElement + 3);
            fact.dimensions = result.number<int>(row, 8);
        }
        if (type == kNumeric) {
            set_precision(fact.column, modifier);
        } else if (type == kMoney && usual_money()) {
            fact.column.precision = kMoneyPrecision;
            fact.column.scale = 2;
        }
        found.layout = result.text(row, 9);
        if (!result.is_null(row, 10)) {
            fact.column.labels =
                nlohmann::json::parse(result.text(row, 10)).get<std::vector<std::string>>();
        }
    }
    return out;
}

namespace {

/// The facts of the relation's columns as far as their types say them. Of fewer columns: a type is
/// not there any more.
std::vector<ColumnFacts> facts_of_types(const pgoutput::Relation& relation,
                                        const Catalog::Types& types,
                                        std::vector<std::string>& layouts) {
    std::vector<ColumnFacts> facts;
    for (const pgoutput::RelationColumn& column : relation.columns) {
        const auto found = types.find({column.type, column.modifier});
        if (found == types.end()) {
            continue;
        }
        facts.push_back(found->second.facts);
        facts.back().column.name = column.name;
        layouts.push_back(found->second.layout);
    }
    return facts;
}

/// Whether the stream sends all columns of the index that is the identity, of which `part` is one
/// that it may lack: from 18 on it sends generated ones. The catalog may have another name for it.
/// Where a list leaves out all of them, the table has no key.
bool carries_identity(const pgoutput::Relation& relation, std::string_view part, int columns,
                      bool generated) {
    const auto& sent = relation.columns;
    const auto of_identity =
        std::count_if(sent.begin(), sent.end(), [](const auto& column) { return column.identity; });
    return std::any_of(sent.begin(), sent.end(),
                       [&](const auto& column) { return column.name == part; }) ||
           of_identity >= columns || (of_identity == 0 && !generated);
}

/// The rows that for `n` begin at `row`, which goes behind them.
std::pair<int, int> rows_of(const Result& result, std::size_t n, int& row) {
    const int first = row;
    while (row < result.rows() && result.number<std::size_t>(row, 0) == n) {
        ++row;
    }
    return {first, row};
}

} // namespace

/// What rows `first` up to `end` of kColumns say, of the columns that are certain to be the same.
void Catalog::describe_columns(const pgoutput::Relation& relation, std::vector<ColumnFacts>& facts,
                               const std::vector<std::string>& layouts, const Result& result,
                               int first, int end) {
    std::vector<CatalogColumn> rows;
    for (int row = first; row < end; ++row) {
        rows.push_back({result.number<int>(row, 1), std::string{result.text(row, 2)},
                        result.number<std::uint32_t>(row, 3), std::string{result.text(row, 4)},
                        result.text(row, 5) == "t"});
    }
    const auto matches = match_columns(relation.columns, layouts, rows);
    for (std::size_t i = 0; i < matches.size(); ++i) {
        ColumnFacts& fact = facts.at(i);
        fact.ambiguous = matches[i].several;
        for (const std::size_t renamed : matches[i].renamed) {
            fact.other_names.push_back(rows[renamed].name);
        }
        // The key's columns were checked when the row was written, the others' may be since.
        fact.column.nullable = relation.identity == 'f' || !relation.columns[i].identity;
        if (!matches[i].row) {
            continue;
        }
        const int row = first + static_cast<int>(*matches[i].row);
        const CatalogColumn& now = rows[*matches[i].row];
        fact.column.number = now.number;
        fact.column.generated = result.text(row, 7) == "t";
        fact.dimensions = std::max(fact.dimensions, result.number<int>(row, 8));
        const bool same_type = now.type == relation.columns[i].type;
        if (same_type && !result.is_null(row, 9) && result.text(row, 10) == "1") {
            append_value(fact.column.default_json, fact.codec, single_element(result.text(row, 9)));
        }
        fact.column.comment = result.text(row, 11);
        fact.collation = result.text(row, 12);
        if (now.certain && result.text(row, 6) == "t") {
            fact.column.nullable = false;
        }
    }
    for (ColumnFacts& fact : facts) {
        for (int i = 1; i < fact.dimensions && !fact.column.element.empty(); ++i) {
            fact.column.type += "[]";
        }
    }
}

/// Where the stream does not say the key: every column is part of the identity, or none.
void Catalog::describe_key(const pgoutput::Relation& relation, std::vector<ColumnFacts>& facts,
                           const Result& result, int row) const {
    const auto constraint = result.number<std::uint32_t>(row, 1);
    if (result.text(row, 3) != "t" && !was_seen(relation.id, constraint)) {
        return;
    }
    std::vector<ColumnFacts*> columns;
    for (const int wanted : parse_numbers(result.text(row, 2))) {
        const auto found = std::find_if(facts.begin(), facts.end(), [&](const ColumnFacts& fact) {
            return fact.column.number == wanted && !fact.ambiguous;
        });
        if (found == facts.end()) {
            return; // the stream lacks a part of it
        }
        columns.push_back(&*found);
    }
    for (ColumnFacts* fact : columns) {
        fact->in_primary_key = true;
        fact->column.nullable = false;
    }
}

std::vector<ColumnFacts> Catalog::describe(const pgoutput::Relation& relation) {
    std::vector<ColumnFacts> out;
    describe_each({&relation, 1},
                  [&](std::size_t, std::vector<ColumnFacts> facts) { out = std::move(facts); });
    return out;
}

std::optional<NameNow> Catalog::name_of(std::uint32_t table) {
    wait_until_visible();
    const Result result =
        ask("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = "
            "c.relnamespace WHERE c.oid = $1::oid",
            {std::to_string(table)});
    if (result.rows() == 0) {
        return std::nullopt;
    }
    return NameNow{std::string{result.text(0, 0)}, std::string{result.text(0, 1)}};
}

void Catalog::describe_each(
    Relations relations, const std::function<void(std::size_t, std::vector<ColumnFacts>)>& take) {
    wait_until_visible();
    for (std::size_t from = 0; from < relations.size(); from += kTablesAtOnce) {
        const Relations portion =
            relations.subspan(from, std::min(kTablesAtOnce, relations.size() - from));
        describe_portion(portion, [&](std::size_t i, std::vector<ColumnFacts> facts) {
            take(from + i, std::move(facts));
        });
    }
}

void Catalog::describe_portion(
    Relations relations, const std::function<void(std::size_t, std::vector<ColumnFacts>)>& take) {
    std::vector<std::vector<ColumnFacts>> all(relations.size());
    std::vector<std::vector<std::string>> layouts(relations.size());
    const Types types = describe_types(relations);
    std::vector<std::size_t> known;    // of which all types are there
    std::vector<std::size_t> keys;     // asked for
    std::vector<std::size_t> by_index; // of which an index that is not the key tells rows apart
    TextArray known_oids;
    TextArray key_oids;
    TextArray by_index_oids;
    for (std::size_t i = 0; i < relations.size(); ++i) {
        const pgoutput::Relation& relation = relations[i];
        all[i] = facts_of_types(relation, types, layouts[i]);
        if (relation.columns.empty() || all[i].size() != relation.columns.size()) {
            continue;
        }
        known.push_back(i);
        known_oids.add(std::to_string(relation.id));
        if (relation.identity == 'f' || relation.identity == 'n') {
            keys.push_back(i);
            key_oids.add(std::to_string(relation.id));
        } else if (relation.identity == 'i') {
            by_index.push_back(i);
            by_index_oids.add(std::to_string(relation.id));
        }
    }
    if (!by_index.empty()) {
        const bool lists = m_connection->server_version() >= kColumnListsFrom;
        const Result parts =
            ask(kPartOfIdentity + std::string{lists ? kLeftOutByList : ""}, {by_index_oids.text()});
        for (int row = 0; row < parts.rows(); ++row) {
            const auto& found = relations[by_index.at(parts.number<std::size_t>(row, 0) - 1)];
            if (!carries_identity(found, parts.text(row, 1), parts.number<int>(row, 2),
                                  parts.text(row, 3) == "t")) {
                throw partial_key(std::string{found.schema}, std::string{found.name});
            }
        }
    }
    if (!known.empty()) {
        const Result result =
            ask(kColumns, {known_oids.text(), horizon(), m_slot, own(), all_certain()});
        int row = 0;
        for (std::size_t n = 0; n < known.size(); ++n) {
            const std::size_t i = known[n];
            const auto [first, end] = rows_of(result, n + 1, row);
            describe_columns(relations[i], all[i], layouts[i], result, first, end);
        }
    }
    if (!keys.empty()) {
        const Result result =
            ask(kPrimaryKey, {key_oids.text(), horizon(), m_slot, all_certain(), own()});
        for (int row = 0; row < result.rows(); ++row) {
            const std::size_t i = keys.at(result.number<std::size_t>(row, 0) - 1);
            describe_key(relations[i], all[i], result, row);
        }
    }
    for (std::size_t i = 0; i < relations.size(); ++i) {
        take(i, std::move(all[i]));
    }
}

/// Whether a look that the stream has passed saw the table with this primary key.
bool Catalog::was_seen(std::uint32_t table, std::uint32_t constraint) const {
    const event::Facts* facts = m_seen == nullptr ? nullptr : find_table(*m_seen, table);
    return facts != nullptr && facts->key && facts->key->constraint == constraint;
}

void Catalog::passed(const std::shared_ptr<const FactsLook>& facts, const LookMoment* moment) {
    m_seen = facts;
    if (moment != nullptr) {
        m_horizon = moment->running;
    }
}

/// "": none yet.
std::string Catalog::horizon() const {
    const auto full = base::parse_integer<std::uint64_t>(m_horizon);
    return full ? std::to_string(static_cast<std::uint32_t>(*full)) : "";
}

std::string Catalog::own() const {
    return m_wanted_xid != 0 ? std::to_string(m_wanted_xid) : "";
}

bool Catalog::usual_money() {
    if (!m_usual_money) {
        m_usual_money = m_connection->query(kUsualMoney).text(0, 0) == "t";
    }
    return *m_usual_money;
}

/// The commit record is decoded as soon as it is flushed; the transaction is taken off the list of
/// running ones only after that (and, with synchronous standbys, much later).
void Catalog::wait_until_visible() {
    if (m_wanted_xid == m_visible_xid) {
        return;
    }
    // The stream has the low 32 bits of the id; the high ones are those of the nearest full id.
    constexpr char kVisible[] = R"(
        SELECT pg_visible_in_snapshot(
            (next - low + $1::bigint + CASE WHEN low - $1::bigint < -2147483648 THEN -4294967296
                                            WHEN low - $1::bigint > 2147483648 THEN 4294967296
                                            ELSE 0 END)::text::xid8, snapshot)
        FROM (SELECT snapshot, pg_snapshot_xmax(snapshot)::text::bigint AS next,
                     pg_snapshot_xmax(snapshot)::text::bigint & 4294967295 AS low
              FROM pg_current_snapshot() AS snapshot) AS now)";
    while (m_connection->query_planned(kVisible, {std::to_string(m_wanted_xid)}).text(0, 0) !=
           "t") {
        m_connection->query("SELECT pg_sleep(0.002)");
    }
    m_visible_xid = m_wanted_xid;
}

} // namespace cdc::postgres
