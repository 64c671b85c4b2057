// Which comparisons of texts a view may not make, because its source makes them otherwise.
#include "view_bed.hpp"

#include "views/refused.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cdc::views;

namespace {

Column text(const std::string& name, const std::string& collation = "", bool padded = false,
            bool labels = false) {
    return {
        name, "VARCHAR", {collation, collation.empty() ? "" : "shop.c." + name, padded, labels}};
}

/// `plain` compares by its bytes, `word` and `other` do not; `code` has blanks at its end, `kind`
/// is an enum.
const std::vector<Relation> kTables = {
    {"shop.c",
     "in_1",
     {{"id", "INTEGER", {}},
      text("word", "utf8mb4_0900_ai_ci"),
      text("other", "public.citext"),
      text("code", "character(5)", true),
      text("kind", "utf8mb4_general_ci", false, true),
      text("plain")},
     {"id"}},
    {"shop.d", "in_2", {{"id", "INTEGER", {}}, text("plain")}, {"id"}},
};

struct Answer {
    std::string words; ///< behind the view's name; "accepted"
    std::string hint;
    std::map<std::string, Collation> collations;
};

Answer answer(const std::string& clauses, const std::string& select,
              const std::vector<Relation>& tables = kTables) {
    Bed bed;
    try {
        return {"accepted", "",
                bind_view(one_view(clauses, select), tables, bed.engine).collations};
    } catch (const Refused& refused) {
        const std::string words = refused.what();
        return {words.substr(words.find("view 'v': ") + 10), refused.hint(), {}};
    }
}

/// What is refused of a SELECT that has an id: its construct.
std::string construct(const std::string& select, const std::string& clauses = "KEY (id)") {
    const std::string words = answer(clauses, select).words;
    return words.substr(0, words.find(" on column 'shop.c.word', which its source compares by "
                                      "utf8mb4_0900_ai_ci"));
}

std::string where(const std::string& condition) {
    return construct("SELECT id FROM c WHERE " + condition);
}

} // namespace

TEST_CASE("views: a comparison that the source makes by a collation is refused") {
    CHECK(where("word = 'a'") == "=");
    CHECK(where("'a' <> word") == "<>");
    CHECK(where("word < 'a'") == "<");
    CHECK(where("word > plain") == ">");
    CHECK(where("plain <= word") == "<=");
    CHECK(where("id = 1 AND word >= 'a'") == ">=");
    CHECK(where("id = 1 OR word IS DISTINCT FROM 'a'") == "IS DISTINCT FROM");
    CHECK(where("word IS NOT DISTINCT FROM 'a'") == "IS NOT DISTINCT FROM");
    CHECK(where("word BETWEEN 'a' AND 'b'") == "BETWEEN");
    CHECK(where("plain BETWEEN 'a' AND word") == "BETWEEN");
    CHECK(where("word IN ('a', 'b')") == "IN");
    CHECK(where("word NOT IN ('a', 'b')") == "IN");
    CHECK(where("plain IN (word, 'b')") == "IN");
    CHECK(where("word IN (SELECT plain FROM d)") == "IN");
    CHECK(where("plain NOT IN (SELECT word FROM c)") == "IN");
    CHECK(where("EXISTS (SELECT 1 FROM d WHERE d.plain = c.word)") == "=");
    CHECK(where("'a' = (SELECT word FROM c)") == "=");
    CHECK(where("word LIKE 'a%'") == "LIKE");
    CHECK(where("word NOT LIKE 'a%'") == "NOT LIKE");
    CHECK(where("word ILIKE 'a%'") == "ILIKE");
    CHECK(where("starts_with(word, 'a')") == "starts_with");
    CHECK(where("strpos(plain, word) > 1") == "strpos");
    CHECK(where("position('a' IN word) > 1") == "position");
    CHECK(where("CASE word WHEN 'a' THEN true ELSE false END") == "=");
    CHECK(construct("SELECT id, replace(word, 'a', 'b') AS x FROM c") == "replace");
    CHECK(construct("SELECT id, split_part(word, 'a', 1) AS x FROM c") == "split_part");
    CHECK(construct("SELECT id, greatest(plain, word) AS x FROM c") == "greatest");
    CHECK(construct("SELECT id, least(word, 'a') AS x FROM c") == "least");
    CHECK(construct("SELECT id, nullif(word, '') AS x FROM c") == "nullif");
    CHECK(construct("SELECT c.id FROM c JOIN d ON d.plain = c.word") == "=");
    CHECK(construct("SELECT c.id FROM c LEFT JOIN c AS e USING (word)") == "=");
}

TEST_CASE("views: what tells rows apart or puts them in order by a collation is refused") {
    CHECK(construct("SELECT word, count(*) AS n FROM c GROUP BY word", "KEY (word)") == "GROUP BY");
    CHECK(construct("SELECT max(id) AS id, word FROM c GROUP BY ALL") == "GROUP BY");
    CHECK(construct("SELECT plain AS id, word FROM c GROUP BY 1, 2") == "GROUP BY");
    CHECK(construct("SELECT DISTINCT plain AS id, word FROM c") == "DISTINCT");
    CHECK(construct("SELECT DISTINCT ON (word) id FROM c ORDER BY word, id") == "DISTINCT ON");
    CHECK(construct("SELECT DISTINCT ON (id) id FROM c ORDER BY id, word") == "ORDER BY");
    CHECK(construct("SELECT id, word FROM c UNION SELECT id, plain FROM d") == "UNION");
    CHECK(construct("SELECT id, plain FROM d EXCEPT SELECT id, word FROM c") == "EXCEPT");
    CHECK(construct("SELECT id, plain FROM d INTERSECT ALL SELECT id, word FROM c") == "INTERSECT");
    CHECK(construct("SELECT id, word FROM c", "KEY (id, word)") == "KEY");
    CHECK(construct("SELECT id, word AS w FROM c", "PARTITION (w)") == "PARTITION");
    CHECK(construct("SELECT id, word FROM c", "KEY (word) FULL") == "KEY");
    CHECK(construct("SELECT id, max(word) AS x FROM c GROUP BY id") == "max");
    CHECK(construct("SELECT id, min(word) OVER (PARTITION BY id) AS x FROM c") == "min");
    CHECK(construct("SELECT id, count(DISTINCT word) AS n FROM c GROUP BY id") ==
          "count(DISTINCT)");
    CHECK(construct("SELECT id, string_agg(plain, ',' ORDER BY word) AS x FROM c GROUP BY id") ==
          "ORDER BY");
    CHECK(construct("SELECT id, rank() OVER (PARTITION BY word) AS n FROM c") == "PARTITION BY");
    CHECK(construct("SELECT id, row_number() OVER (ORDER BY word) AS n FROM c", "KEY (id) FULL") ==
          "ORDER BY");
    CHECK(construct(
              "SELECT id FROM c QUALIFY row_number() OVER (PARTITION BY id ORDER BY word) = 1") ==
          "ORDER BY");
    CHECK(construct("SELECT id FROM c ORDER BY word LIMIT 1", "KEY (id) FULL") == "ORDER BY");
}

TEST_CASE("views: a column is followed through what passes it on") {
    const auto compared = [](const std::string& value) {
        return where(value + " = 'a'");
    };
    CHECK(construct("WITH w AS (SELECT id, word AS x FROM c) SELECT id FROM w WHERE x = 'a'") ==
          "=");
    CHECK(construct("SELECT id FROM (SELECT id, word FROM c) AS s (id, x) WHERE x = 'a'") == "=");
    CHECK(
        construct("SELECT id FROM (SELECT id, plain AS x FROM d UNION ALL SELECT id, word FROM c) "
                  "WHERE x = 'a'") == "=");
    CHECK(compared("coalesce(word, 'b')") == "=");
    CHECK(compared("CASE WHEN id = 1 THEN plain ELSE word END") == "=");
    CHECK(compared("(SELECT word FROM c AS e WHERE e.id = c.id)") == "=");
    CHECK(construct("SELECT id FROM (SELECT id, lag(word) OVER (PARTITION BY id ORDER BY id) AS x "
                    "FROM c) WHERE x = 'a'") == "=");
    // A view that reads this one is told.
    CHECK(
        answer("KEY (id)", "SELECT id, coalesce(word, '') AS x FROM c").collations.at("x").column ==
        "shop.c.word");
}

TEST_CASE("views: texts that are passed on, or that something else is made of, are not compared") {
    for (const char* select :
         {"SELECT id, word, other, code, kind FROM c",
          "SELECT id, length(word) AS n, word IS NULL AS no, left(word, 1) AS x FROM c",
          "SELECT id FROM c WHERE lower(word) = 'a' AND rtrim(code) = 'b' AND word || '' = 'c'",
          "SELECT id FROM c WHERE word::text = 'a' OR concat(word) > 'b'",
          "SELECT id, word FROM c UNION ALL SELECT id, plain FROM d",
          "SELECT c.id, c.word FROM c JOIN d ON d.plain = lower(c.word)",
          "SELECT id, count(word) AS n, string_agg(word, ',' ORDER BY id) AS all FROM c GROUP BY "
          "id",
          "SELECT id, first_value(word) OVER (PARTITION BY id ORDER BY id) AS x FROM c",
          "SELECT id, word FROM c ORDER BY word", // decides nothing
          "SELECT id FROM c WHERE plain = 'a' AND id IN (1, 2)"}) {
        CHECK_MESSAGE(answer("KEY (id)", select).words == "accepted", select);
    }
    CHECK(answer("KEY (x)", "SELECT lower(word) AS x, count(*) AS n FROM c GROUP BY lower(word)")
              .words == "accepted");
    CHECK(answer("KEY (id)", "SELECT id, lower(word) AS x, plain FROM c").collations.empty());
}

TEST_CASE("views: labels of an enum are told apart by their bytes, and not compared") {
    CHECK(answer("KEY (kind)", "SELECT kind, count(*) AS n FROM c GROUP BY kind").words ==
          "accepted");
    CHECK(answer("KEY (id)", "SELECT id, count(DISTINCT kind) AS n FROM c GROUP BY id").words ==
          "accepted");
    CHECK(answer("KEY (id)", "SELECT id FROM c WHERE kind = 'A'").words ==
          "= on column 'shop.c.kind', which its source compares by utf8mb4_general_ci");
    CHECK(answer("KEY (id)", "SELECT id, kind FROM c UNION SELECT id, plain FROM d")
              .words.starts_with("UNION on"));
    CHECK(answer("KEY (x)", "SELECT coalesce(kind, 'A') AS x FROM c GROUP BY 1")
              .words.starts_with("GROUP BY on"));
}

TEST_CASE("views: what stands beside its row's key tells it from no other") {
    for (const char* select :
         {"SELECT c.id, c.word, count(*) AS n FROM c JOIN d ON d.id = c.id GROUP BY c.word, c.id",
          "SELECT DISTINCT id, word FROM c",
          "SELECT id, rank() OVER (PARTITION BY id, word) AS n FROM c"}) {
        CHECK_MESSAGE(answer("KEY (id)", select).words == "accepted", select);
    }
    CHECK(construct("SELECT d.id, c.word, count(*) AS n FROM c JOIN d ON d.id = c.id "
                    "GROUP BY c.word, d.id") == "GROUP BY"); // that is another table's
    std::vector<Relation> tables = kTables;
    tables[0].key = {"other"}; // rows of the source are not told apart by its bytes
    CHECK(answer("KEY (id)", "SELECT max(id) AS id FROM c GROUP BY other, word", tables)
              .words.starts_with("GROUP BY on column 'shop.c.other'"));
}

TEST_CASE("views: the refusal says line, column, collation and the way out") {
    Bed bed;
    try {
        bind_view(one_view("KEY (id)", "SELECT id\nFROM c\nWHERE code = 'x'"), kTables, bed.engine);
        FAIL("accepted");
    } catch (const Refused& refused) {
        CHECK(std::string{refused.what()} ==
              "views.sql:3: view 'v': = on column 'shop.c.code', which its source compares by "
              "character(5), without the blanks at its end");
        CHECK(refused.hint() ==
              "the view compares bytes: wrap the column, as rtrim(code); or, if bytes are meant, "
              "TYPE shop.c.code text;");
    }
    CHECK(answer("KEY (id)", "SELECT id FROM c WHERE other = 'x'").hint ==
          "the view compares bytes: wrap the column, as lower(other); or, if bytes are meant, TYPE "
          "shop.c.other text;");
}

TEST_CASE("views: a FULL view that is not followed may only pass such columns to functions") {
    const auto said = [](const std::string& select) {
        return answer("FULL", select).words;
    };
    const std::string refused =
        "column 'shop.c.word', which its source compares by "
        "utf8mb4_0900_ai_ci, in a FULL view whose columns cannot be followed";
    CHECK(said("WITH RECURSIVE w AS (SELECT id, word FROM c UNION SELECT id + 1, word FROM w WHERE "
               "id < 9) SELECT id, word FROM w") == refused);
    CHECK(said("SELECT plain, count(*) AS n FROM c GROUP BY ROLLUP (plain, word)") == refused);
    CHECK(said("SELECT plain, count(DISTINCT word) AS n FROM c GROUP BY ROLLUP (plain)") ==
          refused);
    CHECK(said("SELECT plain, max(word) AS n FROM c GROUP BY ROLLUP (plain)") == refused);
    CHECK(said("SELECT c.id FROM c NATURAL JOIN d").find("which its source compares by") !=
          std::string::npos);
    CHECK(said("SELECT plain, count(word) AS n, max(lower(word)) AS most FROM c "
               "GROUP BY ROLLUP (plain)") == "accepted");
    CHECK(said("SELECT plain, count(*) AS n FROM c GROUP BY ROLLUP (plain)") == "accepted");
}

TEST_CASE("views: values that are kept as texts are compared by no text of theirs") {
    Column mood = text("mood");
    mood.collation = {"labels", "shop.c.mood", false, true, Collation::Kind::order};
    Column z = text("z");
    z.collation = {"numeric", "shop.c.z", false, false, Collation::Kind::value};
    const std::vector<Relation> tables = {
        {"shop.c", "in_1", {{"id", "INTEGER", {}}, mood, z, {"n", "DECIMAL(12,2)", {}}}, {"id"}},
        {"shop.d", "in_2", {z, {"n", "DECIMAL(12,2)", {}}}, {"z"}}};
    const auto said = [&](const std::string& select, const std::string& clauses = "KEY (id)") {
        const std::string words = answer(clauses, select, tables).words;
        return words.substr(0, words.find(" on column"));
    };
    for (const char* select :
         {"SELECT id, mood, z, z IS NULL AS no, z::int AS i, z::text = '1' AS x FROM c",
          "SELECT id FROM c WHERE mood = 'sad' AND mood IN ('sad', 'ok') AND mood <> 'x'",
          "SELECT max(id) AS id, mood FROM c GROUP BY mood",
          "SELECT id, z, mood, count(*) AS n FROM c GROUP BY id, z, mood",
          "SELECT id, mood FROM c UNION SELECT id, coalesce(mood, 'ok') FROM c",
          "SELECT id, rank() OVER (PARTITION BY mood ORDER BY id) AS r FROM c",
          "SELECT id, count(z) AS n, count(DISTINCT mood) AS m FROM c GROUP BY id"}) {
        CHECK_MESSAGE(answer("KEY (id)", select, tables).words == "accepted", select);
    }
    CHECK(answer("KEY (z)", "SELECT z, count(*) AS c FROM d GROUP BY z", tables).words ==
          "accepted"); // its table's key
    CHECK(said("SELECT id, max(mood) AS x FROM c GROUP BY id") == "max");
    CHECK(said("SELECT id FROM c WHERE mood > 'sad'") == ">");
    CHECK(said("SELECT id FROM c WHERE mood BETWEEN 'a' AND 'b'") == "BETWEEN");
    CHECK(said("SELECT DISTINCT ON (id) id, mood FROM c ORDER BY id, mood") == "ORDER BY");
    CHECK(said("SELECT id, greatest(mood, 'ok') AS x FROM c") == "greatest");
    CHECK(said("SELECT id, mood FROM c ORDER BY mood LIMIT 1", "FULL") == "ORDER BY");
    CHECK(said("SELECT id FROM c WHERE z = '1'") == "=");
    CHECK(said("SELECT c.id FROM c JOIN d ON c.z = d.n") == "=");
    CHECK(said("SELECT c.id FROM c JOIN d USING (z)") == "=");
    CHECK(said("SELECT id FROM c WHERE n IN (SELECT d.z FROM d)") == "IN");
    CHECK(said("SELECT max(id) AS id, z FROM c GROUP BY z") == "GROUP BY");
    CHECK(said("SELECT DISTINCT z FROM c", "KEY (z)") == "DISTINCT");
    const Answer refused = answer("KEY (id)", "SELECT id FROM c WHERE z > '1'", tables);
    CHECK(refused.words == "> on column 'shop.c.z', which its source compares by its numeric and "
                           "the view by its text");
    CHECK(refused.hint == "say its digits: TYPE shop.c.z decimal(38,9); where its text is meant, "
                          "z::text, or TYPE shop.c.z text;");
    const std::string sets = "SELECT mood, count(*) AS n FROM c GROUP BY ROLLUP (mood)";
    CHECK(answer("FULL", sets, tables).words == "accepted");
    CHECK(answer("FULL", "SELECT n, max(mood) AS x FROM c GROUP BY ROLLUP (n)", tables)
              .words.starts_with("column 'shop.c.mood', which its source puts in order"));
}
