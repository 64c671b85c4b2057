#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "postgres/patience.hpp"
#include "postgres/preflight_parts.hpp"

/// The part of the preflight that looks at the publication: whether it sends everything, is older
/// than what the slot has to decode, and can be made where it is missing.
namespace cdc::postgres {

using base::in_quotes;
using Level = Finding::Level;

namespace {

constexpr char kUndefinedObject[] = "42704";

// What hosted servers give in place of SUPERUSER.
constexpr char kRights[] = R"(
SELECT has_database_privilege(current_database(), 'CREATE'),
    EXISTS (SELECT FROM pg_roles r WHERE r.rolname = current_user AND r.rolsuper)
        OR EXISTS (SELECT FROM pg_roles r WHERE pg_has_role(r.oid, 'USAGE')
            AND r.rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser')),
    format('%I', current_user), format('%I', current_database()), pg_is_in_recovery())";

constexpr char kForeignTables[] = R"(
SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' AND c.oid >= 16384
    AND n.nspname <> 'information_schema' AND NOT pg_has_role(c.relowner, 'USAGE')
ORDER BY 1, 2)";

// Rows that were made with the publication, or later, prove that it is older than the slot's oldest
// transaction, if one of them is. Nothing proves the contrary: another slot may hold that back.
constexpr char kOlder[] = R"(
SELECT coalesce(bool_or(age(r.xmin) > age(s.catalog_xmin)), false)
FROM pg_replication_slots s, (
    SELECT p.xmin FROM pg_publication p WHERE p.pubname = $1
    UNION ALL SELECT r.xmin FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = $1
    UNION ALL SELECT d.xmin FROM pg_description d JOIN pg_publication p ON p.oid = d.objoid
        WHERE d.classoid = 'pg_publication'::regclass AND p.pubname = $1) r
WHERE s.slot_name = $2)";

/// Decodes the first change that the slot has, and moves nothing. Newer servers do not refuse, but
/// leave changes out with a warning.
enum class Decodes { yes, no, unknown };
Decodes try_to_decode(Connection& plain, const PreflightQuestion& question) {
    bool warned = false;
    plain.set_on_warning([&warned](const std::string&, const std::string&) { warned = true; });
    Decodes decodes = Decodes::yes;
    try {
        plain.query("SET statement_timeout = '1s'");
        plain.query("SELECT count(*) FROM pg_logical_slot_peek_binary_changes($1, NULL, 1, "
                    "'proto_version', '1', 'publication_names', $2)",
                    {question.slot, plain.quoted_name(question.publication)});
    } catch (const ServerError& error) {
        decodes = error.sqlstate() == kUndefinedObject ? Decodes::no : Decodes::unknown;
    }
    plain.query("SET statement_timeout = 0");
    plain.set_on_warning({});
    return warned ? Decodes::no : decodes;
}

void look_at_age(Connection& plain, const PreflightQuestion& question, const SlotState& slot,
                 Findings& findings) {
    const Result older = plain.query(kOlder, {question.publication, question.slot});
    if (older.text(0, 0) == "t" || slot.active_pid != 0) {
        return; // one that streams shows by itself whether it can
    }
    if (try_to_decode(plain, question) == Decodes::no) {
        findings.push_back(
            {Level::problem, "publication",
             fmt::format("{} is younger than slot {}: the changes that the slot holds cannot be "
                         "decoded with it",
                         in_quotes(question.publication), in_quotes(question.slot)),
             "--drop, then --create, which makes them in the right order, and a new snapshot"});
    }
}

/// What --create needs, where it would have to make the publication.
void look_at_creation(Connection& plain, const PreflightQuestion& question, Findings& findings) {
    const Result rights = plain.query(kRights);
    const std::string role{rights.text(0, 2)};
    const auto problem = [&](std::string text, std::string remedy) {
        findings.push_back({Level::problem, "publication", std::move(text), std::move(remedy)});
    };
    if (rights.text(0, 4) == "t") {
        problem("the source is a standby, where none can be made", "make it on the primary");
        return;
    }
    if (rights.text(0, 0) != "t") {
        problem(fmt::format("role {} may not make one in database {}", role, rights.text(0, 3)),
                fmt::format("GRANT CREATE ON DATABASE {} TO {};", rights.text(0, 3), role));
    }
    if (rights.text(0, 1) == "t") {
        return;
    }
    if (question.filter.matches_all()) {
        problem(fmt::format("role {} may not make one for all tables, only a superuser may", role),
                fmt::format("as a superuser: CREATE PUBLICATION {} FOR ALL TABLES WITH "
                            "(publish_via_partition_root = true); or choose tables of the role "
                            "by --tables",
                            plain.quoted_name(question.publication)));
        return;
    }
    const Result foreign = plain.query(kForeignTables);
    TableFindings not_owned{findings, Level::problem};
    for (int row = 0; row < foreign.rows(); ++row) {
        if (question.filter.matches(foreign.text(row, 0), foreign.text(row, 1))) {
            not_owned.add(fmt::format("role {} does not own {}, and only its owner may publish it",
                                      role, foreign.text(row, 2)),
                          "let the owner, or a superuser, make the publication");
        }
    }
    not_owned.end();
}

} // namespace

void look_at_publication(Connection& plain, const PreflightQuestion& question,
                         const std::optional<PublicationState>& publication,
                         const std::optional<SlotState>& slot, Findings& findings) {
    const std::string& name = question.publication;
    if (!publication) {
        findings.push_back({slot ? Level::problem : Level::good, "publication",
                            fmt::format("there is none of the name {}", in_quotes(name)),
                            "--create makes it"});
        if (question.makes_publication) {
            look_at_creation(plain, question, findings);
        }
        return;
    }
    findings.push_back({Level::good, "publication",
                        fmt::format("{} for {}", in_quotes(name),
                                    publication->all_tables ? "all tables" : "chosen tables"),
                        ""});
    if (!publication->all_operations) {
        findings.push_back({Level::problem, "publication", "does not send all kinds of changes",
                            fmt::format("ALTER PUBLICATION {} SET (publish = 'insert, update, "
                                        "delete, truncate');",
                                        plain.quoted_name(name))});
    }
    if (slot && slot->plugin == "pgoutput" && slot->database == plain.database() &&
        slot->wal_status != "lost" && slot->invalidation.empty()) {
        look_at_age(plain, question, *slot, findings);
    }
}

} // namespace cdc::postgres
