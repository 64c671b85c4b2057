#include "view_bed.hpp"

#include "views/derive.hpp"
#include "views/functions.hpp"
#include "views/recompute.hpp"
#include "views/refused.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace cdc::views;

namespace {

std::vector<Column> columns(const std::vector<std::string>& names) {
    std::vector<Column> result;
    for (const std::string& name : names) {
        result.push_back({name, "INTEGER", {}});
    }
    return result;
}

const std::vector<Relation> kTables = {
    {"t", "t", columns({"id", "u", "g", "x"}), {"id"}},
    {"u", "u", columns({"id", "v", "y"}), {"id"}},
    {"shop.w", "shop_w", columns({"id", "z"}), {"id"}},
};

/// The derived queries of one relation, one a line.
std::string derived(const std::string& relation, const std::string& key,
                    const std::string& select) {
    Bed bed;
    const BoundView view = bind_view(one_view("KEY (" + key + ")", select), kTables, bed.engine);
    check_derivable(view, bed.engine);
    std::string text;
    for (const DerivedQuery& query : derive(view, relation, bed.engine)) {
        text += (text.empty() ? "" : "\n") + query.sql;
    }
    return text;
}

/// What the view is refused for, behind "views.sql:LINE: view 'v': ".
std::string refusal(const std::string& key, const std::string& select) {
    try {
        derived("t", key, select);
    } catch (const Refused& refused) {
        const std::string text = refused.what();
        return text.substr(text.find("view 'v': ") + 10);
    }
    return "accepted";
}

} // namespace

TEST_CASE("views: a view file has views, KEEP and TYPE, with comments and quotes anywhere") {
    const ViewFile file = parse_view_file(R"(-- the shop; all of it
CREATE VIEW Totals KEY (customer, "Day") CHECKED FREEZE AS
    SELECT ';' AS a, $$;$$ AS b /* ; /* nested; */ */ FROM t;
create view bag partition (g) as select g from t ;
CREATE VIEW one KEY () AS SELECT count(*) AS n FROM t;
KEEP '30 days' ON shop.orders.placed;
TYPE t.x decimal(12, 2);)",
                                          "views.sql");
    REQUIRE(file.views.size() == 3);
    const View& totals = file.views[0];
    CHECK(totals.name == "totals");
    CHECK(totals.key == std::vector<std::string>{"customer", "Day"});
    CHECK((totals.checked && totals.freeze && !totals.full));
    CHECK(totals.select == "select ';' as a, $$;$$ as b /* ; /* nested; */ */ from t");
    CHECK(totals.written == "SELECT ';' AS a, $$;$$ AS b /* ; /* nested; */ */ FROM t");
    CHECK(totals.line == 2);
    CHECK(totals.select_line == 3);
    CHECK(file.views[1].found_by() == std::vector<std::string>{"g"});
    CHECK((file.views[2].has_key && file.views[2].key.empty()));
    REQUIRE(file.keeps.size() == 1);
    CHECK(file.keeps[0].table == "shop.orders");
    CHECK(file.keeps[0].column == "placed");
    CHECK(file.keeps[0].interval == "30 days");
    REQUIRE(file.types.size() == 1);
    CHECK(file.types[0].type == "decimal(12, 2)");
}

TEST_CASE("views: a wrong view file is refused with its line") {
    const auto said = [](const char* text) -> std::string {
        try {
            parse_view_file(text, "v.sql");
        } catch (const Refused& refused) {
            CHECK(!refused.hint().empty());
            return refused.what();
        }
        return "accepted";
    };
    CHECK(said("\nCREATE VIEW v AS SELECT 1;") == "v.sql:2: view 'v': neither KEY nor PARTITION");
    CHECK(said("CREATE VIEW v KEY (a) PARTITION (b) AS SELECT 1;") ==
          "v.sql:1: view 'v': KEY and PARTITION together");
    CHECK(said("CREATE VIEW v KEY (a) AS SELECT 1\n") == "v.sql:2: the statement does not end");
    CHECK(said("CREATE VIEW v KEY (a) AS ;") == "v.sql:1: no SELECT behind AS");
    CHECK(said("CREATE TABLE v;") == "v.sql:1: 'table' where 'view' is expected");
    CHECK(said("\n\nDROP VIEW v;") == "v.sql:3: 'drop' begins no statement");
    CHECK(said("CREATE VIEW v KEY (a) QUICK AS SELECT 1;") == "v.sql:1: 'quick' in CREATE VIEW");
    CHECK(said("CREATE VIEW v KEY (a) AS SELECT 'x;") == "v.sql:1: a quote ' does not end");
    CHECK(said("/* x") == "v.sql:1: a comment does not end");
    CHECK(said("KEEP 30 ON t.c;") == "v.sql:1: '3' is no interval");
    CHECK(said("CREATE VIEW v KEY (a) AS SELECT 1;\nCREATE VIEW V KEY (a) AS SELECT 1;") ==
          "v.sql:2: view 'v' is there already, in line 1");
}

TEST_CASE("views: an inner join reads the changed rows, alone where the key lies in them") {
    const char* select = "SELECT t.id, y FROM t JOIN u ON u.id = t.u WHERE y > 1 AND x < 3";
    CHECK(derived("t", "id", select) ==
          "SELECT DISTINCT t.id AS id FROM changed_t AS t WHERE (t.x < 3)");
    CHECK(derived("u", "id", select) ==
          "SELECT DISTINCT t.id AS id FROM t AS t INNER JOIN changed_u AS u ON ((u.id = t.u)) "
          "WHERE ((u.y > 1) AND (t.x < 3))");
    CHECK(derived("shop_w", "id", select).empty());
}

TEST_CASE("views: each occurrence of a relation has its query") {
    CHECK(derived("t", "a", "SELECT a.id AS a, b.id AS b FROM t a JOIN t b ON a.g = b.x") ==
          "SELECT DISTINCT a.id AS a FROM changed_t AS a\n"
          "SELECT DISTINCT a.id AS a FROM t AS a INNER JOIN changed_t AS b ON ((a.g = b.x))");
}

TEST_CASE("views: the null-supplied side becomes a semi join and its conditions go") {
    CHECK(derived("u", "id",
                  "SELECT t.id FROM t LEFT JOIN u ON u.id = t.u "
                  "WHERE u.id IS NULL AND x > 0") ==
          "SELECT DISTINCT t.id AS id FROM t AS t WHERE ((t.x > 0) AND "
          "EXISTS(SELECT 1 FROM changed_u AS u WHERE (u.id = t.u)))");
    CHECK(derived("u", "id",
                  "SELECT t.id, z FROM t LEFT JOIN u ON t.u = u.id "
                  "LEFT JOIN w ON w.id = u.v WHERE z IS NULL") ==
          "SELECT DISTINCT t.id AS id FROM t AS t WHERE "
          "EXISTS(SELECT 1 FROM changed_u AS u WHERE (t.u = u.id))");
    CHECK(derived("u", "id", "SELECT t.id FROM u RIGHT JOIN t ON u.id = t.u") ==
          derived("u", "id", "SELECT t.id FROM t LEFT JOIN u ON u.id = t.u"));
    CHECK(refusal("id", "SELECT t.id FROM t LEFT JOIN u ON t.u = u.id JOIN w ON w.id = u.v") ==
          "a JOIN whose ON names the null-supplied side of an outer join");
    CHECK(refusal("g", "SELECT g, sum(y) AS s FROM t RIGHT JOIN u ON u.id = t.u GROUP BY 1") ==
          "KEY 'g' cannot be followed to columns of tables");
}

TEST_CASE("views: groups go with HAVING, by name, place and ALL") {
    for (const char* end : {"GROUP BY g HAVING count(*) > 1", "GROUP BY 1", "GROUP BY ALL"}) {
        CHECK(derived("u", "g",
                      std::string{"SELECT t.g, count(*) AS n FROM t "
                                  "LEFT JOIN u ON u.id = t.u "} +
                          end) == "SELECT DISTINCT t.g AS g FROM t AS t WHERE "
                                  "EXISTS(SELECT 1 FROM changed_u AS u WHERE (u.id = t.u))");
    }
    CHECK(derived("t", "", "SELECT count(*) AS n FROM t WHERE x > 2") ==
          "SELECT DISTINCT true AS changed FROM changed_t AS t WHERE (t.x > 2)");
    CHECK(refusal("n", "SELECT count(*) AS n FROM t") ==
          "KEY 'n' cannot be followed to columns of tables");
    CHECK(refusal("g", "SELECT g, u, count(*) AS n FROM t GROUP BY ROLLUP (g, u)") ==
          "ROLLUP, CUBE or GROUPING SETS");
}

TEST_CASE("views: a FULL JOIN by one equality has the key of either side") {
    const char* select =
        "SELECT coalesce(t.u, u.id) AS k, x, y FROM t FULL JOIN u ON t.u = u.id WHERE x IS NULL";
    CHECK(derived("t", "k", select) == "SELECT DISTINCT t.u AS k FROM changed_t AS t");
    CHECK(derived("u", "k", select) == "SELECT DISTINCT u.id AS k FROM changed_u AS u");
    CHECK(derived("u", "id", "SELECT id, x, y FROM t FULL JOIN u USING (id)") ==
          "SELECT DISTINCT u.id AS id FROM changed_u AS u");
    CHECK(refusal("k", "SELECT t.id AS k FROM t FULL JOIN u ON t.u = u.id") ==
          "KEY 'k' cannot be followed to columns of tables");
    CHECK(refusal("id", "SELECT w.id FROM w JOIN (t FULL JOIN u ON t.u = u.id) ON w.id = w.z") ==
          "FULL JOIN other than of two tables by one equality whose coalesce is the key");
}

TEST_CASE("views: EXISTS, IN and scalar subqueries become EXISTS over the changed rows") {
    CHECK(derived("u", "id",
                  "SELECT id FROM t WHERE x > 1 AND NOT EXISTS "
                  "(SELECT 1 FROM u WHERE u.v = t.g AND y > 2)") ==
          "SELECT DISTINCT t.id AS id FROM t AS t WHERE ((t.x > 1) AND "
          "EXISTS(SELECT 1 FROM changed_u AS u WHERE ((u.v = t.g) AND (u.y > 2))))");
    CHECK(derived("u", "id", "SELECT id FROM t WHERE x = 1 OR g NOT IN (SELECT v FROM u)") ==
          "SELECT DISTINCT t.id AS id FROM t AS t WHERE EXISTS(SELECT 1 FROM changed_u AS u "
          "WHERE ((t.g = u.v) OR (t.g IS NULL) OR (u.v IS NULL)))");
    for (const char* select : {"SELECT id FROM t WHERE x > (SELECT max(y) FROM u WHERE v = g)",
                               "SELECT id, (SELECT max(y) FROM u WHERE v = g) AS m FROM t"}) {
        CHECK(derived("u", "id", select) ==
              "SELECT DISTINCT t.id AS id FROM t AS t WHERE "
              "EXISTS(SELECT 1 FROM changed_u AS u WHERE (u.v = t.g))");
    }
    CHECK(derived("t", "id", "SELECT id FROM t WHERE x > (SELECT max(y) FROM u WHERE v = g)") ==
          "SELECT DISTINCT t.id AS id FROM changed_t AS t");
    // The engine takes an alias for a column of that name where it has one.
    CHECK(derived("t", "id", "SELECT v.id FROM t v WHERE EXISTS (SELECT 1 FROM u WHERE y = v.g)") ==
          "SELECT DISTINCT v_2.id AS id FROM changed_t AS v_2");
    CHECK(refusal("id", "SELECT id FROM t WHERE x > (SELECT max(y) FROM u)") ==
          "a subquery that does not depend on the row: a change touches every key");
}

TEST_CASE("views: of a set operation only the branch of the changed relation is read") {
    const char* select = "SELECT g FROM t EXCEPT SELECT v FROM u";
    CHECK(derived("t", "g", select) == "SELECT DISTINCT t.g AS g FROM changed_t AS t");
    CHECK(derived("u", "g", select) == "SELECT DISTINCT u.v AS g FROM changed_u AS u");
}

TEST_CASE("views: under windows and DISTINCT ON the key is what they divide by") {
    const char* latest =
        "SELECT g, id FROM t QUALIFY row_number() OVER (PARTITION BY g ORDER BY id) = 1";
    CHECK(derived("t", "g", latest) == "SELECT DISTINCT t.g AS g FROM changed_t AS t");
    CHECK(refusal("id", latest) == "KEY 'id' cannot be followed to columns of tables");
    const char* distinct = "SELECT DISTINCT ON (g) g, u FROM t ORDER BY g, x, id";
    CHECK(derived("t", "g", distinct) == "SELECT DISTINCT t.g AS g FROM changed_t AS t");
    CHECK(refusal("u", distinct) == "KEY 'u' cannot be followed to columns of tables");
}

TEST_CASE("views: a join goes only where the key has a value without its conditions") {
    const std::string join = " FROM t JOIN u ON u.id = t.u WHERE u.v = 1 GROUP BY 1";
    CHECK(derived("t", "g", "SELECT lower(t.g) AS g, count(*) AS n" + join) ==
          "SELECT DISTINCT lower(t.g) AS g FROM changed_t AS t");
    CHECK(
        derived("t", "g", "SELECT CAST(t.g AS INTEGER) AS g, count(*) AS n" + join) ==
        "SELECT DISTINCT CAST(t.g AS INTEGER) AS g FROM changed_t AS t INNER JOIN u AS u ON ((u.id "
        "= t.u)) WHERE (u.v = 1)");
}

TEST_CASE("views: a nested SELECT gives its plain columns, its computed ones are needed nowhere") {
    const std::string counts = "WITH q AS (SELECT g, count(*) AS n FROM t GROUP BY g) ";
    CHECK(derived("t", "g", counts + "SELECT g, n FROM q WHERE n > 2") ==
          "SELECT DISTINCT q.g AS g FROM (SELECT t.g AS g FROM changed_t AS t) AS q");
    CHECK(derived("t", "id", counts + "SELECT id, n FROM t JOIN q USING (g) WHERE n > 2") ==
          "SELECT DISTINCT t.id AS id FROM changed_t AS t\n"
          "SELECT DISTINCT t.id AS id FROM t AS t INNER JOIN (SELECT t_2.g AS g "
          "FROM changed_t AS t_2) AS q ON ((t.g = q.g))");
    CHECK(refusal("id", "SELECT u.id FROM u JOIN (SELECT max(x) AS m FROM t GROUP BY g) q "
                        "ON q.m = u.y") == "ON over a value that is computed from several rows");
    CHECK(refusal("id", "SELECT u.id FROM u, (SELECT max(x) AS m FROM t) q WHERE y < m") ==
          "an aggregate without GROUP BY in a nested SELECT: a change touches every key");
}

TEST_CASE("views: a name means what is written so, and another case where there is no other") {
    const std::vector<Relation> tables = {
        {"public.T", "in_1", columns({"id", "a"}), {"id"}},
        {"public.t", "in_2", columns({"id", "a"}), {"id"}},
        {"public.Odd", "in_3", columns({"id", "a", "A"}), {"id"}},
        {"public.Up", "in_4", columns({"ID"}), {"ID"}},
        {"public.UP", "in_5", columns({"ID"}), {"ID"}},
    };
    Bed bed;
    const auto said = [&](const std::string& select, const std::string& clauses = "KEY (id)") {
        try {
            const BoundView view = bind_view(one_view(clauses, select), tables, bed.engine);
            return view.reads.front();
        } catch (const Refused& refused) {
            return refused.construct();
        }
    };
    CHECK(said("SELECT id FROM public.t") == "in_2");
    CHECK(said("SELECT id FROM \"T\"") == "in_1");
    CHECK(said("SELECT id FROM public.\"T\"", "FULL") == "in_1");
    CHECK(said("SELECT id FROM odd") == "in_3");
    CHECK(said("SELECT \"ID\" AS id FROM up") == "view 'v': table 'up' is there in two cases");
    const char* two = "view 'v': a table has two columns 'a' that differ in case alone";
    CHECK(said("SELECT id, a FROM odd") == two);
    CHECK(said("SELECT id, odd.\"A\" AS x FROM odd") == two);
    CHECK(said("SELECT * FROM odd", "FULL") == two);
    CHECK(said("SELECT id FROM odd WHERE a = 1", "FULL") == two);
    CHECK(said("SELECT q.id FROM (SELECT id, 1 AS \"A\", 2 AS a FROM t) q").find("two columns") !=
          std::string::npos);
}

TEST_CASE(
    "views: names without quotes are in lower case, but MySQL's columns as they are written") {
    const std::vector<Relation> tables = {
        {"public.e", "in_1", columns({"id", "n"}), {"id"}},
        {"shop.Orders", "in_2", columns({"Id", "custId"}), {"Id"}}};
    Bed bed;
    const auto said = [&](const std::string& select, const std::string& clauses = "KEY (ID)") {
        try {
            const BoundView view = bind_view(one_view(clauses, select), tables, bed.engine);
            std::string text = view.reads.front();
            for (const std::string& column : view.columns) {
                text += " " + column;
            }
            return text;
        } catch (const Refused& refused) {
            return refused.construct();
        }
    };
    CHECK(said("SELECT E.ID, N AS Total FROM E") == "in_1 id total");
    CHECK(said("SELECT ID, n AS \"Total\", E'O\\'K Q' AS t FROM PUBLIC.E") == "in_1 id Total t");
    CHECK(said("SELECT id FROM \"E\" WHERE $q$A$q$ = 'A'") == "in_1 id");
    CHECK(said("SELECT o.Id, O.custId, CUSTID AS c FROM Orders O", "KEY (\"Id\")") ==
          "in_2 Id custId c");
    CHECK(said("SELECT id, custid FROM orders") == "in_2 id custid");
    const View view = one_view("KEY (id)", "SELECT E'A\\'B C' AS X, \"Y\" FROM T");
    CHECK(view.select == "select E'A\\'B C' as x, \"Y\" from t");
    CHECK_THROWS_AS(parse_view_file("CREATE VIEW V KEY (a) AS SELECT 1; "
                                    "CREATE VIEW \"V\" KEY (a) AS SELECT 1;",
                                    "f"),
                    Refused);
}

TEST_CASE("views: VALUES and places of trunc() that are no constant are refused") {
    CHECK(refusal("id", "SELECT id FROM t JOIN (VALUES (1), (2)) x (k) ON k = id") ==
          "VALUES in FROM");
    CHECK(refusal("id", "SELECT id FROM t WHERE id IN (VALUES (1))") == "VALUES in FROM");
    CHECK(refusal("id", "SELECT id, trunc(x, g) AS y FROM t") ==
          "trunc() to places that are no constant");
    CHECK(refusal("id", "SELECT id, trunc(x, -1) AS y FROM t") == "accepted");
}

TEST_CASE("views: names have one owner, CTEs hide tables, every column has a name") {
    CHECK(refusal("id", "SELECT id FROM t, u") == "'id' has two owners");
    CHECK(refusal("g", "SELECT g, count(*) FROM t GROUP BY g") == "column 2 has no name");
    CHECK(refusal("g", "SELECT g, x AS G FROM t") == "two columns 'g'");
    CHECK(refusal("id", "SELECT id FROM nowhere") == "no table or view 'nowhere'");
    CHECK(refusal("id", "SELECT id, nothing FROM t") == "'nothing' is no column here");
    CHECK(refusal("id", "SELECT id, count(t) AS n FROM t") == "'t' is a whole row");
    CHECK(refusal("z", "SELECT id FROM t") == "'z' is no column of the SELECT");
    CHECK(derived("u", "id", "WITH t AS (SELECT id FROM u) SELECT id FROM t") ==
          "SELECT DISTINCT t.id AS id FROM (SELECT u.id AS id FROM changed_u AS u) AS t");
    CHECK(derived("shop_w", "id", "SELECT w.* FROM shop.w") ==
          derived("shop_w", "id", "SELECT id, z FROM w"));
}

TEST_CASE("views: what no rule covers is refused by name") {
    CHECK(refusal("id", "SELECT id FROM t LIMIT 3") == "LIMIT or OFFSET");
    CHECK(refusal("id", "SELECT id, now() AS n FROM t") == "the function now()");
    CHECK(refusal("id", "SELECT id, current_date AS n FROM t") ==
          "'current_date' is no column here");
    CHECK(refusal("id", "SELECT id FROM t WHERE (g, x) NOT IN (SELECT v, y FROM u)") ==
          "a row compared with a subquery");
    CHECK(refusal("id", "SELECT id FROM t NATURAL JOIN u") == "NATURAL JOIN");
    CHECK(refusal("id", "SELECT id FROM t TABLESAMPLE 10%") == "TABLESAMPLE");
    CHECK(refusal("id", "SELECT id FROM 'x.parquet'") == "no table or view 'x.parquet'");
    CHECK(refusal("i", "SELECT i FROM range(3) r(i)") == "the table function range()");
    CHECK(refusal("g", "SELECT g, string_agg(x) AS s FROM t GROUP BY g") ==
          "string_agg() without ORDER BY");
    CHECK(refusal("id", "WITH RECURSIVE r AS (SELECT 1 AS id UNION ALL SELECT id FROM r) "
                        "SELECT id FROM r") == "WITH RECURSIVE");
}

TEST_CASE("views: a numeric without a scale is refused") {
    CHECK(refusal("id", "SELECT id, x::numeric AS n FROM t") ==
          "a cast to numeric without a scale");
    CHECK(refusal("id", "SELECT id, x::numeric(12,2) AS n FROM t") == "accepted");
}

TEST_CASE("views: cdc-transform(1) lists the functions that views may use") {
    std::ifstream page{CDC_SOURCE_DIR "/man/cdc-transform.1.md"};
    const std::string text{std::istreambuf_iterator<char>{page}, {}};
    for (const AllowedFunction& function : allowed_functions()) {
        const std::string name{function.name};
        if (std::isalpha(static_cast<unsigned char>(name[0])) != 0 && name != "count_star") {
            CAPTURE(name);
            CHECK(text.find('`' + name + '`') != std::string::npos);
        }
    }
}

TEST_CASE("views: a refusal names the line of its construct") {
    Bed bed;
    try {
        bind_view(one_view("KEY (id)", "SELECT id,\n    now() AS n\nFROM t"), kTables, bed.engine);
        FAIL("accepted");
    } catch (const Refused& refused) {
        CHECK(refused.line() == 2);
        CHECK(std::string{refused.what()} == "views.sql:2: view 'v': the function now()");
        CHECK(refused.hint() == "cdc-transform(1) lists the functions that views may use");
    }
}

namespace {

/// What a view of this expression becomes, or why it is refused.
std::string exact(const std::string& expression, const std::string& clauses = "KEY (id)") {
    Bed bed;
    bed.engine.describe = [&](const std::string& sql) {
        cdc::duckdb::Result result =
            bed.connection.query("SELECT column_type FROM (DESCRIBE " + sql + ")");
        std::vector<std::string> types;
        while (result.next()) {
            for (std::uint64_t row = 0; row < result.size(); ++row) {
                types.emplace_back(result.column(0).text(row));
            }
        }
        return types;
    };
    bed.engine.compute = [&](const std::string& sql) {
        bed.connection.query(sql);
    };
    const std::vector<Relation> tables = {{"t",
                                           "t",
                                           {{"id", "INTEGER"},
                                            {"d", "DOUBLE"},
                                            {"f", "FLOAT"},
                                            {"n", "DECIMAL(12,2)"},
                                            {"m", "DECIMAL(30,10)"},
                                            {"w", "DECIMAL(38,0)"},
                                            {"v", "DECIMAL(4,4)"},
                                            {"s", "VARCHAR"},
                                            {"e", "DATE"},
                                            {"ts", "TIMESTAMP"},
                                            {"y", "BLOB"},
                                            {"q", "SMALLINT"},
                                            {"b", "BOOLEAN"}},
                                           {"id"}}};
    try {
        const BoundView view = bind_view(
            one_view(clauses, "SELECT id, " + expression + " AS x FROM t"), tables, bed.engine);
        const std::string text = select_text(view, bed.engine);
        return text.substr(text.find(", ") + 2, text.find(" AS x") - text.find(", ") - 2);
    } catch (const Refused& refused) {
        return refused.construct();
    }
}

} // namespace

TEST_CASE("views: what the engine answers otherwise is rewritten by types, or refused") {
    CHECK(exact("n + n") == "(t.n + t.n)");
    CHECK(exact("d + n") == "cdc_add(t.d, CAST(t.n AS DOUBLE))");
    CHECK(exact("m * d") == "cdc_multiply(CAST(CAST(t.m AS VARCHAR) AS DOUBLE), t.d)");
    CHECK(exact("f - f") == "cdc_subtract_real(t.f, t.f)");
    CHECK(exact("f * 2") == "cdc_multiply(CAST(t.f AS DOUBLE), CAST(2 AS DOUBLE))");
    CHECK(exact("round(n, 1)") == "round(t.n, 1)");
    CHECK(exact("round(f)") == "cdc_round(CAST(t.f AS DOUBLE))");
    CHECK(exact("concat(s, b)") == "concat(t.s, cdc_flag(t.b))");
    CHECK(exact("d::text") == "CAST(cdc_text(t.d) AS VARCHAR)");
    CHECK(exact("f = 0.1") == "(CAST(t.f AS DOUBLE) = CAST(0.1 AS DOUBLE))");
    CHECK(exact("upper(s)") == "cdc_upper(t.s, upper(t.s))");
    CHECK(exact("(SELECT round(y.d) FROM t y WHERE y.id = t.id) + 1").starts_with("cdc_add("));
    CHECK(exact("round(d)", "KEY (id) FULL") == "cdc_round(t.d)");
    CHECK(exact("s::varchar(2)") == "view 'v': a cast to varchar(n)");
    CHECK(exact("CAST(s AS char(3))") == "view 'v': a cast to char(n)");
    CHECK(exact("s::char") == "view 'v': a cast to char");
    CHECK(exact("sum(d)") == "view 'v': sum() of floats");
    CHECK(exact("round(d, 1)") == "view 'v': round() of a float to places");
    CHECK(exact("d % 3") == "view 'v': a remainder of floats");
    CHECK(exact("string_agg(DISTINCT s, ',' ORDER BY s)").starts_with("string_agg("));
    CHECK(exact("coalesce(f, n)") == "COALESCE(t.f, CAST(CAST(t.n AS VARCHAR) AS FLOAT))");
    CHECK(exact("coalesce(f, NULL)") == "COALESCE(t.f, NULL)");
    CHECK(exact("greatest(m, d)") == "greatest(CAST(CAST(t.m AS VARCHAR) AS DOUBLE), t.d)");
    CHECK(exact("CASE WHEN b THEN d ELSE 0 END") ==
          "CASE  WHEN (t.b) THEN (t.d) ELSE CAST(0 AS DOUBLE) END");
    CHECK(exact("nullif(f, 0)") == "\"nullif\"(t.f, 0)");
    CHECK(exact("nullif(f, 0.1)") == "view 'v': nullif() of FLOAT and DECIMAL(2,1)");
    CHECK(exact("nullif(f, n)") == "view 'v': nullif() of FLOAT and DECIMAL(12,2)");
    CHECK(exact("f IN (SELECT n FROM t)") ==
          "(CAST(t.f AS DOUBLE) = ANY(SELECT t_2.n AS n FROM t AS t_2))");
    CHECK(exact("f IN (SELECT m FROM t)") ==
          "view 'v': IN or ANY of a float and a column of type DECIMAL(30,10)");
    CHECK(exact("(SELECT max(x) FROM (SELECT d AS x FROM t UNION ALL SELECT m FROM t) w)") ==
          "view 'v': a set operation over columns of type DOUBLE and DECIMAL(30,10)");
    CHECK(exact("d IN (SELECT m FROM t)", "KEY (id) FULL").starts_with("view 'v': IN or ANY"));
    CHECK(exact("n * 1e2") == "view 'v': a number with an exponent, or of more than 38 digits");
    CHECK(exact("d * 1e2::double precision") == "cdc_multiply(t.d, CAST(100.0 AS DOUBLE))");
    CHECK(exact("lag(n, 1, 0.123) OVER (ORDER BY id)", "KEY (id) FULL") ==
          "view 'v': lag() with a default of another type");
    CHECK(exact("extract(year FROM e)") ==
          "cdc_finite(cdc_year(COALESCE(main.date_part('year', t.e), 0)), isinf(t.e))");
    CHECK(exact("extract(hour FROM e)") == "view 'v': extract(hour …) of a date");
    CHECK(exact("e - e") == "cdc_finite((t.e - t.e), (isinf(t.e) OR isinf(t.e)))");
    CHECK(exact("f IN (0.1, 2.5)") == "view 'v': a float in a list of other numbers");
}

TEST_CASE("views: decimals that have no common type of 38 digits keep theirs behind the point") {
    CHECK(exact("greatest(w, m)") ==
          "greatest(CAST(t.w AS DECIMAL(38,10)), CAST(t.m AS DECIMAL(38,10)))");
    CHECK(
        exact("coalesce(sum(n) OVER (), 0.005)").starts_with("COALESCE(CAST(sum(t.n) OVER () AS"));
    CHECK(exact("w = m") == "(CAST(t.w AS DECIMAL(38,10)) = CAST(t.m AS DECIMAL(38,10)))");
    CHECK(exact("coalesce(m, n)") == "COALESCE(t.m, t.n)");
    CHECK(exact("CASE WHEN b THEN w ELSE 0.5 END").starts_with("CASE  WHEN (t.b) THEN (CAST(t.w"));
    CHECK(exact("w IN (SELECT m FROM t)").starts_with("(CAST(t.w AS DECIMAL(38,10)) = ANY("));
    CHECK(exact("m IN (SELECT w FROM t)") ==
          "view 'v': IN or ANY of DECIMAL(30,10) and a column of type DECIMAL(38,0)");
    CHECK(exact("nullif(w, m)") == "view 'v': nullif() of DECIMAL(38,0) and DECIMAL(30,10)");
    CHECK(exact("lag(w, 1, 0.5) OVER (ORDER BY id)", "KEY (id) FULL") ==
          "view 'v': lag() with a default of another type");
    CHECK(exact("(SELECT max(x) FROM (SELECT w AS x FROM t UNION ALL SELECT m FROM t) y)") ==
          "view 'v': a set operation over columns of type DECIMAL(38,0) and DECIMAL(30,10)");
}

TEST_CASE("views: a text constant is what PostgreSQL reads in it, or the view is refused") {
    CHECK(exact("n = '2.404'") == "(t.n = CAST('2.404' AS DECIMAL(4,3)))");
    CHECK(exact("coalesce(n, ' -1.005 ')") == "COALESCE(t.n, CAST(' -1.005 ' AS DECIMAL(4,3)))");
    CHECK(exact("n IN ('2.405', NULL)").find("CAST('2.405' AS DECIMAL(4,3))") != std::string::npos);
    CHECK(exact("n BETWEEN '1' AND 2").find("CAST('1' AS DECIMAL(1,0))") != std::string::npos);
    CHECK(exact("'2.404' IN (SELECT n FROM t)").starts_with("(CAST('2.404' AS DECIMAL(4,3)) ="));
    CHECK(exact("n + '1.005'") == "(t.n + CAST('1.005' AS DECIMAL(4,3)))");
    CHECK(exact("CASE WHEN b THEN n ELSE '1.005' END").ends_with("DECIMAL(4,3)) END"));
    CHECK(exact("n = '1e3'") == "view 'v': '1e3' beside a value of type DECIMAL(12,2)");
    CHECK(exact("id = '3'") == "(t.id = '3')");
    CHECK(exact("id = '3.0'") == "view 'v': '3.0' beside a value of type INTEGER");
    CHECK(exact("n = '2.404'", "KEY (id) FULL") == "(t.n = CAST('2.404' AS DECIMAL(4,3)))");
    CHECK(exact("(SELECT max(z) FROM (SELECT n AS z FROM t UNION ALL SELECT '1.005') y)")
              .find("CAST('1.005' AS DECIMAL(4,3))") != std::string::npos);
    CHECK(exact("b = 'on'") == "(t.b = 'true')");
    CHECK(exact("b = 'o'") == "view 'v': 'o' beside a value of type BOOLEAN");
    CHECK(exact("s = '1.5'") == "(t.s = '1.5')");
    CHECK(exact("y = '\\x4142'") == "(t.y = CAST('\\x41\\x42' AS BLOB))");
    CHECK(exact("y || 'a\\001'") == "(t.y || CAST('\\x61\\x01' AS BLOB))");
    CHECK(exact("'\\x4a'::bytea") == "CAST('\\x4A' AS BLOB)");
    CHECK(exact("s::bytea") == "view 'v': a cast of text to bytea");
    CHECK(exact("e < 'today'") == "view 'v': 'today' beside a value of type DATE");
    CHECK(exact("e < '20240131'") == "view 'v': '20240131' beside a value of type DATE");
    CHECK(exact("e < '24-01-31'") == "view 'v': '24-01-31' beside a value of type DATE");
    CHECK(exact("e < ' 2024-01-31 10:00'") == "(t.e < '2024-01-31')");
    CHECK(exact("ts < '2024-01-31 10:00:00.123456'").starts_with("(t.ts < '2024"));
    CHECK(exact("ts < '2024-01-31 10:00:00.1234567'") == "(t.ts < '2024-01-31 10:00:00.123457')");
    CHECK(exact("TIMESTAMP '2024-01-31 10:00:00.9999999'").starts_with("view 'v': '2024"));
    CHECK(exact("greatest(e, ts, 'today')") ==
          "view 'v': 'today' beside a value of type TIMESTAMP");
    CHECK(exact("'10:00:00.1234567'::time") == "CAST('10:00:00.123457' AS TIME)");
    CHECK(exact("e = '0044-03-15 BC'") == "(t.e = '0044-03-15 (BC)')");
    CHECK(exact("ts < '2024-07-02 12:30:30+16'").starts_with("view 'v': '2024"));
    CHECK(exact("'2024-07-02 12:30:30 CET'::timestamptz").starts_with("view 'v': '2024"));
    CHECK(exact("'2024-07-02 12:30:30 EST'::timestamptz").starts_with("CAST('2024"));
    CHECK(exact("'2024-07-02 12:30:30 Europe/Berlin'::timestamptz").starts_with("CAST('2024"));
}

TEST_CASE("views: blanks, separators, small integers and scales are PostgreSQL's") {
    CHECK(exact("trim(s)") == "main.\"trim\"(t.s, ' ')");
    CHECK(exact("ltrim(s)").ends_with("ltrim(t.s, ' ')"));
    CHECK(exact("trim(trailing from s)").ends_with("rtrim(t.s, ' ')"));
    CHECK(exact("trim(both 'x' from s)").ends_with("(t.s, 'x')"));
    CHECK(exact("string_agg(s, NULL ORDER BY id)", "KEY (id) FULL").find("t.s, ''") !=
          std::string::npos);
    CHECK(exact("q * 1000") == "(CAST(t.q AS INTEGER) * 1000)");
    CHECK(exact("-5 - q") == "(-5 - CAST(t.q AS INTEGER))");
    CHECK(exact("q * q") == "(t.q * t.q)");
    CHECK(exact("id + '3'") == "(t.id + CAST('3' AS INTEGER))");
    CHECK(exact("greatest(n, 1)::text").starts_with("view 'v': the text of a choice"));
    CHECK(exact("concat(coalesce(n, 0.5) + 1)").starts_with("view 'v': the text of a choice"));
    CHECK(exact("CASE WHEN b THEN n END::text").starts_with("CAST(CASE"));
    CHECK(exact("coalesce(n, 0.00)::text").starts_with("CAST(COALESCE"));
    CHECK(exact("coalesce(n, 0)::numeric(12,2)::text").starts_with("CAST(CAST(COALESCE"));
    CHECK(exact("e::text", "FULL") == "CAST(cdc_moment(CAST(t.e AS VARCHAR)) AS VARCHAR)");
    CHECK(exact("round(n, 4)::text") == "CAST(CAST(t.n AS DECIMAL(14,4)) AS VARCHAR)");
    CHECK(exact("trunc(id, 2)") == "CAST(t.id AS DECIMAL(12,2))");
    CHECK(exact("round(n, 1)") == "round(t.n, 1)");
    CHECK(exact("round(n, 39)") == "view 'v': round() to 39 places");
    CHECK(exact("lag(n, 1, 0) OVER (ORDER BY id)::text", "KEY (id) FULL")
              .starts_with("view 'v': the text of a choice"));
    CHECK(exact("(SELECT max(z::text) FROM (SELECT greatest(n, 1) AS z FROM t) y)")
              .starts_with("view 'v': the text of a choice"));
    CHECK(exact("(SELECT max(z::text) FROM (SELECT n AS z FROM t UNION SELECT 1) y)")
              .starts_with("view 'v': the text of a choice"));
    CHECK(exact("ntile(id) OVER (ORDER BY id)", "KEY (id) FULL") ==
          "view 'v': ntile() of what is no constant");
    CHECK(exact("B'101'") == "view 'v': a bit string");
    CHECK(exact("x'1f' || s") == "view 'v': a bit string");
    CHECK(exact("s::timestamp") == "CAST(cdc_timestamp_of_text(t.s) AS TIMESTAMP)");
    CHECK(exact("s::time") == "CAST(cdc_time_of_text(t.s) AS TIME)");
    CHECK(exact("s::date") == "CAST(cdc_date_of_text(t.s) AS DATE)");
    CHECK(exact("v::text") == "CAST(cdc_decimal(CAST(t.v AS VARCHAR)) AS VARCHAR)");
    CHECK(exact("concat(.5)") == "concat(cdc_decimal(CAST(.5 AS VARCHAR)))");
    CHECK(exact("n::text") == "CAST(t.n AS VARCHAR)");
    CHECK(exact("n || '007'") == "(t.n || '007')");
    CHECK(exact("'-' || id") == "('-' || t.id)");
}

TEST_CASE("views: what PostgreSQL stops at for every row is refused") {
    CHECK(exact("coalesce(id, 1 / 0)") == "view 'v': a division by 0");
    CHECK(exact("n % 0.0") == "view 'v': a division by 0");
    for (const char* constant :
         {"1 / (1 - 1)", "coalesce(id, 1 / (1 - 1))", "id + (2147483647 + 1)",
          "sum(id + 5 % (2 - 2)) OVER (PARTITION BY id)", "'5874897-12-31'::date + 1",
          "CASE WHEN b THEN ' '::numeric(3,1) END"}) {
        CAPTURE(constant);
        CHECK(exact(constant) == "view 'v': a constant that cannot be computed");
        CHECK(exact(constant, "KEY (id) FULL") == "view 'v': a constant that cannot be computed");
    }
    CHECK(exact("id % id").starts_with("CASE "));
    CHECK(exact("'2024-02-30'::date") == "view 'v': '2024-02-30' beside a value of type DATE");
    CHECK(exact("e < '0005-02-29 BC'") == "(t.e < '0005-02-29 (BC)')");
    CHECK(exact("e < '0004-02-29 BC'") == "view 'v': '0004-02-29 BC' beside a value of type DATE");
    CHECK(exact("e + id") == "cdc_date((t.e + t.id))");
    CHECK(exact("ts - INTERVAL '1 day'").starts_with("cdc_timestamp("));
    CHECK(exact("nth_value(id, 0) OVER (ORDER BY id)", "KEY (id) FULL")
              .starts_with("view 'v': nth_value()"));
    CHECK(exact("(id > 0)::bigint") == "view 'v': a cast of BOOLEAN to BIGINT");
    CHECK(exact("(id > 0)::integer") == "CAST((t.id > 0) AS INTEGER)");
    CHECK(exact("n::boolean").starts_with("view 'v': a cast of DECIMAL"));
    CHECK(exact("chr(id)") == "cdc_chr(t.id)");
}

TEST_CASE("views: intervals that the engine takes for one are refused") {
    CHECK(exact("ts + INTERVAL '1 month' - INTERVAL '1 MON'")
              .starts_with("cdc_timestamp((cdc_timestamp((t.ts + "));
    CHECK(exact("ts + INTERVAL '1 month' - INTERVAL '30 days'") ==
          "view 'v': the interval '30 days' beside another that compares equal");
    CHECK(exact("ts + INTERVAL '1 day' + INTERVAL '23:59:59.5 500 ms'")
              .ends_with("another that compares equal"));
    CHECK(exact("ts + INTERVAL '1 day' + INTERVAL '1 hour'")
              .starts_with("cdc_timestamp((cdc_timestamp((t.ts + "));
    CHECK(exact("ts - ts > '1 month' OR ts - ts > '720:00'").ends_with("compares equal"));
    CHECK(exact("ts + INTERVAL 'P1Y2M'") == "view 'v': the interval 'P1Y2M'");
    CHECK(exact("ts + INTERVAL '1 year 2 mons 3 days 04:05:06.789 ago'")
              .starts_with("cdc_timestamp((t.ts + "));
}

TEST_CASE("views: divisions and averages are exact where their scale is said, or refused") {
    CHECK(exact("id / 2") ==
          "CAST(cdc_divide_whole(CAST(t.id AS BIGINT), CAST(2 AS BIGINT)) AS INTEGER)");
    CHECK(exact("id::bigint / id").ends_with(" AS BIGINT)"));
    CHECK(exact("d / id") == "cdc_divide(t.d, CAST(t.id AS DOUBLE))");
    CHECK(exact("round(n / id, 2)") == "CAST(cdc_quotient(CAST(t.n AS VARCHAR), CAST(t.id AS "
                                       "VARCHAR), 2) AS DECIMAL(38,2))");
    CHECK(exact("(n / m)::numeric(12,4)").ends_with(", 4) AS DECIMAL(12,4))"));
    CHECK(exact("round(avg(n) OVER (), 1)") ==
          "CAST(cdc_quotient(CAST(sum(t.n) OVER () AS VARCHAR), CAST(count(t.n) OVER () AS "
          "VARCHAR), 1) AS DECIMAL(38,1))");
    CHECK(exact("round(id / 2)").starts_with("cdc_round(CAST(CAST(cdc_divide_whole("));
    const std::string numeric =
        "view 'v': a division of a numeric, which extract(), sign(n) and round(x, n) are";
    CHECK(exact("extract(hour FROM ts) / 5") == numeric);
    CHECK(exact("id / (extract(year FROM ts) - 1)") == numeric);
    CHECK(exact("coalesce(CASE WHEN b THEN extract(day FROM e) ELSE 0 END, 1) / 7") == numeric);
    CHECK(exact("sign(n) / 2") == numeric);
    CHECK(exact("round(id, 0) / 2") == numeric);
    CHECK(exact("round(extract(hour FROM ts)) / 7") == numeric);
    CHECK(exact("max(extract(hour FROM ts)) OVER () / 7") == numeric);
    CHECK(exact("(SELECT extract(hour FROM ts) AS h) / 7") == numeric);
    CHECK(exact("(SELECT max(z / 7) FROM (SELECT extract(hour FROM ts) AS z FROM t UNION ALL "
                "SELECT 1) y)") == numeric);
    CHECK(exact("extract(hour FROM ts)::integer / 5").starts_with("CAST(cdc_divide_whole("));
    CHECK(exact("round(extract(hour FROM ts) / 7, 2)").starts_with("CAST(cdc_quotient("));
    CHECK(exact("round(d / 2)").starts_with("cdc_round(cdc_divide("));
    CHECK(exact("n / 3") == "view 'v': a division of DECIMAL(12,2) by INTEGER");
    CHECK(exact("round(n / 3 + 1, 2)") == "view 'v': a division of DECIMAL(12,2) by INTEGER");
    CHECK(exact("id % nullif(n, 0)") == "(t.id % \"nullif\"(t.n, 0))");
    CHECK(exact("mod(n, id)") ==
          "CASE  WHEN ((t.id = 0)) THEN (\"error\"('division by zero')) ELSE "
          "mod(t.n, t.id) END");
    CHECK(exact("avg(n)") == "view 'v': avg() of DECIMAL(12,2)");
    CHECK(exact("avg(d)") == "view 'v': avg() of floats");
    CHECK(exact("sum(id) / 2") == "view 'v': a division of HUGEINT by INTEGER");
    CHECK(exact("avg(d::double precision)").starts_with("cdc_avg("));
}

TEST_CASE("views: the keys' condition stands below groups and in every branch") {
    Bed bed;
    const BoundView view =
        bind_view(one_view("KEY (g)", "SELECT g, count(*) AS n FROM t GROUP BY g UNION ALL "
                                      "SELECT v, y FROM u"),
                  kTables, bed.engine);
    CHECK(view.reads == std::vector<std::string>{"t", "u"});
    CHECK(
        recompute_literals(view, "1, 2", true, bed.engine) ==
        "(SELECT t.g AS g, count_star() AS n FROM t AS t WHERE ((t.g IN (1, 2)) OR (t.g IS NULL)) "
        "GROUP BY t.g) UNION ALL (SELECT u.v AS v, u.y AS y FROM u AS u WHERE "
        "((u.v IN (1, 2)) OR (u.v IS NULL)))");
    // An aggregate without GROUP BY has a row over no rows too.
    const BoundView totals =
        bind_view(one_view("KEY (k)", "SELECT 'all' AS k, count(*) AS n FROM t UNION ALL "
                                      "SELECT 'some' AS k, count(*) AS n FROM u HAVING count(*) > "
                                      "1"),
                  kTables, bed.engine);
    CHECK(recompute_literals(totals, "'all'", false, bed.engine) ==
          "(SELECT 'all' AS k, count_star() AS n FROM t AS t WHERE ('all' IN ('all')) HAVING "
          "('all' IN ('all'))) UNION ALL (SELECT 'some' AS k, count_star() AS n FROM u AS u WHERE "
          "('some' IN ('all')) HAVING (('some' IN ('all')) AND (count_star() > 1)))");
    const BoundView pairs =
        bind_view(one_view("KEY (g, u)", "SELECT DISTINCT g, u FROM t"), kTables, bed.engine);
    CHECK(recompute(pairs, {"keys", false}, bed.engine) ==
          "SELECT DISTINCT t.g AS g, t.u AS u FROM t AS t WHERE (main.\"row\"(t.g, t.u) = "
          "ANY(SELECT found_keys.g, found_keys.u FROM keys AS found_keys))");
}

TEST_CASE("views: columns around a subquery come before its aliases, those of USING first in *") {
    Bed bed;
    const auto text = [&](const std::string& clauses, const std::string& select) -> std::string {
        try {
            return select_text(bind_view(one_view(clauses, select), kTables, bed.engine),
                               bed.engine);
        } catch (const Refused& refused) {
            return refused.construct();
        }
    };
    for (const char* clauses : {"KEY (id)", "FULL"}) {
        CHECK(text(clauses, "SELECT id FROM t WHERE EXISTS (SELECT v AS g FROM u WHERE v = g)")
                  .find("(u.v = t.g)") != std::string::npos);
        CHECK(text(clauses, "SELECT k AS id, a FROM (SELECT * FROM (SELECT g, id FROM t) a JOIN u "
                            "USING (id)) q(k, a, b, c)")
                  .find("SELECT a.id AS k, a.g AS a") != std::string::npos);
        CHECK(text(clauses, "SELECT id, v AS g, y AS q, 1 AS y FROM u UNION SELECT * FROM (SELECT "
                            "g, u AS q, id FROM t) a JOIN (SELECT id, y FROM u) b USING (id)")
                  .find("SELECT a.id AS id, a.g AS g") != std::string::npos);
    }
    CHECK(text("KEY (id)", "SELECT id, (SELECT max(v) AS g FROM u GROUP BY g) AS m FROM t")
              .find("GROUP BY max(") != std::string::npos);
    CHECK(text("FULL", "SELECT k, a FROM (SELECT * FROM t NATURAL JOIN (SELECT id FROM u) b) q(k, "
                       "a, b, c)")
              .ends_with("columns of USING or NATURAL in * that are taken by their places"));
    CHECK(text("FULL", "WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n + 1 FROM r WHERE n < 2) "
                       "SELECT id FROM t, r WHERE EXISTS (SELECT v AS g FROM u WHERE v = g)")
              .ends_with("a subquery that names its own alias"));
    CHECK(text("FULL", "SELECT * FROM t NATURAL JOIN (SELECT id, y FROM u) b")
              .starts_with("SELECT * FROM t AS t NATURAL "));
}

TEST_CASE("views: a FULL view takes what cannot be derived, not what reads clock or files") {
    Bed bed;
    const auto said = [&](const std::string& select) -> std::string {
        try {
            const BoundView view =
                bind_view(one_view("KEY (id) FULL", select), kTables, bed.engine);
            CHECK(derive(view, "t", bed.engine).empty());
            return select_text(view, bed.engine);
        } catch (const Refused& refused) {
            return refused.what();
        }
    };
    CHECK(said("SELECT z AS id FROM shop.w ORDER BY z LIMIT 3") ==
          "SELECT z AS id FROM shop_w AS w ORDER BY z LIMIT 3");
    CHECK(said("SELECT id FROM t WHERE x < random()") ==
          "views.sql:1: view 'v': the function random()");
    CHECK(said("SELECT id FROM read_csv('x')") ==
          "views.sql:1: view 'v': the table function read_csv()");
    CHECK(said("WITH t AS (SELECT 1 AS id) SELECT id FROM t") ==
          "views.sql:1: view 'v': 't' is a table and a CTE");
}
