#include "base/terminal.hpp"
#include "base/time.hpp"
#include "cdc-lag/collect.hpp"
#include "cdc-lag/kafka_hops.hpp"
#include "cdc-lag/render.hpp"
#include "cdc-lag/stage_part.hpp"
#include "cdc-lag/watch.hpp"
#include "cli/read_figures.hpp"
#include "mysql/gtid_set.hpp"
#include "mysql/lag_source.hpp"
#include "postgres/lag_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

using namespace cdc;
using lag::Hop;
using lag::Verdict;

namespace {

Hop hop(const char* name) {
    Hop hop;
    hop.kind = "slot";
    hop.name = name;
    return hop;
}

Verdict verdict(const std::vector<Hop>& hops, const lag::Limits& limits) {
    std::vector<std::string> reasons;
    const Verdict result = lag::judge(hops, limits, reasons);
    CHECK((result == Verdict::within) == reasons.empty());
    return result;
}

event::Checkpoint checkpoint(const char* position, std::int64_t commit_ms, std::int64_t made_ms) {
    event::Checkpoint checkpoint;
    checkpoint.kind = "postgres";
    checkpoint.server = "77";
    checkpoint.slot = "orders";
    checkpoint.position = position;
    checkpoint.commit_ts_ms = commit_ms;
    checkpoint.ts_ms = made_ms;
    return checkpoint;
}

} // namespace

TEST_CASE("a hop at its limit is within, one above it is beyond") {
    Hop slot = hop("a");
    slot.bytes = 100;
    slot.ms = 5000;
    CHECK(verdict({slot}, {100, 5000, {}}) == Verdict::within);
    CHECK(verdict({slot}, {99, 5000, {}}) == Verdict::beyond);
    CHECK(verdict({slot}, {100, 4999, {}}) == Verdict::beyond);
}

TEST_CASE("unknown is neither within nor beyond") {
    Hop unknown = hop("a");
    unknown.unknown = "cannot connect";
    CHECK(verdict({unknown}, {}) == Verdict::unknown);
    CHECK(verdict({}, {}) == Verdict::unknown);
    Hop silent = hop("b"); // told, but without the figure that the limit is about
    CHECK(verdict({silent}, {}) == Verdict::within);
    CHECK(verdict({silent}, {1, {}, {}}) == Verdict::unknown);
    CHECK(verdict({silent}, {{}, 1, {}}) == Verdict::unknown);
    Hop late = hop("c");
    late.bytes = 10;
    CHECK(verdict({unknown, late}, {1, {}, {}}) == Verdict::beyond);
}

TEST_CASE("a lost slot is beyond without any limit, little room only with one") {
    Hop lost = hop("a");
    lost.broken = "the slot is lost";
    CHECK(verdict({lost}, {}) == Verdict::beyond);
    Hop narrow = hop("b");
    narrow.safe_bytes = -5;
    CHECK(verdict({narrow}, {}) == Verdict::within);
    CHECK(verdict({narrow}, {{}, {}, 1}) == Verdict::beyond);
}

TEST_CASE("a checkpoint at the end of the log is not behind, however old") {
    Hop at_end = hop("a");
    lag::describe_checkpoint(at_end, checkpoint("0/100", 1000, 2000),
                             postgres::distance(checkpoint("0/100", 1000, 2000),
                                                postgres::LagView{"77", "db", 0x100, {}}),
                             900'000);
    CHECK(at_end.bytes == 0U);
    CHECK(at_end.ms == 0);
}

TEST_CASE("a checkpoint behind the end is as late as its last commit, or its heartbeat") {
    const event::Checkpoint behind = checkpoint("0/100", 1000, 8000);
    Hop busy = hop("a");
    lag::describe_checkpoint(
        busy, behind, postgres::distance(behind, postgres::LagView{"77", "db", 0x180, {}}), 10'000);
    CHECK(busy.bytes == 0x80U);
    CHECK(busy.ms == 9000);
    Hop waiting = hop("b");
    lag::describe_checkpoint(
        waiting, behind,
        postgres::distance(behind, postgres::LagView{"77", "db", 0x180, {"orders"}}), 10'000);
    CHECK(waiting.ms == 2000);
    Hop never = hop("c");
    lag::describe_checkpoint(never, checkpoint("0/100", 0, 0), std::nullopt, 10'000);
    CHECK_FALSE(never.bytes);
    CHECK_FALSE(never.ms);
    REQUIRE(never.details.size() == 2);
    for (const auto& detail : never.details) { // ages that nobody knows
        CAPTURE(detail.first);
        CHECK(detail.second.is_null());
    }
}

TEST_CASE("a slot whose time the server does not tell has no time, and never 0") {
    postgres::NamedSlot slot;
    slot.name = "orders";
    slot.state.confirmed = 0x100;
    slot.state.restart = 0x80;
    Hop behind = postgres::slot_hop(slot, 0x180);
    CHECK(behind.bytes == 0x80U);
    CHECK_FALSE(behind.ms.has_value());
    CHECK(lag::render_json({behind}, Verdict::within, {}, 5).find("\"seconds\":null") !=
          std::string::npos);
    CHECK(verdict({behind}, {{}, 1000, {}}) == Verdict::unknown);
    slot.lag_ms = 1500;
    CHECK(postgres::slot_hop(slot, 0x180).ms == 1500);
    CHECK(postgres::slot_hop(slot, 0x100).ms == 0);
    slot.state.confirmed = 0;
    CHECK_FALSE(postgres::slot_hop(slot, 0x180).bytes.has_value());
    CHECK_FALSE(postgres::slot_hop(slot, 0x180).ms.has_value());
}

TEST_CASE("a checkpoint of another server has no lag against this one") {
    Hop other = hop("a");
    lag::describe_checkpoint(other, checkpoint("0/100", 1000, 1000),
                             postgres::distance(checkpoint("0/100", 1000, 1000),
                                                postgres::LagView{"78", "db", 0x100, {}}),
                             2000);
    CHECK_FALSE(other.bytes);
    CHECK_FALSE(other.unknown.empty());
}

TEST_CASE("unknown is '-' in the table, null in JSON, absent for Prometheus") {
    Hop slot = hop("a");
    slot.details = {{"wal_status", nullptr}, {"retained_bytes", 7}, {"active", false}};
    CHECK(lag::render_table({slot}) ==
          "HOP   NAME  POSITION  BYTES  EVENTS  SECONDS  DETAILS\n"
          "slot  a     -             -       -        -  wal_status=-  retained_bytes=7  "
          "active=false\n");
    const std::string json = lag::render_json({slot}, Verdict::within, {}, 5);
    CHECK(json.find("\"bytes\":null,\"events\":null,\"seconds\":null") != std::string::npos);
    const std::string metrics = lag::render_prometheus({slot}, Verdict::within, 5);
    CHECK(metrics.find("cdc_lag_bytes") == std::string::npos);
    CHECK(metrics.find("wal_status") == std::string::npos);
    CHECK(metrics.find("cdc_slot_retained_bytes{kind=\"slot\",name=\"a\"} 7\n") !=
          std::string::npos);
    CHECK(metrics.find("cdc_slot_active{kind=\"slot\",name=\"a\"} 0\n") != std::string::npos);
}

TEST_CASE("sizes and seconds for people") {
    CHECK(lag::size_text(1023) == "1023B");
    CHECK(lag::size_text(1536) == "1.50kB");
    CHECK(lag::size_text(std::uint64_t{64} << 20) == "64.0MB");
    CHECK(lag::time_text(0) == "0s");
    CHECK(lag::time_text(250) == "0.2s");
    CHECK(lag::time_text(59'900) == "59s");
    CHECK(lag::time_text(547'000) == "9m 7s");
    CHECK(lag::time_text(7'500'000) == "2h 5m");
    CHECK(lag::time_text(273'600'000) == "3d 4h");
    CHECK(lag::seconds_text(12000) == "12");
    CHECK(lag::seconds_text(250) == "0.25");
}

TEST_CASE("no field of the table has a space in it, and CSV has exact numbers") {
    Hop partition = hop("g orders:1");
    partition.kind = "partition";
    partition.bytes = 1536;
    partition.events = 3;
    partition.ms = 250;
    partition.details = {{"first", 7}, {"note", "a, \"b\""}};
    Hop silent = hop("b");
    silent.unknown = "cannot connect, at all";
    const std::string table = lag::render_table({partition, silent});
    CHECK(table.find("\npartition  g/orders:1  -         1.50kB       3     0.25  first=7") !=
          std::string::npos);
    CHECK(table.find("cannot connect") == std::string::npos); // said once, on stderr
    CHECK(lag::render_csv({partition, silent}) ==
          "kind,name,position,bytes,events,seconds,problem,details\n"
          "partition,g orders:1,,1536,3,0.25,,"
          "\"{\"\"first\"\":7,\"\"note\"\":\"\"a, \\\"\"b\\\"\"\"\"}\"\n"
          "slot,b,,,,,\"cannot connect, at all\",\n");
}

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

Hop stage(const char* tool, std::uint64_t passed) {
    return lag::stage_hop("127.0.0.1:9471",
                          {{fmt::format("cdc_{}_rows_total", tool), static_cast<double>(passed)},
                           {fmt::format("cdc_{}_behind_seconds", tool), 0.5}});
}

} // namespace

TEST_CASE("the screen of --watch: hops as changes pass them, rates, curves, within the terminal") {
    lag::Watch watch;
    Hop target = hop("well");
    target.kind = "target";
    target.ms = 500;
    Hop late = hop("late");
    late.ms = 547'000;
    late.bytes = 1536;
    late.passed = 1'000'000;
    Hop lost = hop("a slot with a name that is longer than any terminal of this world is wide");
    lost.broken = "the slot is lost";
    const lag::Limits limits{{}, 60'000, {}};
    const auto at = [&](std::int64_t ms) {
        return std::vector<lag::Seen>{{stage("load", static_cast<std::uint64_t>(ms) * 3), 3, ms, 0},
                                      {target, 2, ms, 0},
                                      {late, 0, ms, 0},
                                      {lost, 1, ms, 0}};
    };
    watch.remember(at(1000));
    late.ms = 270'000;
    late.passed = 1'000'000 + 2 * 2048;
    watch.remember(at(3000));
    const std::string text = watch.screen(at(3000), limits, Verdict::beyond, 0, {80, 24});
    const std::vector<std::string> lines = lines_of(text);
    for (const std::string& line : lines) {
        CHECK(base::cut_to_width(line, 80) == line);
    }
    REQUIRE(lines.size() == 8);
    CHECK(lines[2].find("!slot       late ") == 0);
    CHECK(lines[2].find("4m 30s    1.50kB  2.00kB/s  █▄") != std::string::npos);
    CHECK(lines[3] == "  270 s behind, more than 60 s");
    CHECK(lines[4].find("!slot       a slot with") == 0);
    CHECK(lines[5] == "  the slot is lost");
    CHECK(lines[6].find(" load       127.0.0.1:9471 ") == 0);
    CHECK(lines[6].find("3000/s") != std::string::npos);
    CHECK(lines[7].find(" target     well ") == 0);
}

TEST_CASE("a screen that is too small keeps what is not well") {
    const lag::Watch watch;
    Hop lost = hop("z");
    lost.kind = "target";
    lost.broken = "the slot is lost";
    std::vector<lag::Seen> seen;
    for (const char* name : {"a", "b", "c", "d"}) {
        seen.push_back({hop(name), 0, 1, 0});
    }
    seen.push_back({lost, 1, 1, 0});
    const auto lines = lines_of(watch.screen(seen, {}, Verdict::beyond, 0, {40, 7}));
    REQUIRE(lines.size() == 6);
    CHECK(lines[2].find(" slot       a") == 0);
    CHECK(lines[3].find("!target     z") == 0);
    CHECK(lines[4] == "  the slot is lost");
    CHECK(lines[5] == " and 3 more");
}

TEST_CASE("a part that does not answer is told on the screen, once, with the age of its figures") {
    lag::Watch watch;
    const std::int64_t now = base::steady_ms();
    Hop silent = hop("kafka");
    silent.kind = "kafka";
    silent.unknown = "no answer for 2s";
    const std::vector<lag::Seen> seen{
        {hop("a"), 0, now - 12'000, 7000}, {hop("b"), 0, now - 12'000, 7000}, {silent, 1, 0, 2000}};
    watch.remember(seen);
    const std::string text = watch.screen(seen, {}, Verdict::unknown, 0, {80, 24});
    const auto lines = lines_of(text);
    REQUIRE(lines.size() == 7);
    CHECK(lines[3] == "  no answer for 7s; these figures are 12s old");
    CHECK(lines[4].find(" slot       b") == 0);
    CHECK(lines[6] == "  no answer for 2s");
}

TEST_CASE("a tool's own figures are a hop") {
    const Hop load = stage("load", 77);
    CHECK(load.ms == 500);
    CHECK(load.passed == 77U);
    CHECK(lag::stage_tool(load) == "load");
    CHECK(lag::stage_hop("x", {{"node_load1", 1.0}}).unknown ==
          "these are not the figures of a tool");
    const auto figures = cli::parse_figures("# HELP a b\n# TYPE a counter\na 1.5\n"
                                            "b{table=\"t\"} 2\nc 3\nnot a number\n\nd 1e9");
    CHECK(figures == std::map<std::string, double>{{"a", 1.5}, {"c", 3}, {"d", 1e9}});
}

TEST_CASE("a checkpoint of another database is noticed") {
    event::Checkpoint other = checkpoint("0/100", 1000, 1000);
    other.database = "shop";
    Hop hop_of_other = hop("a");
    lag::describe_checkpoint(hop_of_other, other,
                             postgres::distance(other, postgres::LagView{"77", "db", 0x180, {}}),
                             2000);
    CHECK_FALSE(hop_of_other.bytes);
    CHECK(hop_of_other.unknown == "belongs to database 'shop', not to 'db' of --source");
}

TEST_CASE("a binary log is measured over its files, from the position to the end") {
    const mysql::LagView view{"mysql",
                              "u",
                              {{"b.000004", 500}, "00000000-0000-0000-0000-000000000001:1-9"},
                              {{"b.000002", 1000}, {"b.000003", 2000}, {"b.000004", 500}}};
    event::Checkpoint behind = checkpoint("b.000002:900", 1000, 1000);
    behind.kind = "mysql";
    behind.server = "u";
    behind.extra["gtids"] = "00000000-0000-0000-0000-000000000001:1-4:6";
    const source::LogDistance distance = mysql::distance(behind, view);
    CHECK(distance.bytes == 100U + 2000 + 500);
    CHECK(distance.safe_bytes == 900);
    CHECK_FALSE(distance.at_end);
    REQUIRE(distance.details.size() == 2);
    CHECK(distance.details[0].second == 4); // 5, 7, 8, 9
    CHECK(distance.details[1].second == 900);

    behind.position = "b.000004:400"; // a file in use is never removed
    behind.extra["gtids"] = "00000000-0000-0000-0000-000000000001:1-9";
    CHECK(mysql::distance(behind, view).bytes == 100U);
    CHECK(mysql::distance(behind, view).at_end);
    CHECK_FALSE(mysql::distance(behind, view).safe_bytes);

    behind.extra.erase("gtids");
    CHECK(mysql::distance(behind, view).details[0].second.is_null());
}

TEST_CASE("a position that the binary log does not hold is lost, whatever the limits") {
    const mysql::LagView view{
        "mariadb", "u", {{"b.000004", 500}, ""}, {{"b.000003", 2000}, {"b.000004", 500}}};
    event::Checkpoint lost = checkpoint("b.000002:900", 1000, 1000);
    lost.kind = "mariadb";
    lost.server = "u";
    CHECK(mysql::distance(lost, view).broken.find("the oldest that it keeps is b.000003:4") !=
          std::string::npos);
    CHECK_FALSE(mysql::distance(lost, view).bytes);
    for (const char* position : {"b.000004:501", "b.000005:4", "c.000004:4"}) {
        CAPTURE(position);
        lost.position = position;
        CHECK_FALSE(mysql::distance(lost, view).broken.empty());
    }
    lost.position = "0/16B3748";
    CHECK_FALSE(mysql::distance(lost, view).unknown.empty());
    lost.server = "v";
    CHECK(mysql::distance(lost, view).unknown ==
          "belongs to mariadb 'v', not to the server of --source");
}

TEST_CASE("transactions of MariaDB are counted domain by domain") {
    const mysql::MariadbGtidList end{"0-1-7,1-2-40"};
    CHECK(end.count_after(mysql::MariadbGtidList{"0-9-5,1-2-40"}) == 2);
    CHECK(end.count_after(mysql::MariadbGtidList{"0-1-9"}) == 40);
}

TEST_CASE("messages run from the commit or the first record kept to the end") {
    kafka::PartitionLag lag{{"t", 0}, {}, {}, {}, {}};
    const auto count = [&](std::optional<std::int64_t> committed,
                           std::optional<kafka::Bounds> bounds) {
        lag.committed = committed;
        lag.bounds = bounds;
        lag.messages.reset();
        kafka::count_messages(lag);
        return lag.messages;
    };
    CHECK(count(7, kafka::Bounds{0, 10}) == 3U);
    CHECK(count(10, kafka::Bounds{0, 10}) == 0U);
    CHECK(count(2, kafka::Bounds{5, 10}) == 5U);
    CHECK(count(11, kafka::Bounds{0, 10}) == 0U);
    CHECK_FALSE(count({}, kafka::Bounds{0, 10}).has_value()); // not the whole topic
    CHECK(count({}, kafka::Bounds{4, 4}) == 0U);
    CHECK_FALSE(count(7, {}).has_value());
}

TEST_CASE("a group knows only what each of its partitions tells") {
    kafka::GroupLag group{"Stable", 1, {}};
    group.partitions.push_back({{"t", 0}, 5, kafka::Bounds{0, 9}, 4U, 1000});
    group.partitions.push_back({{"t", 1}, 3, kafka::Bounds{0, 3}, 0U, {}});
    std::vector<Hop> hops;
    lag::add_group(hops, "g", group, 4000);
    REQUIRE(hops.size() == 3);
    CHECK(hops[0].events == 4U);
    CHECK(hops[0].ms == 3000);
    CHECK(hops[2].name == "g t:1");
    CHECK(hops[2].ms == 0);

    group.partitions.push_back({{"t", 2}, {}, kafka::Bounds{0, 3}, {}, {}});
    hops.clear();
    lag::add_group(hops, "g", group, 4000);
    CHECK_FALSE(hops[0].events.has_value());
    CHECK_FALSE(hops[0].ms.has_value());
    CHECK(verdict(hops, {}) == Verdict::unknown);
}

TEST_CASE("a group that missed records, or stands behind the end, is beyond whatever the limits") {
    kafka::GroupLag group{"Empty", 0, {}};
    group.partitions.push_back({{"t", 0}, 5, kafka::Bounds{8, 9}, 1U, 1000});
    std::vector<Hop> hops;
    lag::add_group(hops, "g", group, 4000);
    CHECK(verdict(hops, {}) == Verdict::beyond);
    CHECK(hops[1].broken == "offsets 5 to 7 are gone, and the group never read them");
    group.partitions[0].bounds = kafka::Bounds{0, 4};
    hops.clear();
    lag::add_group(hops, "g", group, 4000);
    CHECK(verdict(hops, {}) == Verdict::beyond);
}
