#include "base/error.hpp"
#include "cdc-verify/compare.hpp"
#include "cdc-verify/lineage.hpp"
#include "cdc-verify/postgres_lineage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

// Both sides are scripted: each reading takes the next state, the last one stays. So it is the test
// that says when a row moves, and not the machine.

using namespace cdc;
using verify::Difference;
using verify::Row;
using verify::Rows;
using verify::Selection;
using verify::Table;

namespace {

/// The image of a row of one column.
std::string image(std::string_view text) {
    std::string out;
    verify::append_image(out, {text});
    return out;
}

using State = std::map<std::string, int>; // how often each row is there; with key: its value

struct Script {
    std::deque<State> states;
    int readings = 0;

    State next() {
        ++readings;
        State state = states.front();
        if (states.size() > 1) {
            states.pop_front();
        }
        return state;
    }
};

Rows rows_of(const Table& table, const State& state) {
    Rows rows;
    for (const auto& [text, number] : state) {
        if (table.keyed()) {
            rows[image(text)] = {std::to_string(number), 1};
        } else if (number > 0) {
            rows[image(text)] = {"", static_cast<std::uint64_t>(number)};
        }
    }
    return rows;
}

void add_sums(const Table& table, const State& state, verify::Buckets& out) {
    for (const auto& [key, row] : rows_of(table, state)) {
        verify::Bucket& bucket = out[base::xxh64(key) % out.size()];
        bucket.count += row.count;
        bucket.sum += base::xxh64(key + row.value) * row.count;
    }
}

struct FakeSource : verify::SourceSide {
    Script script;
    std::deque<postgres::Lsn> ends{100}; ///< of the log; each look takes the next
    bool standby = false;
    std::optional<State> exact; ///< rows at a position

    void sums(const Table& table, const Selection&, int, int, verify::Buckets& out) override {
        add_sums(table, script.next(), out);
    }
    Rows rows(const Table& table, const Selection&) override {
        return rows_of(table, script.next());
    }
    std::uint64_t count(const Table& table) override {
        return rows_of(table, script.next()).size();
    }
    std::optional<verify::RowsAtPosition> rows_at_position(const Table& table, const Selection&,
                                                           std::int64_t) override {
        if (!exact) {
            return std::nullopt;
        }
        return verify::RowsAtPosition{rows_of(table, *exact), 100, event::Order::make(1, 100, 0)};
    }
    postgres::Lsn position_after() override { return insert_position(); }
    postgres::Lsn insert_position() override {
        const postgres::Lsn end = ends.front();
        if (ends.size() > 1) {
            ends.pop_front();
        }
        return end;
    }
    bool is_standby() const override { return standby; }
};

struct FakeTarget : verify::TargetSide {
    Script script;
    State exact;
    event::Order version; ///< of each row

    void sums(const Table& table, const Selection&, verify::Buckets& out) override {
        add_sums(table, script.next(), out);
    }
    Rows rows(const Table& table, const Selection& selection) override {
        return rows_of(table, selection.up_to ? exact : script.next());
    }
    std::uint64_t count(const Table& table) override {
        return rows_of(table, script.next()).size();
    }
    event::Order barrier(const Table&) override { return {}; }
    std::vector<event::Order> versions_above(const Table&, const std::vector<std::string>&,
                                             event::Order order) override {
        return version > order ? std::vector{version} : std::vector<event::Order>{};
    }
};

struct FakePosition : verify::TargetPosition {
    std::optional<postgres::Lsn> reached = 1000;
    std::string text;
    std::optional<postgres::Lsn> now() override { return reached; }
    bool wait(postgres::Lsn lsn, std::int64_t) override { return reached && *reached >= lsn; }
    const std::string& why() const override { return text; }
};

struct Bed {
    verify::Options options;
    FakeSource source;
    FakeTarget target;
    FakePosition position;
    verify::Activity activity;
    Table table;

    explicit Bed(bool keyed, std::deque<State> ours, std::deque<State> theirs) {
        options.settle_ms = 60'000; // nothing of this waits so long
        source.script.states = std::move(ours);
        target.script.states = std::move(theirs);
        table.columns.emplace_back();
        table.columns[0].name = "c";
        if (keyed) {
            table.columns[0].key = true;
            table.key = {0};
        }
    }
    verify::Recheck::Outcome recheck(const std::vector<std::string>& keys) {
        std::vector<std::string> images;
        for (const std::string& key : keys) {
            images.push_back(image(key));
        }
        Selection group;
        group.bucket_bits = 10;
        return verify::Recheck{options, source, target, position, activity}.run(table, group,
                                                                                images);
    }
    verify::TableReport compare() {
        verify::TableReport report;
        options.show = 0;
        verify::Comparer{options, {&source}, target, position, activity, {}}.compare(table, report);
        return report;
    }
};

std::string keys_of(const std::vector<Difference>& found) {
    std::string out;
    for (const Difference& item : found) {
        out += (out.empty() ? "" : " ") + std::string{verify::split_image(item.key, 1)[0].bytes};
    }
    return out;
}

} // namespace

TEST_CASE("a row that moved while it was looked at again is no difference") {
    // The target was read when it had the update, the source before it: only S' tells.
    Bed bed{true, {{{"a", 1}}, {{"a", 2}}}, {{{"a", 2}}}};
    const auto outcome = bed.recheck({"a"});
    CHECK(keys_of(outcome.found).empty());
    CHECK(outcome.unsettled == 0);
    CHECK(bed.source.script.readings == 3); // S, S', and S of the next turn
}

TEST_CASE("a row that moves again and again settles in the turn in which it rests") {
    Bed bed{true,
            {{{"a", 1}}, {{"a", 2}}, {{"a", 3}}, {{"a", 4}}, {{"a", 4}}},
            {{{"a", 9}}, {{"a", 8}}, {{"a", 4}}}};
    const auto outcome = bed.recheck({"a"});
    CHECK(keys_of(outcome.found).empty());
    CHECK(outcome.unsettled == 0);
}

TEST_CASE("a row that rested in the source and is another in the target differs") {
    Bed bed{true, {{{"a", 1}, {"b", 1}}}, {{{"a", 2}, {"b", 1}}}};
    CHECK(keys_of(bed.recheck({"a", "b"}).found) == "a");
    Bed missing{true, {{{"a", 1}}}, {{}}};
    CHECK(missing.recheck({"a"}).found.at(0).target.count == 0);
}

TEST_CASE("a row that moves each time is told as not settled") {
    Bed bed{true, {}, {{{"a", 0}}}};
    for (int i = 1; i < 10; ++i) {
        bed.source.script.states.push_back({{"a", i}});
    }
    bed.options.settle_ms = 0;
    const auto outcome = bed.recheck({"a"});
    CHECK(outcome.found.empty());
    CHECK(outcome.unsettled == 1);
}

TEST_CASE("a row that never rests is right where the target has what the source had meanwhile") {
    Bed bed{true, {{{"a", 1}}}, {{{"a", 0}}, {{"a", 2}}}};
    for (int i = 2; i < 10'000; ++i) { // the target is always some readings behind
        bed.source.script.states.push_back({{"a", i}});
    }
    const auto outcome = bed.recheck({"a"});
    CHECK(outcome.found.empty());
    CHECK(outcome.unsettled == 0);
    CHECK(bed.source.script.readings == 3);
}

namespace {

/// A row that moves in the source with each reading, and stands still in the target.
struct StuckBed : Bed {
    explicit StuckBed(event::Order version) : Bed{true, {}, {{{"a", 0}}}} {
        for (int i = 1; i < 10'000; ++i) {
            source.script.states.push_back({{"a", i}});
        }
        options.settle_ms = 50;
        source.exact = State{{"a", 7}};
        target.version = version;
    }
};

} // namespace

TEST_CASE("a row that never rests differs where the target's stands still at one position") {
    using event::Order;
    StuckBed bed{Order::make(1, 90, 1)};
    CHECK(keys_of(bed.recheck({"a"}).found) == "a");
    // A version beyond the log's end cannot come from it.
    StuckBed beyond{Order::make(1, 101, 1)};
    CHECK(keys_of(beyond.recheck({"a"}).found) == "a");
    // The target's row is of a later position: nothing can be said.
    StuckBed later{Order::make(1, 150, 1)};
    later.source.ends = {200};
    const auto outcome = later.recheck({"a"});
    CHECK(outcome.found.empty());
    CHECK(outcome.unsettled == 1);
}

TEST_CASE("without key one equal look is not enough: both have to rest") {
    // One row too many in the target; in the first look one is on its way, so that both have 3.
    Bed bed{false, {{{"x", 3}}, {{"x", 2}}, {{"x", 2}}}, {{{"x", 3}}, {{"x", 3}}}};
    const auto outcome = bed.recheck({"x"});
    REQUIRE(keys_of(outcome.found) == "x");
    CHECK(outcome.found[0].source.count == 2);
    CHECK(outcome.found[0].target.count == 3);
}

TEST_CASE("without key what never rests is compared at one position") {
    Bed bed{false, {{{"x", 3}}, {{"x", 4}}, {{"x", 5}}}, {{{"x", 3}}}};
    bed.source.exact = State{{"x", 4}, {"y", 1}};
    bed.target.exact = State{{"x", 4}, {"z", 1}};
    std::vector<std::string> keys;
    for (const Difference& item : bed.recheck({"x"}).found) {
        keys.push_back(keys_of({item}));
    }
    std::sort(keys.begin(), keys.end());
    CHECK(keys == std::vector<std::string>{"y", "z"});
}

TEST_CASE("without key equal sums of a busy table are looked at again") {
    // The first look is equal by chance; the log moved meanwhile, so it proves nothing.
    Bed bed{false, {{{"x", 3}}, {{"x", 2}}}, {{{"x", 3}}}};
    bed.source.ends = {100, 110, 120};
    CHECK(bed.compare().extra == 1);
}

TEST_CASE("without key equal sums are proven where nothing was written meanwhile") {
    Bed bed{false, {{{"x", 3}}}, {{{"x", 3}}}};
    CHECK(bed.compare().verdict() == verify::Verdict::same);
    CHECK(bed.source.script.readings == 1);
    // The target had not all of it when it was read: again, until it has.
    Bed behind{false, {{{"x", 3}}}, {{{"x", 3}}}};
    behind.source.ends = {100, 110};
    CHECK(behind.compare().verdict() == verify::Verdict::same);
    CHECK(behind.source.script.readings == 2);
}

TEST_CASE("a standby is read again when it has what the target had") {
    // The target is ahead of the standby, which replays the row only later.
    Bed bed{true, {{{"a", 1}}, {{"a", 2}}}, {{{"a", 2}}}};
    bed.source.standby = true;
    bed.source.ends = {100, 900, 1000};
    CHECK(keys_of(bed.recheck({"a"}).found).empty());
    Bed paused{true, {{{"a", 1}}}, {{{"a", 2}}}};
    paused.source.standby = true;
    paused.options.settle_ms = 0;
    const auto outcome = paused.recheck({"a"});
    CHECK(outcome.found.empty());
    CHECK(outcome.unsettled == 1);
}

TEST_CASE("a target that does not get there is told as not settled") {
    Bed bed{true, {{{"a", 1}}}, {{{"a", 2}}}};
    bed.position.reached = 50;
    bed.options.settle_ms = 0;
    CHECK(bed.recheck({"a"}).unsettled == 1);
}

TEST_CASE("a repair is only made from the primary whose log fills the target") {
    using event::Order;
    const auto refuses = [](std::optional<Order> loaded, const postgres::Timelines& timelines,
                            postgres::Lsn end, bool standby = false) {
        try {
            verify::refuse_repair_from(loaded, timelines, end, standby);
            return false;
        } catch (const base::Error& error) {
            return error.code() == base::ExitCode::refused;
        }
    };
    const postgres::Timelines first;
    const postgres::Timelines second{2, "1\t0/500\tpromoted\n"};
    CHECK_FALSE(refuses(Order::make(1, 0x400, 0), first, 0x500));
    CHECK_FALSE(refuses(Order::make(1, 0x400, 0), second, 0x900)); // before the fail-over
    CHECK_FALSE(refuses(Order::make(2, 0x600, 0), second, 0x900));
    CHECK(refuses(Order::make(1, 0x400, 0), first, 0x500, true));
    CHECK(refuses(std::nullopt, first, 0x500));
    CHECK(refuses(Order::make(2, 0x600, 0), first, 0x900));  // demoted
    CHECK(refuses(Order::make(1, 0x600, 0), first, 0x500));  // an older copy
    CHECK(refuses(Order::make(1, 0x600, 0), second, 0x900)); // lost in the fail-over
    CHECK_THROWS(verify::refuse_older_timeline(Order::make(2, 0, 0), Order::make(1, 0x900, 0)));
    CHECK_NOTHROW(verify::refuse_older_timeline(Order::make(1, 0, 0), Order::make(2, 0x900, 0)));
}
