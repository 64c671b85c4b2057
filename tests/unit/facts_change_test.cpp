#include "event/facts_change.hpp"

#include <doctest/doctest.h>

using namespace cdc::event;

namespace {

using Missing = ColumnFact::Missing;

ColumnFact column(int number, const char* name, const char* type, std::uint32_t type_id) {
    ColumnFact out;
    out.number = number;
    out.name = name;
    out.type = type;
    out.type_id = type_id;
    return out;
}

LeafFacts leaf(std::uint32_t oid, std::uint32_t storage, const char* xmin, const char* birth) {
    LeafFacts out;
    out.oid = oid;
    out.storage = storage;
    out.xmin = xmin;
    out.birth = birth;
    return out;
}

/// A table of two columns, made by transaction 700, in a list.
Facts table() {
    Facts facts;
    facts.oid = 16401;
    facts.xid = "800";
    facts.leaves = {leaf(16401, 16401, "700", "700")};
    facts.columns = {column(1, "id", "integer", 23), column(3, "note", "text", 25)};
    facts.publication = {99, "600", "iudt", "50:700", "", ""};
    return facts;
}

/// A root with two partitions.
Facts partitioned() {
    Facts facts = table();
    facts.leaves = {leaf(16401, 0, "700", "700"), leaf(16402, 16402, "700", "700"),
                    leaf(16403, 16403, "700", "700")};
    facts.leaves[0].kind = 'p';
    facts.leaves[1].under = facts.leaves[2].under = "16401:700";
    return facts;
}

Facts with_type(char kind) {
    Facts facts = table();
    TypeFacts type;
    type.oid = 16500;
    type.kind = kind;
    if (kind == 'e') {
        type.version = "1";
        type.labels = {{16502, "600", "sad"}, {16504, "600", "ok"}};
    } else if (kind == 'c') {
        type.attributes = {{1, 23}, {2, 25}};
    } else {
        type.base = 23;
    }
    facts.types = {type};
    return facts;
}

std::string judged(const Facts& before, const Facts& after,
                   const std::vector<std::string>& truncates = {}, JudgeOptions options = {}) {
    const auto mark = judge(before, after, truncates, options);
    return !mark ? "none" : mark->kind == Mark::Kind::stale ? "stale" : "unproven";
}

template<typename Change>
std::string changed(Facts before, Change change) {
    Facts after = before;
    after.xid = "900";
    change(after);
    return judged(before, after);
}

} // namespace

TEST_CASE("what changes no stored row marks nothing") {
    CHECK(changed(table(), [](Facts&) {}) == "none");
    // GRANT, SET STATISTICS, SET (…): the row of pg_class is written, and nothing else.
    CHECK(changed(table(), [](Facts& f) { f.leaves[0].xmin = "850"; }) == "none");
    CHECK(changed(table(), [](Facts& f) { f.key = KeyFacts{7, {1}, true, true}; }) == "none");
    CHECK(changed(table(), [](Facts& f) { f.columns[1].nullable = false; }) == "none");
    CHECK(changed(table(), [](Facts& f) { f.columns.pop_back(); }) == "none");
    CHECK(changed(with_type('e'), [](Facts& f) {
              f.types[0].version = "2";
              f.types[0].labels.push_back({16506, "850", "fine"});
          }) == "none");
    CHECK(changed(partitioned(), [](Facts& f) {
              f.leaves.push_back(leaf(16404, 16404, "850", "850"));
          }) == "none");
}

TEST_CASE("new columns: a known value, or NULL where the storage is the same") {
    const auto add = [](Missing missing, std::uint32_t storage, int number = 4) {
        return [=](Facts& f) {
            f.columns.push_back(column(number, "new", "integer", 23));
            f.columns.back().missing = missing;
            f.leaves[0].xmin = "850";
            f.leaves[0].storage = storage;
        };
    };
    CHECK(changed(table(), add(Missing::value, 16401)) == "none");
    CHECK(changed(table(), add(Missing::none, 16401)) == "none");
    CHECK(changed(table(), add(Missing::unknown, 16401)) == "stale");
    CHECK(changed(table(), add(Missing::none, 16777)) == "stale");
    CHECK(changed(table(), add(Missing::value, 16777)) == "unproven");
    CHECK(changed(table(), add(Missing::none, 16401, 2)) == "stale");
    CHECK(changed(table(), [&](Facts& f) { // DROP EXPRESSION writes no row of pg_class
              add(Missing::none, 16401)(f);
              f.leaves[0].xmin = "700";
          }) == "stale");
}

TEST_CASE("columns that are other ones") {
    CHECK(changed(table(), [](Facts& f) { f.columns[1].name = "remark"; }) == "stale");
    CHECK(changed(table(), [](Facts& f) { std::swap(f.columns[0].name, f.columns[1].name); }) ==
          "stale");
    CHECK(changed(table(), [](Facts& f) {
              f.columns[0].type = "bigint";
              f.columns[0].type_id = 20;
          }) == "stale");
    CHECK(changed(table(), [](Facts& f) {
              f.columns[1].type = "character varying";
              f.columns[1].type_id = 1043;
          }) == "none");
    Facts generated = table();
    generated.columns[1].generated = "s";
    generated.columns[1].expression = "70:600";
    CHECK(changed(generated, [](Facts& f) { f.columns[1].expression = "71:850"; }) == "stale");
    CHECK(changed(generated, [](Facts& f) {
              f.columns[1].expression = "";
              f.columns[1].generated = "";
          }) == "none");
}

TEST_CASE("a column that was dropped and made anew is another one") {
    Facts after = table();
    after.leaves[0].xmin = "810";
    after.columns[1].number = 4;
    const auto mark = judge(table(), after, {});
    REQUIRE(mark);
    CHECK(mark->kind == Mark::Kind::stale);
    CHECK(mark->why == "column 'note' was dropped and made anew");
}

TEST_CASE("a new partition that was emptied with its root is no mark") {
    Facts after = partitioned();
    after.leaves.push_back(leaf(16404, 16410, "815", "810"));
    after.leaves.back().under = "16401:810";
    CHECK(!judge(partitioned(), after, {"815"}));
    CHECK(judge(partitioned(), after, {"814"}));
}

TEST_CASE("new storage is unproven, unless a truncate that was passed made it") {
    const auto rewrite = [](Facts& f) {
        f.leaves[0].storage = 16777;
        f.leaves[0].xmin = "850";
    };
    CHECK(changed(table(), rewrite) == "unproven");
    Facts after = table();
    rewrite(after);
    CHECK(judged(table(), after, {"849", "850"}) == "none");
    CHECK(judged(table(), after, {"4294968146"}) == "none"); // 2^32 + 850
    CHECK(judged(table(), after, {"851"}) == "unproven");
    after.leaves[0].altered = true; // TRUNCATE, INSERT, ALTER COLUMN … USING
    CHECK(judged(table(), after, {"850"}) == "unproven");
    after = partitioned();
    after.leaves[1].storage = 16777;
    after.leaves[1].xmin = "850";
    CHECK(judged(partitioned(), after) == "unproven");
    CHECK(judged(partitioned(), after, {"850"}) == "none");
    after.columns[1].type = "integer";
    after.columns[1].type_id = 23;
    CHECK(judged(partitioned(), after) == "stale");
}

TEST_CASE("types below the columns") {
    CHECK(changed(with_type('e'), [](Facts& f) { f.types[0].labels[1].label = "glad"; }) ==
          "stale");
    CHECK(changed(with_type('e'), [](Facts& f) { f.types[0].labels[1].xmin = "850"; }) == "stale");
    CHECK(changed(with_type('c'), [](Facts& f) { f.types[0].attributes.pop_back(); }) == "stale");
    CHECK(changed(with_type('c'), [](Facts& f) {
              f.types[0].attributes.push_back({3, 23});
          }) == "stale");
    CHECK(changed(with_type('d'), [](Facts& f) { f.types[0].base = 20; }) == "stale");
}

TEST_CASE("a mark names the column of a type, also where it lies deeper") {
    Facts before = with_type('e');
    TypeFacts array;
    array.oid = 16600;
    array.kind = 'b';
    array.base = 16500;
    before.types.push_back(array);
    before.columns.push_back(column(4, "moods", "mood[]", 16600));
    Facts after = before;
    after.types[0].labels[1].label = "glad";
    CHECK(judge(before, after, {})->why == "label 'ok' of column 'moods' was renamed");
}

TEST_CASE("publications that were other ones meanwhile") {
    CHECK(changed(table(), [](Facts& f) { f.publication.entry = "51:850"; }) == "stale");
    CHECK(changed(table(), [](Facts& f) { f.publication.columns = "1"; }) == "stale");
    CHECK(changed(table(), [](Facts& f) { f.publication.filter = "f"; }) == "stale");
    CHECK(changed(table(), [](Facts& f) { f.publication.operations = "iud"; }) == "stale");
    CHECK(changed(table(), [](Facts& f) { f.publication.oid = 98; }) == "stale");
    CHECK(changed(table(), [](Facts& f) { f.publication.version = "850"; }) == "unproven");
}

TEST_CASE("leaves: unlogged, gone, attached, detached and attached") {
    CHECK(changed(table(), [](Facts& f) { f.leaves[0].persistence = 'u'; }) == "stale");
    Facts unlogged = table();
    unlogged.leaves[0].persistence = 'u';
    CHECK(changed(unlogged, [](Facts& f) { f.leaves[0].persistence = 'p'; }) == "stale");
    CHECK(changed(partitioned(), [](Facts& f) { f.leaves.pop_back(); }) == "stale");
    Facts after = partitioned();
    after.leaves.pop_back();
    CHECK(judged(partitioned(), after, {}, {true}) == "none");
    CHECK(changed(partitioned(), [](Facts& f) {
              f.leaves.push_back(leaf(16300, 16300, "850", "650"));
          }) == "unproven");
    CHECK(changed(partitioned(), [](Facts& f) { f.leaves[1].under = "16401:850"; }) == "unproven");
    CHECK(changed(partitioned(), [](Facts& f) {
              f.leaves.push_back(leaf(16404, 0, "850", "850"));
              f.leaves.back().kind = 'f';
          }) == "stale");
}

TEST_CASE("a table that was in a schema that is not published; a place that was not known before") {
    Facts before = table();
    before.publication.joined = "700";
    CHECK(changed(before, [](Facts& f) { f.publication.joined = "850"; }) == "stale");
    CHECK(changed(table(), [](Facts& f) { f.publication.joined = "700"; }) == "none");
    CHECK(changed(table(), [](Facts& f) { f.leaves[0].under = "16300:700"; }) == "none");
    before.leaves[0].under = "16300:700";
    CHECK(changed(before, [](Facts& f) { f.leaves[0].under = "16300:850"; }) == "unproven");
}

TEST_CASE("a partition that is published as itself is born where its own place is") {
    const auto born = [](const char* under) {
        Facts facts = table();
        facts.leaves = {leaf(16401, 16401, "850", "850")};
        facts.leaves[0].under = under;
        facts.publication.entry = "50:700";
        return !judge_new(facts, "800");
    };
    CHECK(born("16300:850"));
    CHECK(born("16300:700,16301:850"));
    CHECK_FALSE(born("16300:860"));
    CHECK_FALSE(born("16300:860,16301:850"));
    CHECK_FALSE(born("16300:700,16301:860"));
}

TEST_CASE("a table that left the capture, came back, or is another one") {
    Facts gone = table();
    gone.gone = true;
    CHECK(judged(table(), gone) == "stale");
    CHECK(judged(gone, gone) == "none");
    CHECK(judged(gone, table()) == "stale");
    Facts other = table();
    other.oid = 16999;
    other.leaves = {leaf(16999, 16999, "850", "850")};
    other.publication.entry = "51:850";
    CHECK(judged(table(), other) == "none");
    CHECK(judged(gone, other) == "none");
    other.leaves[0].birth = other.leaves[0].xmin = "750"; // a swap by rename
    CHECK(judged(table(), other) == "unproven");
}

TEST_CASE(
    "a table seen for the first time is complete where it is empty or was born in the capture") {
    const auto judged_new = [](const Facts& facts) {
        const auto mark = judge_new(facts, "800");
        return !mark ? "none" : mark->kind == Mark::Kind::stale ? "stale" : "unproven";
    };
    Facts born = table();
    born.leaves = {leaf(16401, 16401, "850", "850")};
    born.publication.entry = "50:850";
    CHECK(judged_new(born) == "none");
    born.publication.entry = "";
    CHECK(judged_new(born) == "none");
    born.publication.version = "860"; // FOR ALL TABLES since then
    CHECK(judged_new(born) == "unproven");
    born.publication.entry = "50:860"; // listed later
    CHECK(judged_new(born) == "unproven");
    born.empty = true;
    CHECK(judged_new(born) == "none");
    born.leaves[0].persistence = 'u';
    CHECK(judged_new(born) == "stale");
    CHECK(judged_new(table()) == "unproven");
    Facts renamed = table();
    renamed.leaves = {leaf(16401, 16401, "860", "850")};
    renamed.publication.entry = "";
    CHECK(judged_new(renamed) == "unproven");
    Facts rewritten = renamed;
    rewritten.leaves = {leaf(16401, 16777, "850", "850")};
    CHECK(judged_new(rewritten) == "unproven");
}

TEST_CASE("transactions are compared in a circle") {
    CHECK(precedes("3", "4"));
    CHECK_FALSE(precedes("4", "4"));
    CHECK(precedes("4294967290", "4294967300"));
    CHECK(precedes("4294967290", "4")); // 2^32 + 4
}

namespace {

std::string judged_new(const Facts& facts, const std::vector<std::string>& truncates = {},
                       JudgeOptions options = {}) {
    const auto mark = judge_new(facts, "800", truncates, options);
    return !mark ? "none" : mark->kind == Mark::Kind::stale ? "stale" : "unproven";
}

/// Of with_type(), made by transaction 850 as its command 3, and seen for the first time.
Facts made_later(char kind) {
    Facts facts = with_type(kind);
    facts.leaves = {leaf(16401, 16401, "850", "850")};
    facts.leaves[0].named = "850";
    facts.leaves[0].command = 3;
    facts.oid = 16600;
    facts.leaves[0].oid = facts.leaves[0].storage = 16600;
    facts.publication.entry = "";
    return facts;
}

} // namespace

TEST_CASE("seen for the first time: altered since it was made, and never renamed or rewritten") {
    Facts facts = made_later('d');
    facts.leaves[0].xmin = "860"; // a key, a foreign key, GRANT
    CHECK(judged_new(facts) == "none");
    facts.leaves[0].named = "860";
    CHECK(judged_new(facts) == "unproven");
    facts.leaves[0].named = "850";
    facts.leaves[0].storage = 16777;
    CHECK(judged_new(facts) == "unproven");
    CHECK(judged_new(facts, {"860"}) == "none");
    facts.empty = true;
    CHECK(judged_new(facts) == "unproven");
    CHECK(judged_new(facts, {}, {false, false}) == "none"); // nothing of it came
}

TEST_CASE("seen for the first time: labels that were renamed, not those that were added") {
    CHECK(judged_new(made_later('e')) == "none");
    Facts facts = made_later('e');
    facts.types[0].labels.push_back({16700, "900", "fine"});
    CHECK(judged_new(facts) == "none");
    facts.types[0].labels[0].xmin = "900";
    CHECK(judged_new(facts) == "unproven");
    facts.types[0].labels[0].xmin = "850"; // in the table's own transaction
    facts.types[0].labels[0].command = 2;
    CHECK(judged_new(facts) == "none");
    facts.types[0].labels[0].command = 5;
    CHECK(judged_new(facts) == "unproven");
}

TEST_CASE("seen for the first time: attributes that were added or dropped, not renamed ones") {
    Facts facts = made_later('c');
    facts.types[0].attributes = {{1, 23, "600"}, {2, 25, "600"}};
    CHECK(judged_new(facts) == "none");
    facts.types[0].attributes[0].xmin = "900";
    CHECK(judged_new(facts) == "none");
    facts.types[0].attributes[0].type = 0;
    CHECK(judged_new(facts) == "unproven");
    facts.types[0].attributes = {{1, 23, "600"}, {2, 25, "600"}, {3, 23, "900"}};
    CHECK(judged_new(facts) == "unproven");
}

TEST_CASE("types that came with a new column: altered since the last look") {
    const Facts before = table();
    Facts after = with_type('e');
    after.xid = "900";
    after.types[0].born = "600";
    CHECK(judged(before, after) == "none");
    after.types[0].labels[0].xmin = "850";
    CHECK(judged(before, after) == "unproven");
    after.types[0].labels[0].xmin = "600";
    after.types[0].labels.push_back({16700, "850", "fine"});
    CHECK(judged(before, after) == "none");
    after.types[0].born = "850"; // made since
    after.types[0].labels = {{16702, "850", "a"}};
    CHECK(judged(before, after) == "none");
    after.types[0].labels = {{16390, "860", "a"}};
    CHECK(judged(before, after) == "unproven");
}

TEST_CASE("attributes that were added and dropped again are told by their numbers") {
    CHECK(changed(with_type('c'), [](Facts& f) {
              f.types[0].attributes.push_back({3, 0, "850"});
          }) == "stale");
    CHECK(changed(with_type('c'), [](Facts& f) { f.types[0].attributes[1].xmin = "850"; }) ==
          "none");
}

TEST_CASE("partitions of which rows came, and that no look saw, are gone or had another name") {
    Facts facts = made_later('d');
    facts.lost = {16500};
    CHECK(judged_new(facts) == "stale");
    CHECK(judged_new(facts, {}, {true, true}) == "none");
    facts.empty = true;
    CHECK(judged_new(facts) == "stale");
    facts.lost = {facts.oid}; // it is a table now
    CHECK(judged_new(facts, {}, {true, true}) == "stale");
    CHECK(changed(partitioned(), [](Facts& f) { f.lost = {16500}; }) == "stale");
    CHECK(changed(partitioned(), [](Facts& f) { f.lost = {16402}; }) == "stale");
}

TEST_CASE("a subtree with rows that was attached") {
    CHECK(changed(partitioned(), [](Facts& f) {
              f.leaves.push_back(leaf(16404, 0, "855", "850"));
              f.leaves.back().kind = 'p';
              f.leaves.back().under = "16401:855";
              f.leaves.push_back(leaf(16405, 16405, "850", "850"));
              f.leaves.back().under = "16404:850";
          }) == "unproven");
}

TEST_CASE("a column that was there before, above all that were captured") {
    Facts before = table();
    before.width = 4;
    Facts after = before;
    after.xid = "900";
    after.leaves[0].xmin = "850"; // DROP EXPRESSION, and another ALTER
    after.columns.push_back(column(4, "computed", "integer", 23));
    CHECK(judged(before, after) == "stale");
    after.columns.back().number = after.width = 5;
    CHECK(judged(before, after) == "none");
}

TEST_CASE("seen for the first time: columns that are other ones than those that rows came in") {
    const auto judged_shape = [](auto change) {
        Facts facts = with_type('e');
        facts.columns.push_back(column(4, "mood", "mood", 16500));
        Table shown;
        for (const ColumnFact& fact : facts.columns) {
            Column& shape = shown.columns.emplace_back();
            shape.name = fact.name;
            shape.type = fact.type;
            shape.number = fact.number;
        }
        shown.columns.back().labels = {"sad", "ok"};
        change(facts, shown);
        const auto mark = judge_shape(shown, facts);
        return !mark ? std::string{"none"} : mark->why;
    };
    CHECK(judged_shape([](Facts&, Table&) {}) == "none");
    CHECK(judged_shape([](Facts& f, Table&) { f.columns[1].name = "remark"; }) ==
          "column 'remark' was called 'note'");
    CHECK(judged_shape([](Facts& f, Table&) { f.columns[1].number = 7; }) ==
          "column 'note' was dropped and made anew");
    CHECK(judged_shape([](Facts& f, Table&) { f.columns.erase(f.columns.begin()); }) == "none");
    CHECK(judged_shape([](Facts& f, Table&) {
              f.columns.push_back(column(9, "new", "integer", 23));
          }) == "column 'new' was added, and no row has come since");
    CHECK(judged_shape([](Facts& f, Table&) { f.columns[0].type = "oid"; }) ==
          "the type of column 'id' was changed from 'integer' to 'oid'");
    CHECK(judged_shape([](Facts& f, Table&) { f.types[0].labels[0].label = "blue"; }) ==
          "label 'sad' of column 'mood' was renamed");
    CHECK(judged_shape([](Facts& f, Table&) {
              f.types[0].labels.push_back({16506, "850", "fine"});
          }) == "none");
    CHECK(judged_shape([](Facts& f, Table& shown) { // its number could not be told
              shown.columns[1].number = 0;
              f.columns[1].name = "remark";
          }) == "columns 'remark' and 'note' cannot be told apart");
    CHECK(judged_shape([](Facts& f, Table&) { // a domain, of which a table line has the base
              f.types.push_back({16900, 'd', "", {}, {}, 23, -1});
              f.columns[0].type_id = 16900;
              f.columns[0].type = "positive";
          }) == "none");
    CHECK(judged_shape([](Facts& f, Table& shown) {
              shown.columns[0].type = "integer[][]";
              f.columns[0].type = "integer[]";
          }) == "none");
}

TEST_CASE("a label with which rows came and that is not there is stale") {
    const auto renamed = [](Facts& f) {
        f.renamed_labels = {"new"};
    };
    CHECK(changed(table(), renamed) == "stale");
    Facts seen_first = table();
    renamed(seen_first);
    REQUIRE(judge_new(seen_first, "600"));
    CHECK(judge_new(seen_first, "600")->kind == Mark::Kind::stale);
}

TEST_CASE("a partition that was filled before it was attached has rows that no line brought") {
    const auto attached = [](Facts& f) {
        f.leaves.push_back(leaf(16900, 16900, "801", "801"));
        f.leaves.back().under = "16401:801";
    };
    CHECK(changed(partitioned(), attached) == "none");
    CHECK(changed(partitioned(), [&](Facts& f) {
              attached(f);
              f.filled = {16900};
          }) == "unproven");
    Facts known = partitioned();
    attached(known);
    CHECK(changed(known, [](Facts& f) { f.filled = {16900}; }) == "none"); // it was told of then
}
