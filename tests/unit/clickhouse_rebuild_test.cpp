#include "clickhouse/rebuild.hpp"

#include "support.hpp"

using namespace cdc;
using namespace cdc::clickhouse;

namespace {

const event::Order kOrder = *event::Order::parse("00010000000000000000000000000000");

} // namespace

TEST_CASE("the new table stands beside the old one, under its own name and mark") {
    const Target target{"orders"};
    const Target side = rebuild_target(target);
    CHECK(side.name == "orders");
    CHECK(side.view == "orders");
    CHECK(side.raw == "orders_raw_rebuild");
    CHECK(side.stored == side.raw);
    CHECK(exchange_sql(target) == "EXCHANGE TABLES `orders_raw` AND `orders_raw_rebuild`");

    const std::string mark = rebuild_mark(kOrder, "7");
    CHECK(mark == "cdc-load --rebuild 00010000000000000000000000000000 7");
    CHECK(is_rebuild_mark(mark));
    CHECK_FALSE(is_rebuild_mark(""));
    CHECK_FALSE(is_rebuild_mark("orders of the shop"));
    CHECK(rebuild_row("orders", kOrder, mark).item == "rebuild");
}

TEST_CASE("a copy takes the columns that both tables have, and none that does not fit") {
    const std::vector<ExistingColumn> old{
        {"id", "Int64"}, {"gone", "String"}, {"_version", "UInt128"}};
    const std::vector<ExistingColumn> fresh{
        {"id", "Int32"}, {"more", "String"}, {"_version", "UInt128"}};
    CHECK(copy_sql("t_raw", old, "t_raw_rebuild", fresh, Layout{}, kOrder, {}) ==
          "INSERT INTO `t_raw_rebuild` (`id`, `_version`) SELECT accurateCast(`id`, 'Int32'), "
          "`_version` FROM `t_raw` WHERE _version >= "
          "toUInt128('5192296858534827628530496329220096')");
    CHECK(copy_sql("a", fresh, "b", fresh, Layout{}, kOrder, {"all_1_1_0", "all_2_2_0"})
              .ends_with(" AND _part NOT IN ('all_1_1_0', 'all_2_2_0')"));
}
