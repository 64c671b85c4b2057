#include "postgres/published.hpp"

namespace cdc::postgres {

namespace {

constexpr int kSchemas = 150000; // FOR TABLES IN SCHEMA

constexpr char kStart[] = R"(
WITH RECURSIVE pub AS (
    SELECT oid, puballtables AS everything, pubviaroot AS via_root
    FROM pg_publication WHERE pubname = $1
    UNION ALL SELECT 0, true, true WHERE $1 = ''
), listed AS (
    SELECT r.prrelid AS oid FROM pg_publication_rel r JOIN pub ON r.prpubid = pub.oid)";

constexpr char kBySchema[] = R"(
    UNION SELECT c.oid FROM pub JOIN pg_publication_namespace s ON s.pnpubid = pub.oid
    JOIN pg_class c ON c.relnamespace = s.pnnspid
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't')";

constexpr char kEnd[] = R"(
    UNION SELECT c.oid FROM pub JOIN pg_class c ON pub.everything
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND c.oid >= 16384
), tree(oid, top) AS (
    SELECT oid, oid FROM listed
    UNION
    SELECT i.inhrelid, t.top FROM tree t
    JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p'
    JOIN pg_inherits i ON i.inhparent = t.oid
), sent AS (
    SELECT t.oid, t.top FROM tree t
    WHERE NOT EXISTS (SELECT FROM tree o WHERE o.oid = t.top AND o.top <> t.top)
))";

} // namespace

std::string published_sql(int server_version) {
    return std::string{kStart} + (server_version >= kSchemas ? kBySchema : "") + kEnd;
}

} // namespace cdc::postgres
