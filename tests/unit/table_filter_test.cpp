#include "event/table_filter.hpp"

#include "support.hpp"

using cdc::event::TableFilter;

TEST_CASE("no pattern means every table") {
    CHECK(TableFilter{{}, {}}.matches("s", "t"));
    CHECK(TableFilter{{}, {}}.matches_all());
}

TEST_CASE("patterns are shell globs over schema and table") {
    const TableFilter filter{{"public.*", "sales.order?", "audit_[0-9]"}, {"*.tmp_*", "public.x"}};
    CHECK(filter.matches("public", "orders"));
    CHECK(filter.matches("sales", "orders"));
    CHECK_FALSE(filter.matches("sales", "orderlines"));
    CHECK(filter.matches("anything", "audit_3"));
    CHECK_FALSE(filter.matches("anything", "audit_x"));
    CHECK_FALSE(filter.matches("public", "tmp_1"));
    CHECK_FALSE(filter.matches("public", "x"));
}

TEST_CASE("several patterns may stand in one text") {
    const TableFilter filter{{"a.b,c.d"}, {}};
    CHECK(filter.matches("a", "b"));
    CHECK(filter.matches("c", "d"));
    CHECK_FALSE(filter.matches("a", "d"));
}

TEST_CASE("quoted parts are literal") {
    const TableFilter filter{{R"(public."odd.na*me""")"}, {}};
    CHECK(filter.matches("public", "odd.na*me\""));
    CHECK_FALSE(filter.matches("public", "odd.naXme\""));
}

TEST_CASE("broken patterns are wrong usage") {
    CHECK_FAILS((TableFilter{{"a.b.c"}, {}}), usage, "more than one dot");
    CHECK_FAILS((TableFilter{{"a."}, {}}), usage, "empty name");
    CHECK_FAILS((TableFilter{{""}, {}}), usage, "empty name");
    CHECK_FAILS((TableFilter{{R"("open)"}, {}}), usage, "closing");
}
