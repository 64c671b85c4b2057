#include "base/numbers.hpp"
#include "postgres/preflight_parts.hpp"
#include "postgres/published.hpp"

/// The part of the preflight that looks at column lists and row filters: where they do not go with
/// the replica identity, the server refuses the application's own UPDATE and DELETE.
namespace cdc::postgres {

using base::in_quotes;
using Level = Finding::Level;

namespace {

constexpr int kHasLists = 150000; // of columns, and row filters

// One row for each table that holds rows and has a list or a filter, its own or, through the root,
// that of the root. Names of the identity's columns that the list lacks, and of columns of the
// filter that the identity lacks, as the server compares them; nothing is asked that waits for a
// lock, as the filter's own text is.
constexpr char kUncovered[] = R"(
SELECT CASE WHEN pub.via_root THEN tn.nspname ELSE n.nspname END,
    CASE WHEN pub.via_root THEN t.relname ELSE c.relname END,
    format('%I.%I', n.nspname, c.relname),
    CASE WHEN pub.via_root THEN format('%I.%I', tn.nspname, t.relname) ELSE format('%I.%I', n.nspname, c.relname) END,
    r.prattrs IS NOT NULL, r.prqual IS NOT NULL, c.relreplident = 'f',
    (SELECT string_agg(format('%I', k), ', ') FROM unnest(i.names) AS k WHERE r.prattrs IS NOT NULL AND k <> ALL (l.names)),
    (SELECT string_agg(format('%I', k), ', ') FROM unnest(f.names) AS k WHERE c.relreplident <> 'f' AND k <> ALL (i.names)),
    (SELECT string_agg(format('%I', k), ', ') FROM unnest(l.names) AS k),
    p.names <@ l.names, i.names && l.names
FROM pub CROSS JOIN sent s
JOIN pg_publication_rel r ON r.prpubid = pub.oid AND r.prrelid = CASE WHEN pub.via_root THEN s.top ELSE s.oid END
JOIN pg_class c ON c.oid = s.oid AND c.relkind = 'r' AND c.relpersistence = 'p'
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = s.top
JOIN pg_namespace tn ON tn.oid = t.relnamespace
CROSS JOIN LATERAL (SELECT ARRAY(SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[]) ORDER BY a.attnum) AS names) l
CROSS JOIN LATERAL (SELECT ARRAY(SELECT DISTINCT coalesce(a.attname::text, '*')
    FROM regexp_matches(r.prqual::text, ':varattno (-?[0-9]+)', 'g') AS m(found)
    LEFT JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = m.found[1]::int2) AS names) f
LEFT JOIN LATERAL (SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names FROM pg_index x
    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])
    WHERE x.indrelid = c.oid AND x.indisvalid AND x.indimmediate
        AND CASE c.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident ELSE false END) i ON true
LEFT JOIN LATERAL (SELECT array_agg(a.attname::text) AS names FROM pg_index x
    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])
    WHERE x.indrelid = c.oid AND x.indisvalid AND x.indimmediate AND x.indisprimary) p ON true
WHERE (r.prattrs IS NOT NULL OR r.prqual IS NOT NULL) AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname)";

constexpr char kFails[] = "while it is published so, UPDATE and DELETE on it fail";

bool says_true(const Result& result, int row, int column) {
    return result.text(row, column) == "t";
}

/// Publishes `table` anew, with these columns; "": with all of them. In one transaction no change
/// is left out between.
std::string published_anew(std::string_view publication, std::string_view table,
                           const std::string& columns, bool filtered) {
    return fmt::format("BEGIN; ALTER PUBLICATION {0} DROP TABLE {1}; ALTER PUBLICATION {0} ADD "
                       "TABLE {1}{2}{3}; COMMIT;",
                       publication, table, columns.empty() ? "" : " (" + columns + ")",
                       filtered ? " WHERE (…)" : "");
}

} // namespace

void look_at_lists(Connection& plain, const std::string& publication,
                   const event::TableFilter& filter, Level level, Level partial,
                   Findings& findings) {
    if (publication.empty() || plain.server_version() < kHasLists) {
        return;
    }
    const Result found =
        plain.query(published_sql(plain.server_version()) + kUncovered, {publication});
    const std::string quoted = plain.quoted_name(publication);
    TableFindings parts{findings, partial};
    TableFindings lists{findings, level};
    TableFindings filters{findings, level};
    for (int row = 0; row < found.rows(); ++row) {
        if (!filter.matches(found.text(row, 0), found.text(row, 1))) {
            continue;
        }
        const std::string name{found.text(row, 2)};
        const bool listed = says_true(found, row, 4);
        const bool filtered = says_true(found, row, 5);
        const bool full = says_true(found, row, 6);
        const std::string columns{found.text(row, 9)};
        if (full && listed) {
            lists.add(fmt::format("{} has REPLICA IDENTITY FULL, and a column list in the "
                                  "publication: {}",
                                  name, kFails),
                      says_true(found, row, 10)
                          ? fmt::format("ALTER TABLE {} REPLICA IDENTITY DEFAULT;", name)
                          : published_anew(quoted, found.text(row, 3), "", filtered) +
                                " with --leave-out for columns that must not leave");
        } else if (!found.is_null(row, 7)) {
            const std::string lacks{found.text(row, 7)};
            const bool part = says_true(found, row, 11);
            (part ? parts : lists)
                .add(fmt::format("the publication's column list of {} leaves out {} of its "
                                 "replica identity: {}{}",
                                 name, lacks, kFails,
                                 part ? ", and the rest does not tell its rows apart" : ""),
                     published_anew(quoted, found.text(row, 3),
                                    columns + (columns.empty() ? "" : ", ") + lacks, filtered));
        }
        if (!found.is_null(row, 8)) {
            filters.add(
                fmt::format("the publication's row filter of {} asks for {}, not in its replica "
                            "identity: {}",
                            name, found.text(row, 8), kFails),
                listed ? "ALTER TABLE " + name +
                             " REPLICA IDENTITY USING INDEX of a unique index with these columns; "
                             "or " +
                             published_anew(quoted, found.text(row, 3), columns, false)
                       : fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL;", name));
        }
    }
    parts.end();
    lists.end();
    filters.end();
}

void tell_of_lists(Connection& plain, const std::string& publication,
                   const event::TableFilter& filter) {
    Findings findings;
    look_at_lists(plain, publication, filter, Level::warning, Level::warning, findings);
    report(findings, false);
}

} // namespace cdc::postgres
