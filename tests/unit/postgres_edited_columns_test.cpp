#include "postgres/edited_columns.hpp"

#include "fake_lookup.hpp"
#include "support.hpp"

using namespace cdc;
using namespace cdc::postgres;

namespace {

pgoutput::Relation relation(std::string_view table, const std::vector<std::string_view>& names) {
    pgoutput::Relation out;
    out.id = 7;
    out.schema = "public";
    out.name = table;
    for (const std::string_view name : names) {
        out.columns.push_back({false, name, 25, -1});
    }
    return out;
}

std::vector<ColumnFacts> numbered(const std::vector<int>& numbers) {
    std::vector<ColumnFacts> out;
    for (const int number : numbers) {
        out.emplace_back().column.number = number;
    }
    return out;
}

FactsLook look(const std::string& table, int number, const std::string& name, bool edited) {
    FactsLook out;
    event::Facts& facts = out.tables.emplace_back();
    facts.schema = "public";
    facts.table = table;
    facts.oid = 7;
    facts.columns.emplace_back().number = number;
    facts.columns.back().name = name;
    if (edited) {
        out.edited[7].emplace(number, name);
    }
    return out;
}

const event::ColumnEdits kEdits{{"people.email"}, {}, ""};

} // namespace

TEST_CASE("a column that edits name is known under another name, and no other is") {
    EditedColumns columns{kEdits};
    FakeLookup source;
    columns.take(relation("people", {"id", "email"}), numbered({1, 2}), source);
    columns.take(relation("people", {"id", "note"}), numbered({1, 3}), source);
    columns.take(relation("people", {"id", "note"}), numbered({1, 0}), source);
    columns.take(look("people", 3, "note", false));
    CHECK_THROWS_AS(columns.take(relation("people", {"id", "mail"}), numbered({1, 2}), source),
                    base::Error);
    CHECK_THROWS_AS(columns.take(relation("gone", {"id", "email"}), numbered({1, 2}), source),
                    base::Error);
    CHECK_THROWS_AS(columns.take(look("people", 2, "mail", false)), base::Error);
}

TEST_CASE("a look says which columns edits name") {
    EditedColumns columns{kEdits};
    FakeLookup source;
    columns.take(look("people", 2, "email", true));
    columns.take(look("people", 2, "email", true));
    CHECK_THROWS_AS(columns.take(relation("people", {"id", "mail"}), numbered({1, 2}), source),
                    base::Error);
}

TEST_CASE("a column that edits name in the catalog was called otherwise when the row was written") {
    EditedColumns columns{kEdits};
    FakeLookup source;
    auto facts = numbered({1, 2});
    facts[1].other_names = {"mail"};
    columns.take(relation("people", {"id", "old"}), facts, source);
    facts[1].other_names = {"email"};
    CHECK_THROWS_AS(columns.take(relation("people", {"id", "old"}), facts, source), base::Error);
}

TEST_CASE("a table whose column edits name had another name when the row was written") {
    EditedColumns columns{kEdits};
    FakeLookup source;
    source.name = NameNow{"public", "other"};
    columns.take(relation("old", {"id", "email"}), numbered({1, 2}), source);
    source.name = NameNow{"public", "people"};
    CHECK_THROWS_AS(columns.take(relation("old", {"id", "email"}), numbered({1, 2}), source),
                    base::Error);
    auto facts = numbered({1, 2});
    columns.take(relation("old", {"id", "mail"}), facts, source);
    facts[1].other_names = {"email"};
    CHECK_THROWS_AS(columns.take(relation("old", {"id", "mail"}), facts, source), base::Error);
}
