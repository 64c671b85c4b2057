#include "cdc-capture/postgres_unseen.hpp"
#include "pgoutput_bytes.hpp"

#include <doctest/doctest.h>

using namespace cdc::capture;
using cdc::event::Facts;
using cdc::event::LeafFacts;
using cdc::event::TableFilter;
using cdc::postgres::FactsLook;
using cdc::postgres::Look;
namespace bytes = pgoutput_bytes;

namespace {

Facts table(std::uint32_t oid, const char* name, const std::vector<std::uint32_t>& leaves) {
    Facts facts;
    facts.schema = "public";
    facts.table = name;
    facts.oid = oid;
    for (const std::uint32_t leaf : leaves) {
        facts.leaves.emplace_back().oid = leaf;
    }
    return facts;
}

Look look(std::vector<Facts> tables, const char* next = "1000",
          std::vector<std::string> open = {"699", "4294967995"}) {
    auto facts = std::make_shared<FactsLook>();
    facts->tables = std::move(tables);
    Look out;
    out.moment.next = next;
    out.moment.open = std::move(open);
    out.facts = std::move(facts);
    return out;
}

const TableFilter kAll{{}, {}};

/// Rows of root 10 in partitions 11 and 12, and of table 20, by transaction 700.
struct Rows {
    explicit Rows(const FactsLook* shown = nullptr, const TableFilter& filter = kAll)
        : unseen{filter} {
        for (const std::uint32_t leaf : {11U, 12U}) {
            take(bytes::relation(10, "public", "root", 'd', {{"id"}}), shown);
            take(bytes::relation(leaf, "public", "leaf", 'd', {{"id"}}), shown);
            take(bytes::insert(10, {"t1"}), shown);
        }
        take(bytes::relation(20, "public", "plain", 'd', {{"id"}}), shown);
        take(bytes::insert(20, {"t1"}), shown);
        take(bytes::insert(10, {"t2"}), shown);
    }
    void take(const std::string& message, const FactsLook* shown) {
        unseen.take(decoder.decode(message), "700", shown);
    }

    cdc::postgres::pgoutput::Decoder decoder;
    Unseen unseen;
};

} // namespace

TEST_CASE("a look that shows all tables and partitions settles them") {
    Rows rows;
    const auto missing =
        rows.unseen.settle(look({table(10, "root", {10, 11, 12, 13}), table(20, "plain", {20})}));
    CHECK(missing.gone.empty());
    CHECK(missing.lost.empty());
    CHECK(rows.unseen.empty());
}

TEST_CASE("a partition and a table that the look does not show are missing") {
    Rows rows;
    const auto missing = rows.unseen.settle(look({table(10, "root", {10, 12})}));
    REQUIRE(missing.gone.size() == 1);
    CHECK(missing.gone[0].oid == 20);
    CHECK(missing.gone[0].table == "plain");
    CHECK(missing.lost == decltype(missing.lost){{10, {11}}});
    CHECK(rows.unseen.empty());
}

TEST_CASE("what the look could not see yet waits for the next one") {
    Rows rows;
    CHECK(rows.unseen.settle(look({}, "700")).gone.empty());
    CHECK(rows.unseen.settle(look({}, "900", {"4294967996"})).gone.empty()); // 2^32 + 700
    CHECK_FALSE(rows.unseen.empty());
    CHECK(rows.unseen.settle(look({}, "701")).gone.size() == 2);
}

TEST_CASE("what was shown before, and what is not captured, is left to the facts") {
    const Look shown = look({table(10, "root", {10, 11, 12}), table(20, "plain", {20})});
    CHECK(Rows{shown.facts.get()}.unseen.empty());
    const TableFilter other{{"public.other"}, {}};
    Rows rows{nullptr, other};
    const auto missing = rows.unseen.settle(look({}));
    CHECK(missing.gone.empty());
    CHECK(missing.lost.empty());
    CHECK(rows.unseen.empty());
}

TEST_CASE("a partition that is a table now, or the other way round, has rows of another name") {
    Rows rows;
    auto missing =
        rows.unseen.settle(look({table(10, "root", {10, 12, 20}), table(11, "leaf", {11})}));
    CHECK(missing.lost == decltype(missing.lost){{10, {11, 20}}, {11, {11}}});
    REQUIRE(missing.gone.size() == 1);
    CHECK(missing.gone[0].oid == 20);
}

TEST_CASE("a table that has its name again, or a captured one, has rows under the other name") {
    using Lost = std::map<std::uint32_t, std::vector<std::uint32_t>>;
    const Look shown = look({table(20, "plain", {20})});
    const auto change = [](Unseen& unseen, const char* name, const FactsLook* known) {
        cdc::postgres::pgoutput::Decoder decoder;
        unseen.take(decoder.decode(bytes::relation(20, "public", name, 'd', {{"id"}})), "700",
                    known);
        unseen.take(decoder.decode(bytes::insert(20, {"t1"})), "700", known);
    };
    Unseen unseen{kAll};
    SUBCASE("of a known table") {
        change(unseen, "plain", shown.facts.get());
        CHECK(unseen.empty());
        change(unseen, "lent", shown.facts.get());
        change(unseen, "plain", shown.facts.get());
        CHECK(unseen.settle(look({table(20, "plain", {20})}, "700")).lost.empty());
        CHECK(unseen.settle(look({table(20, "plain", {20})})).lost == Lost{{20, {20}}});
        CHECK(unseen.empty());
    }
    SUBCASE("through a checkpoint, of a table that no look has shown") {
        change(unseen, "lent", nullptr);
        change(unseen, "plain", nullptr);
        Unseen next{kAll};
        next.restore(unseen.json());
        CHECK(next.settle(look({table(20, "plain", {20})})).lost == Lost{{20, {20}}});
    }
    SUBCASE("by a name that is not captured") {
        const TableFilter other{{}, {"lent"}};
        Unseen filtered{other};
        change(filtered, "lent", nullptr);
        CHECK(filtered.settle(look({table(20, "plain", {20})})).lost == Lost{{20, {20}}});
    }
    SUBCASE("that the look shows") {
        change(unseen, "plain", nullptr);
        change(unseen, "renamed", shown.facts.get());
        CHECK(unseen.settle(look({table(20, "renamed", {20})}, "700")).lost.empty());
    }
}

TEST_CASE("another table under the name is judged by its own facts") {
    Rows rows;
    const auto missing =
        rows.unseen.settle(look({table(10, "root", {10, 11, 12}), table(30, "plain", {30})}));
    CHECK(missing.gone.empty());
}

TEST_CASE("a truncated table is one of which lines came") {
    Unseen unseen{kAll};
    cdc::postgres::pgoutput::Decoder decoder;
    unseen.take(decoder.decode(bytes::relation(20, "public", "plain", 'd', {{"id"}})), "700",
                nullptr);
    unseen.take(decoder.decode(bytes::truncate({20})), "700", nullptr);
    CHECK_FALSE(unseen.empty());
}

TEST_CASE("a checkpoint carries them to the next run") {
    Rows rows;
    Unseen next{kAll};
    next.restore(rows.unseen.json());
    const auto missing = next.settle(look({table(10, "root", {10, 12})}));
    REQUIRE(missing.gone.size() == 1);
    CHECK(missing.gone[0].schema == "public");
    CHECK(missing.gone[0].table == "plain");
    CHECK(missing.lost == decltype(missing.lost){{10, {11}}});
}

TEST_CASE("a table whose name the stream has given to another one since the look is replaced") {
    FactsLook before;
    before.tables = {table(10, "root", {10}), table(20, "plain", {20})};
    Rows rows{&before};
    rows.take(bytes::relation(21, "public", "plain", 'd', {{"id"}}), &before);
    const Facts old = table(20, "plain", {20});
    const Facts now = table(21, "plain", {21});
    const auto renamed = [&] {
        Facts facts = old;
        facts.table = "elsewhere";
        return facts;
    }();
    SUBCASE("the look could not see it") {
        const auto blind = look(before.tables, "1000", {"700"});
        const auto missing = rows.unseen.settle(blind);
        CHECK(missing.gone.empty());
        CHECK(rows.unseen.is_replaced(old));
        CHECK_FALSE(rows.unseen.is_replaced(now));
        CHECK_FALSE(rows.unseen.is_replaced(renamed));
        CHECK_FALSE(rows.unseen.is_replaced(table(10, "root", {10})));
        rows.unseen.settle(look({now}));
        CHECK_FALSE(rows.unseen.is_replaced(old));
    }
    SUBCASE("the look could") {
        rows.unseen.settle(look({table(10, "root", {10}), now}));
        CHECK_FALSE(rows.unseen.is_replaced(old));
    }
    SUBCASE("the first table has its name again") {
        rows.take(bytes::relation(20, "public", "plain", 'd', {{"id"}}), &before);
        rows.unseen.settle(look(before.tables, "1000", {"700"}));
        CHECK_FALSE(rows.unseen.is_replaced(old));
        CHECK_FALSE(rows.unseen.is_replaced(now));
    }
}
