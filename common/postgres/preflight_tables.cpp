#include "base/numbers.hpp"
#include "postgres/missing_right.hpp"
#include "postgres/preflight_parts.hpp"
#include "postgres/published.hpp"

/// The part of the preflight that looks at each table.
namespace cdc::postgres {

using base::ExitCode;
using Level = Finding::Level;

namespace {

// One row for each table that is sent, and for each root above one. `captured` is the name that the
// stream gives it. The identity is what RelationGetReplicaIndex() finds: an index that is valid and
// checked at once; a primary key that is DEFERRABLE is none.
constexpr char kTables[] = R"(
SELECT CASE WHEN pub.via_root THEN tn.nspname ELSE n.nspname END,
    CASE WHEN pub.via_root THEN t.relname ELSE c.relname END,
    format('%I.%I', n.nspname, c.relname), format('%I', current_user),
    c.relkind = 'p', c.relpersistence = 'u',
    c.relreplident, i.found IS TRUE, p.deferrable IS TRUE,
    CASE WHEN pub.via_root THEN s.oid = s.top ELSE c.relkind = 'r' END,
    has_table_privilege(c.oid, 'SELECT'), has_schema_privilege(n.oid, 'USAGE'),
    row_security_active(c.oid), format('%I', n.nspname), format('%I', c.relname),
    i.partial IS TRUE,
    pub.via_root AND s.oid <> s.top AND c.relkind = 'r' AND (c.relreplident = 'f' OR i.found IS TRUE)
        AND NOT (c.relreplident = 'f' AND t.relreplident = 'f')
        AND NOT (rk.names IS NOT NULL AND (c.relreplident = 'f' OR rk.names <@ lk.names)),
    format('%I.%I', tn.nspname, t.relname)
FROM pub CROSS JOIN sent s
JOIN pg_class c ON c.oid = s.oid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = s.top
JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN LATERAL (SELECT true AS found, current_setting('server_version_num')::int < 180000
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated <> ''
            AND a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])) AS partial FROM pg_index x
    WHERE x.indrelid = c.oid AND x.indisvalid AND x.indimmediate
        AND CASE c.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident ELSE false END
    LIMIT 1) i ON true
LEFT JOIN LATERAL (SELECT true AS deferrable FROM pg_index x
    WHERE x.indrelid = c.oid AND x.indisprimary AND NOT x.indimmediate LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT array_agg(a.attname) AS names FROM pg_index x
    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)
    WHERE x.indrelid = t.oid AND x.indisvalid AND x.indimmediate AND a.attnum > 0
        AND CASE t.relreplident WHEN 'i' THEN x.indisreplident ELSE x.indisprimary END) rk ON true
LEFT JOIN LATERAL (SELECT array_agg(a.attname) AS names FROM pg_index x
    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)
    WHERE x.indrelid = c.oid AND x.indisvalid AND x.indimmediate AND a.attnum > 0
        AND CASE c.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident ELSE false END) lk ON true
WHERE n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname)";

constexpr char kGuarded[] = R"(
SELECT DISTINCT tn.nspname, t.relname, format('%I.%I', tn.nspname, t.relname), format('%I', current_user)
FROM pub CROSS JOIN sent s
JOIN pg_class t ON t.oid = CASE WHEN pub.via_root THEN s.top ELSE s.oid END
JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE t.relrowsecurity AND row_security_active(t.oid) ORDER BY 1, 2)";

// From PostgreSQL 18 on the server refuses UPDATE and DELETE where the identity has a generated
// column that the publication leaves out; virtual ones are in none. With a column list it looks at
// that alone.
constexpr int kRefusesGenerated = 180000;
constexpr char kGenerated[] = R"(
SELECT CASE WHEN pub.via_root THEN tn.nspname ELSE n.nspname END,
    CASE WHEN pub.via_root THEN t.relname ELSE c.relname END,
    format('%I.%I', n.nspname, c.relname), format('%I', g.attname), g.attgenerated = 's',
    c.relreplident = 'f' AND EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary
        AND x.indimmediate AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
            AND a.attgenerated <> '' AND a.attnum = ANY (x.indkey))), p.oid IS NOT NULL
FROM pub CROSS JOIN sent s
JOIN pg_class c ON c.oid = s.oid AND c.relkind = 'r' AND c.relpersistence = 'p'
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = s.top
JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_publication p ON p.pubname = $2
JOIN LATERAL (SELECT a.attname, a.attgenerated FROM pg_attribute a
    WHERE a.attrelid = c.oid AND NOT a.attisdropped
        AND (a.attgenerated = 'v' OR a.attgenerated = 's' AND p.pubgencols IS DISTINCT FROM 's')
        AND (c.relreplident = 'f' OR EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid
            AND x.indisvalid AND x.indimmediate AND a.attnum = ANY (x.indkey)
            AND CASE c.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident ELSE false END))
    ORDER BY a.attnum LIMIT 1) g ON true
WHERE n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_publication_rel r
    WHERE r.prpubid = p.oid AND r.prrelid IN (s.oid, s.top) AND r.prattrs IS NOT NULL)
ORDER BY n.nspname, c.relname)";

std::string hides_rows(std::string_view name, std::string_view role) {
    return fmt::format("row security hides rows of {} from role {}", name, role);
}

std::string bypass(std::string_view role) {
    return fmt::format("ALTER ROLE {} BYPASSRLS;", role);
}

bool is_true(const Result& result, int row, int column) {
    return result.text(row, column) == "t";
}

/// What the application meets while the table is published, and the way out.
void add_missing_identity(TableFindings& findings, const std::string& name, char identity,
                          bool deferrable, bool allowed) {
    const char* fails = "while it is published, UPDATE and DELETE on it fail";
    std::string text = fmt::format("{} has no replica identity: {}", name, fails);
    if (identity == 'n') {
        text = fmt::format("{} has REPLICA IDENTITY NOTHING: {}", name, fails);
    } else if (identity == 'i') {
        text = fmt::format("{} has lost the index of its replica identity: {}", name, fails);
    } else if (deferrable) {
        text = fmt::format("{} has a DEFERRABLE primary key, which is no replica identity: {}",
                           name, fails);
    }
    findings.add(
        text,
        fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL; or {}{}", name,
                    identity == 'd' && !deferrable
                        ? "give it a primary key"
                        : "REPLICA IDENTITY USING INDEX of a unique index that is not "
                          "deferrable, of columns that are NOT NULL",
                    allowed ? "" : ", or --exclude it, or --allow-no-identity if it only grows"));
}

/// The way out where the publication leaves out a generated column of the identity of `name`.
std::string generated_remedy(const std::string& name, std::string_view publication, bool exists,
                             bool stored, bool has_key) {
    if (has_key) {
        return fmt::format("ALTER TABLE {} REPLICA IDENTITY DEFAULT;", name);
    }
    if (!stored) {
        return fmt::format("ALTER TABLE {} REPLICA IDENTITY USING INDEX of a unique index without "
                           "generated columns; or --exclude it",
                           name);
    }
    return exists ? fmt::format("ALTER PUBLICATION {} SET (publish_generated_columns = stored);",
                                publication)
                  : fmt::format("make the publication: CREATE PUBLICATION {} FOR ALL TABLES WITH "
                                "(publish_via_partition_root = true, publish_generated_columns = "
                                "stored);",
                                publication);
}

void look_at_generated(Connection& plain, const PreflightQuestion& question, bool published,
                       Findings& findings) {
    if (plain.server_version() < kRefusesGenerated) {
        return;
    }
    const std::string& joined =
        question.added_to.empty() ? question.publication : question.added_to;
    const Result found = plain.query(published_sql(plain.server_version()) + kGenerated,
                                     {published ? question.publication : "", joined});
    TableFindings refused{findings, question.allow_no_identity ? Level::warning : Level::problem};
    for (int row = 0; row < found.rows(); ++row) {
        if (!question.filter.matches(found.text(row, 0), found.text(row, 1))) {
            continue;
        }
        const std::string name{found.text(row, 2)};
        refused.add(fmt::format("{} has the generated column {} in its replica identity, which the "
                                "publication leaves out: while it is published, UPDATE and DELETE "
                                "on it fail",
                                name, found.text(row, 3)),
                    generated_remedy(name, plain.quoted_name(joined), is_true(found, row, 6),
                                     is_true(found, row, 4), is_true(found, row, 5)));
    }
    refused.end();
}

} // namespace

void TableFindings::add(std::string text, std::string remedy) {
    if (++m_count <= kMaxTablesNamed) {
        m_findings->push_back({m_level, "tables", std::move(text), std::move(remedy)});
    }
}

void TableFindings::end() {
    if (m_count > kMaxTablesNamed) {
        m_findings->push_back(
            {m_level, "tables", fmt::format("{} more of the same", m_count - kMaxTablesNamed), ""});
    }
}

void check_row_security(Connection& plain, const std::string& publication,
                        const event::TableFilter& filter) {
    const Result found =
        plain.query(published_sql(plain.server_version()) + kGuarded, {publication});
    for (int row = 0; row < found.rows(); ++row) {
        if (filter.matches(found.text(row, 0), found.text(row, 1))) {
            const std::string_view role = found.text(row, 3);
            throw base::Error{ExitCode::refused, hides_rows(found.text(row, 2), role),
                              bypass(role)};
        }
    }
}

void look_at_tables(Connection& plain, const PreflightQuestion& question,
                    const std::optional<PublicationState>& publication, Findings& findings) {
    const Result tables = plain.query(published_sql(plain.server_version()) + kTables,
                                      {publication ? question.publication : ""});
    const bool allowed = question.allow_no_identity;
    std::size_t captured = 0;
    bool partitioned = false;
    TableFindings without_identity{findings, allowed ? Level::warning : Level::problem};
    MissingRights unreadable;
    TableFindings without_right{findings, Level::problem};
    TableFindings hidden_rows{findings, Level::problem};
    TableFindings unlogged{findings, Level::warning};
    TableFindings partial_keys{findings, Level::problem};
    TableFindings other_identities{findings, Level::problem};
    for (int row = 0; row < tables.rows(); ++row) {
        if (!question.filter.matches(tables.text(row, 0), tables.text(row, 1))) {
            continue;
        }
        const bool root = is_true(tables, row, 4);
        const bool read_as_such = is_true(tables, row, 9);
        const char identity = tables.text(row, 6).empty() ? 'd' : tables.text(row, 6)[0];
        const std::string name{tables.text(row, 2)};
        const std::string role{tables.text(row, 3)};
        partitioned |= root;
        if (is_true(tables, row, 5)) {
            unlogged.add(fmt::format("{} is UNLOGGED: its changes are not in the log, and no "
                                     "stream has them",
                                     name),
                         fmt::format("ALTER TABLE {} SET LOGGED;", name));
            continue;
        }
        captured += read_as_such ? 1 : 0;
        if (!root && identity != 'f' && !is_true(tables, row, 7)) {
            add_missing_identity(without_identity, name, identity, is_true(tables, row, 8),
                                 allowed);
        }
        if (!root && is_true(tables, row, 15)) {
            partial_keys.add(fmt::format("{} has a generated column in its key, which no stream "
                                         "carries before PostgreSQL 18",
                                         name),
                             fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL;", name));
        }
        if (is_true(tables, row, 16)) {
            other_identities.add(
                fmt::format("partition {} has another replica identity than {}, as which its "
                            "changes are sent: UPDATE and DELETE on it stop the capture",
                            name, tables.text(row, 17)),
                fmt::format("Give both the same: ALTER TABLE {} REPLICA IDENTITY …; on {} it does "
                            "not go down to partitions.",
                            name, tables.text(row, 17)));
        }
        if (!read_as_such) {
            continue; // it is read through its root
        }
        if (!is_true(tables, row, 11)) {
            without_right.add(
                fmt::format("role {} may not use schema {}", role, tables.text(row, 13)),
                fmt::format("GRANT USAGE ON SCHEMA {} TO {};", tables.text(row, 13), role));
        }
        if (!is_true(tables, row, 10)) {
            unreadable.add(role, tables.text(row, 13), tables.text(row, 14));
        } else if (is_true(tables, row, 12)) {
            hidden_rows.add(hides_rows(name, role), bypass(role));
        }
    }
    without_identity.end();
    without_right.end();
    unreadable.append_to(findings);
    hidden_rows.end();
    unlogged.end();
    partial_keys.end();
    other_identities.end();
    look_at_generated(plain, question, publication.has_value(), findings);
    look_at_lists(plain, publication ? question.publication : "", question.filter,
                  allowed || !question.refuses_lists ? Level::warning : Level::problem,
                  Level::problem, findings);
    findings.push_back({captured != 0 ? Level::good : Level::warning, "tables",
                        fmt::format("{} to capture", captured), ""});
    if (partitioned && publication && !publication->via_root) {
        findings.push_back({Level::warning, "publication",
                            "sends changes of partitioned tables under the partitions' names",
                            fmt::format("ALTER PUBLICATION {} SET (publish_via_partition_root = "
                                        "true);",
                                        plain.quoted_name(question.publication))});
    }
}

} // namespace cdc::postgres
