#include "duckdb/database.hpp"
#include "views/refused.hpp"
#include "views/unique.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cdc::views;

namespace {

const std::vector<Relation> kRelations = {
    {"o",
     "in_1",
     {{"id", "BIGINT"}, {"customer", "INTEGER"}, {"price", "DECIMAL(12,2)"}, {"note", "VARCHAR"}},
     {"id"}},
    {"c", "in_2", {{"id", "INTEGER"}, {"name", "VARCHAR"}, {"wide", "DECIMAL(38,0)"}}, {"id"}},
    {"l", "in_3", {{"o", "BIGINT"}, {"line", "INTEGER"}, {"product", "INTEGER"}}, {"o", "line"}},
    {"bag", "in_4", {{"id", "INTEGER"}, {"seen", "TIMESTAMP"}}, {}},
    {"w", "in_5", {{"price", "DECIMAL(12,2)"}, {"name", "VARCHAR"}}, {"price"}},
    {"v", "out_v", {{"id", "INTEGER"}, {"n", "BIGINT"}}, {"id"}, true},
    {"one", "out_one", {{"n", "BIGINT"}}, {}, true, true},
};

/// What a view is refused for, behind its name; "" where it is not.
std::string refused(const std::string& clauses, const std::string& select) {
    cdc::duckdb::Database database{"", {}};
    cdc::duckdb::Connection connection{database};
    const Engine engine{
        [&](const std::string& sql) { return cdc::duckdb::serialize_sql(connection, sql); },
        [&](const std::string& tree) { return cdc::duckdb::deserialize_sql(connection, tree); },
        {}};
    const View view =
        parse_view_file("CREATE VIEW x " + clauses + " AS " + select + ";", "views.sql").views[0];
    try {
        check_unique(bind_view(view, kRelations, engine), kRelations);
    } catch (const Refused& refusal) {
        return std::string{refusal.what()} + " | " + refusal.hint();
    }
    return "";
}

bool shown(const std::string& key, const std::string& select) {
    return refused("KEY (" + key + ")", select).empty();
}

} // namespace

TEST_CASE("unique keys: of tables, and of all that one row of a table leads to") {
    CHECK(shown("id", "SELECT id, note FROM o"));
    CHECK(shown("key", "SELECT id::text AS key, note FROM o"));
    CHECK_FALSE(shown("customer", "SELECT customer, note FROM o"));
    CHECK_FALSE(shown("key", "SELECT lower(note) AS key, id FROM o"));
    CHECK_FALSE(shown("id", "SELECT id, seen FROM bag"));
    CHECK(shown("id", "SELECT o.id, c.name FROM o JOIN c ON c.id = o.customer"));
    CHECK(shown("id", "SELECT o.id, c.name FROM o, c WHERE c.id = o.customer"));
    CHECK_FALSE(shown("id", "SELECT o.id, c.name FROM o JOIN c ON c.id > o.customer"));
    CHECK_FALSE(shown("id", "SELECT o.id, l.product FROM o JOIN l ON l.o = o.id"));
    CHECK(shown("id, line", "SELECT o.id, l.line, l.product FROM o JOIN l ON l.o = o.id"));
    CHECK(shown(
        "o, line",
        "SELECT l.o, l.line, c.name FROM l JOIN o ON o.id = l.o JOIN c ON c.id = o.customer"));
    CHECK(shown("id", "SELECT o.id, l.product FROM o JOIN l ON l.o = o.id AND l.line = 1"));
    CHECK_FALSE(shown(
        "id", "SELECT o.id, l.product FROM o JOIN l ON l.o = o.id AND (l.line = 1 OR l.line = 2)"));
    CHECK(shown("", "SELECT id, note FROM o WHERE id = 7"));
    CHECK_FALSE(shown("", "SELECT id, note FROM o WHERE customer = 7"));
    CHECK(shown(
        "id",
        "SELECT o.id, v.n, one.n AS total FROM o JOIN v ON v.id = o.customer CROSS JOIN one"));
    CHECK(shown(
        "id", "SELECT id, note FROM o WHERE EXISTS (SELECT 1 FROM bag WHERE bag.id = o.customer)"));
}

TEST_CASE("unique keys: of outer joins") {
    CHECK(shown("id", "SELECT o.id, c.name FROM o LEFT JOIN c ON c.id = o.customer"));
    CHECK(shown("id",
                "SELECT o.id, c.name FROM c RIGHT JOIN o ON c.id = o.customer AND c.name > 'a'"));
    CHECK_FALSE(shown("id", "SELECT o.id, l.product FROM o LEFT JOIN l ON l.o = o.id"));
    CHECK(shown("id", "SELECT o.id, p.name FROM o LEFT JOIN (SELECT l.o, c.name FROM l JOIN c ON "
                      "c.id = l.product "
                      "WHERE l.line = 1) p ON p.o = o.id"));
    // ON is more than the equality: of two rows of one customer one is joined and the other is not.
    CHECK_FALSE(
        shown("customer",
              "SELECT o.customer, c.name FROM o LEFT JOIN c ON c.id = o.customer AND o.price > 1"));
    CHECK(shown("k", "SELECT coalesce(o.customer, c.id) AS k, c.name FROM (SELECT customer, "
                     "count(*) AS n FROM o GROUP BY 1) o "
                     "FULL JOIN c ON c.id = o.customer"));
    CHECK_FALSE(shown(
        "k",
        "SELECT coalesce(o.customer, c.id) AS k, c.name FROM o FULL JOIN c ON c.id = o.customer"));
    // Both sides have a row whose key is NULL, which no equality joins.
    CHECK_FALSE(shown(
        "k", "SELECT coalesce(a.customer, v.id) AS k FROM (SELECT customer FROM o GROUP BY 1) a "
             "FULL JOIN v ON v.id = a.customer"));
}

TEST_CASE("unique keys: of groups, DISTINCT, windows and set operations") {
    CHECK(shown("customer", "SELECT customer, count(*) AS n FROM o GROUP BY customer"));
    CHECK_FALSE(
        shown("customer", "SELECT customer, note, count(*) AS n FROM o GROUP BY customer, note"));
    CHECK(shown("id",
                "SELECT id, note, sum(line) AS n FROM o JOIN l ON l.o = o.id GROUP BY id, note"));
    CHECK(shown("note",
                "SELECT note, count(*) AS n FROM o WHERE customer = 3 GROUP BY note, customer"));
    CHECK(shown("", "SELECT count(*) AS n FROM bag"));
    CHECK(shown("a, b", "SELECT DISTINCT customer AS a, note AS b FROM o"));
    CHECK_FALSE(shown("a", "SELECT DISTINCT customer AS a, note AS b FROM o"));
    CHECK(shown("a", "SELECT DISTINCT customer AS a, customer + 1 AS b FROM o"));
    CHECK(shown("customer",
                "SELECT DISTINCT ON (customer) customer, note FROM o ORDER BY customer, id"));
    CHECK(shown("customer", "SELECT customer, note FROM o QUALIFY row_number() OVER (PARTITION BY "
                            "customer ORDER BY id) = 1"));
    CHECK_FALSE(shown("customer", "SELECT customer, note FROM o QUALIFY rank() OVER (PARTITION BY "
                                  "customer ORDER BY price) = 1"));
    CHECK_FALSE(shown("customer", "SELECT customer, note FROM o QUALIFY row_number() OVER "
                                  "(PARTITION BY customer ORDER BY id) <= 2"));
    CHECK_FALSE(shown("id", "SELECT bag.id, sum(o.price) OVER (PARTITION BY bag.id) AS s FROM bag "
                            "JOIN o ON o.id = bag.id"));
    CHECK(shown("customer", "SELECT customer, note FROM (SELECT customer, note, row_number() OVER "
                            "(PARTITION BY customer "
                            "ORDER BY id) AS n FROM o) q WHERE n = 1"));
    CHECK(shown("id", "WITH last AS (SELECT customer, max(id) AS id FROM o GROUP BY customer) "
                      "SELECT o.id, o.note FROM last JOIN o ON o.customer = last.customer"));
    CHECK(shown("id, note", "SELECT id, note FROM o UNION SELECT id, name FROM c"));
    CHECK_FALSE(shown("id", "SELECT id, note FROM o UNION SELECT id, name FROM c"));
    CHECK_FALSE(shown("id", "SELECT id, note FROM o UNION ALL SELECT id, name FROM c"));
    CHECK(shown("kind, id", "SELECT 'o' AS kind, id FROM o UNION ALL SELECT 'c', id FROM c UNION "
                            "ALL SELECT 'v', id FROM v"));
    CHECK_FALSE(shown("kind, id", "SELECT 'o' AS kind, id FROM o UNION ALL SELECT 'o', id FROM c"));
    CHECK(shown("id", "SELECT id, note FROM o EXCEPT SELECT id, name FROM c"));
    CHECK(shown("id", "SELECT customer AS id, note FROM o INTERSECT SELECT id, name FROM c"));
}

TEST_CASE("unique keys: an equality of two types fixes nothing where a cast loses what tells "
          "values apart") {
    CHECK(shown("price", "SELECT o.price, count(*) AS n, w.name FROM o JOIN w ON w.price = o.price "
                         "GROUP BY o.price, w.name"));
    // 2.40 and 2.30 are both 2 beside a decimal without places.
    CHECK_FALSE(shown("id", "SELECT c.id, w.name FROM c JOIN w ON w.price = c.wide"));
    CHECK_FALSE(
        shown("k", "SELECT coalesce(w.price, c.id) AS k FROM w FULL JOIN c ON w.price = c.id"));
}

TEST_CASE("unique keys: what is not shown is refused with line, reason and the way out") {
    const std::string words =
        refused("KEY (id)", "SELECT o.id, l.product\nFROM o\nJOIN l ON l.o = o.id");
    CHECK(words == "views.sql:3: view 'x': nothing shows that KEY (id) tells all rows from each "
                   "other: several rows of l "
                   "may have one | write CHECKED behind KEY (…): two rows of one key then stop the "
                   "tool; or have the key "
                   "of l in KEY: o, line");
    CHECK(refused("KEY (customer)", "SELECT customer, note FROM o GROUP BY customer, note")
              .find("or have note in KEY") != std::string::npos);
    CHECK(refused("KEY (id) CHECKED", "SELECT id, seen FROM bag").empty());
    CHECK(refused("KEY (id) FULL", "SELECT id, seen FROM bag LIMIT 3").empty());
    CHECK(refused("PARTITION (id)", "SELECT id, seen FROM bag").empty());
}
