#include "event/line_decoder.hpp"
#include "fake_lookup.hpp"
#include "pgoutput_bytes.hpp"
#include "postgres/change_builder.hpp"
#include "support.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace cdc::postgres;
using namespace pgoutput_bytes;
using cdc::event::LineDecoder;
using cdc::event::TableFilter;

namespace {

constexpr std::int64_t kNow = 1763709000123;

/// Messages in, lines out.
struct Fixture {
    FakeLookup lookup;
    ChangeBuilder builder;
    pgoutput::Decoder decoder;
    std::string out;

    explicit Fixture(const std::vector<std::string>& tables = {}, bool check_utf8 = false,
                     const Timelines& timelines = Timelines{1, ""})
        : Fixture(settings(check_utf8), tables, timelines) {}
    Fixture(ChangeBuilder::Settings settings, const std::vector<std::string>& tables,
            const Timelines& timelines = Timelines{1, ""})
        : builder{std::move(settings), TableFilter{tables, {}}, timelines, lookup} {
        builder.set_time(kNow);
    }
    static ChangeBuilder::Settings settings(bool check_utf8 = false) {
        ChangeBuilder::Settings settings;
        settings.name = "shop";
        settings.database = "inventory";
        settings.check_utf8 = check_utf8;
        return settings;
    }
    void apply(const std::string& bytes, Lsn lsn = 0x1000) {
        builder.apply(decoder.decode(bytes), lsn, out);
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> result;
        std::istringstream in{out};
        for (std::string line; std::getline(in, line);) {
            result.push_back(line);
        }
        return result;
    }
    /// Change lines only.
    std::vector<std::string> changes() const {
        std::vector<std::string> result;
        for (const std::string& line : lines()) {
            if (line.rfind("{\"key\"", 0) == 0) {
                result.push_back(line);
            }
        }
        return result;
    }
};

const std::string kOrders =
    relation(7, "public", "orders", 'd', {{"id", 23, true}, {"n", 23}, {"note", 25}});

std::string order_of(const std::string& line) {
    LineDecoder decoder;
    return decoder.decode(line).source.order.text();
}

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string read_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

TEST_CASE("a recorded stream gives its golden lines") {
    const std::string base = CDC_SOURCE_DIR "/tests/data/pgoutput/operations";
    Fixture f;
    for (const Record& record : parse_recording(read_file(base + ".bin"))) {
        f.apply(record.bytes, record.lsn);
    }
    if (std::getenv("CDC_TEST_REWRITE") != nullptr) {
        std::ofstream{base + ".ndjson", std::ios::binary} << f.out;
    }
    std::istringstream golden{read_file(base + ".ndjson")};
    LineDecoder decoder;
    std::string last_order;
    for (const std::string& line : f.lines()) {
        std::string expected;
        std::getline(golden, expected);
        CHECK(line == expected);
        const auto& decoded = decoder.decode(line);
        const std::string order = decoded.source.order.text();
        if (decoded.kind == cdc::event::LineKind::change) {
            CHECK(order > last_order);
            last_order = order;
        }
    }
    CHECK(golden.peek() == std::char_traits<char>::eof());
}

TEST_CASE("a line is spelled as cdc-event(5) has it") {
    Fixture f;
    f.apply(begin(22069744, 817024200000000 - 0, 733));
    f.apply(kOrders);
    f.apply(insert(7, {"t7", "n", "tx"}), 22069688);
    REQUIRE(f.lines().size() == 2);
    CHECK(f.lines()[1] ==
          R"({"key":{"id":7},"before":null,"after":{"id":7,"n":null,"note":"x"},)"
          R"("source":{"version":")" CDC_VERSION
          R"(","connector":"postgresql","name":"shop","ts_ms":1763709000000,"snapshot":"false",)"
          R"("db":"inventory","sequence":"[\"22069744\",\"22069688\"]","schema":"public",)"
          R"("table":"orders","txId":733,"lsn":22069688,"xmin":null,)"
          R"("order":"000100000000)"
          R"(0150c1f0000000000001"},"op":"c","ts_ms":1763709000123})");
}

TEST_CASE("a table line stands before the first change, and again only for a new shape") {
    Fixture f;
    f.apply(begin(1));
    f.apply(kOrders);
    f.apply(insert(7, {"t1", "n", "n"}));
    f.apply(kOrders); // the server repeats itself
    f.apply(insert(7, {"t2", "n", "n"}));
    f.apply(relation(7, "public", "orders", 'd', {{"id", 23, true}, {"n", 20}, {"note", 25}}));
    f.apply(insert(7, {"t3", "n", "n"}));
    const auto lines = f.lines();
    REQUIRE(lines.size() == 5);
    CHECK(lines[0].rfind("{\"table\"", 0) == 0);
    CHECK(lines[3].rfind("{\"table\"", 0) == 0);
    CHECK(order_of(lines[0]) == order_of(lines[1]));
    CHECK(holds(lines[0], R"("source":{"version":")" CDC_VERSION
                          R"(","connector":"postgresql","name":"shop")"));
    CHECK(!holds(lines[0], "txId"));
}

// Pain 5: no placeholder, no null.
TEST_CASE("an unchanged long value is named, not invented") {
    Fixture f;
    f.apply(begin(1));
    f.apply(kOrders);
    f.apply(update(7, {"t1", "t2", "u"}));
    const std::string line = f.changes().at(0);
    CHECK(holds(line, R"("before":null,"after":{"id":1,"n":2},"unchanged":["note"],"source")"));
    CHECK(holds(line, R"("op":"u")"));
}

TEST_CASE("an old key that did not change is no key change") {
    Fixture f;
    f.apply(begin(1));
    f.apply(relation(7, "public", "t", 'd', {{"id", 25, true}, {"n", 23}}));
    f.apply(update(7, 'K', {"tlong", "n"}, {"u", "t2"}));
    REQUIRE(f.changes().size() == 1);
    CHECK(holds(f.changes()[0],
                R"({"key":{"id":"long"},"before":null,"after":{"id":"long","n":2},"source")"));
}

TEST_CASE("a key change is a delete and a create with two numbers") {
    Fixture f;
    f.lookup.fetched = {{FetchedValue::State::value, "read"}};
    f.apply(begin(1));
    f.apply(kOrders);
    f.apply(update(7, 'K', {"t8", "n", "n"}, {"t9", "t1", "u"}));
    f.apply(insert(7, {"t10", "n", "n"}));
    const auto lines = f.changes();
    REQUIRE(lines.size() == 3);
    CHECK(
        holds(lines[0], R"({"key":{"id":8},"before":{"id":8},"after":null,"key_after":{"id":9},)"));
    CHECK(holds(lines[0], R"("op":"d")"));
    CHECK(holds(
        lines[1],
        R"({"key":{"id":9},"before":null,"after":{"id":9,"n":1,"note":"read"},"key_before":{"id":8},)"));
    CHECK(holds(lines[1], R"("fetched":["note"]},"op":"c")"));
    CHECK(!holds(lines[1], "unchanged"));
    CHECK(f.lookup.fetches == std::vector<std::string>{"7 id=9: note"});
    CHECK(f.lookup.shown != 0); // the row is read when its transaction can be seen
    CHECK(order_of(lines[0]).substr(20) == "000000000001");
    CHECK(order_of(lines[1]).substr(20) == "000000000002");
    CHECK(order_of(lines[2]).substr(20) == "000000000003");
    CHECK(!holds(lines[2], "fetched"));
}

TEST_CASE("a change of any column of the key is a key change") {
    for (const std::size_t changed : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
        CAPTURE(changed);
        Fixture f;
        f.apply(begin(1));
        f.apply(relation(7, "public", "t", 'd',
                         {{"a", 23, true}, {"b", 25, true}, {"c", 23, true}, {"n", 23}}));
        Values now{"t1", "tx", "t3", "t4"};
        now[changed] = "t9";
        f.apply(update(7, 'K', {"t1", "tx", "t3", "n"}, now));
        f.apply(update(7, 'K', {"t1", "tx", "t3", "n"}, {"t1", "tx", "t3", "t5"}));
        const auto lines = f.changes();
        REQUIRE(lines.size() == 3);
        CHECK(holds(lines[0], R"({"key":{"a":1,"b":"x","c":3},)"));
        CHECK(holds(lines[0], R"("op":"d")"));
        CHECK(holds(lines[1], R"("op":"c")"));
        CHECK(holds(lines[2], R"("op":"u")"));
    }
}

// An update that brings a row into the row filter of the publication comes as an insert.
TEST_CASE("an unchanged value of an inserted row is read from the source") {
    Fixture f{{}, true};
    f.apply(begin(1));
    f.apply(kOrders);
    f.lookup.fetched = {{FetchedValue::State::value, "read"}};
    f.apply(insert(7, {"t1", "n", "u"}));
    const auto lines = f.changes();
    REQUIRE(lines.size() == 1);
    CHECK(holds(lines[0], R"("note":"read"},)"));
    CHECK(holds(lines[0], R"("fetched":["note"]},"op":"c")"));
}

TEST_CASE("a value that even the source has no more is gone") {
    Fixture f;
    f.apply(begin(1));
    f.apply(kOrders);
    f.apply(update(7, 'K', {"t8", "n", "n"}, {"t9", "u", "u"}));
    f.lookup.fetched = {{FetchedValue::State::null, ""}, {FetchedValue::State::gone, ""}};
    f.apply(update(7, 'K', {"t9", "n", "n"}, {"t10", "u", "u"}));
    const auto lines = f.changes();
    CHECK(holds(lines.at(1), R"("after":{"id":9},)"));
    CHECK(holds(lines.at(1), R"("gone":["n","note"]},)"));
    CHECK(!holds(lines.at(1), "fetched"));
    CHECK(holds(lines.at(3), R"("after":{"id":10,"n":null},)"));
    CHECK(holds(lines.at(3), R"("fetched":["n"],"gone":["note"]},)"));
}

TEST_CASE("under full identity the old row fills what the log left out") {
    Fixture f;
    f.apply(begin(1));
    f.apply(relation(7, "public", "t", 'f', {{"id", 23, true}, {"note", 25, true}}));
    f.apply(update(7, 'O', {"t1", "tlong"}, {"t1", "u"}));
    f.apply(update(7, 'O', {"t1", "tlong"}, {"t2", "u"}));
    f.apply(remove(7, 'O', {"t2", "tlong"}));
    const auto lines = f.changes();
    REQUIRE(lines.size() == 4);
    CHECK(holds(
        lines[0],
        R"({"key":{"id":1},"before":{"id":1,"note":"long"},"after":{"id":1,"note":"long"},"source")"));
    CHECK(holds(
        lines[1],
        R"({"key":{"id":1},"before":{"id":1,"note":"long"},"after":null,"key_after":{"id":2})"));
    CHECK(holds(
        lines[2],
        R"({"key":{"id":2},"before":null,"after":{"id":2,"note":"long"},"key_before":{"id":1})"));
    CHECK(holds(lines[3],
                R"({"key":{"id":2},"before":{"id":2,"note":"long"},"after":null,"source")"));
    CHECK(f.lookup.fetches.empty());
}

TEST_CASE("a table without key has whole rows on both sides") {
    Fixture f;
    f.apply(begin(1));
    f.apply(relation(7, "public", "t", 'f', {{"a", 23, true}, {"b", 25, true}}));
    f.apply(update(7, 'O', {"t1", "tx"}, {"t2", "tx"}));
    CHECK(holds(f.changes().at(0),
                R"({"key":null,"before":{"a":1,"b":"x"},"after":{"a":2,"b":"x"},)"));
    CHECK(holds(f.changes().at(0), R"("op":"u")"));
}

TEST_CASE("tables that are filtered away cost a number and nothing else") {
    Fixture f{std::vector<std::string>{"public.orders"}};
    f.apply(begin(1));
    f.apply(relation(8, "public", "other", 'd', {{"id", 23, true}}));
    f.apply(kOrders);
    f.apply(insert(8, {"t1"}));
    f.apply(update(8, {"t1"}));
    f.apply(truncate({8, 7}));
    f.apply(remove(7, 'K', {"t1", "n", "n"}));
    const auto lines = f.changes();
    REQUIRE(lines.size() == 2);
    CHECK(order_of(lines[0]).substr(20) == "000000000005"); // insert 1, update 2, truncates 4 and 5
    CHECK(holds(lines[0], R"({"key":null,"before":null,"after":null,)"));
    CHECK(order_of(lines[1]).substr(20) == "000000000006");
    CHECK(f.lookup.described == 1);
    CHECK(f.builder.changes() == 2);
}

TEST_CASE("the order begins with the timeline of the commit") {
    Fixture f{{}, false, Timelines{2, "1\t0/5000\tx\n"}};
    f.apply(begin(0x4000));
    f.apply(kOrders);
    f.apply(insert(7, {"t1", "n", "n"}));
    f.apply(commit(0x4000, 0x4100));
    f.apply(begin(0x6000));
    f.apply(insert(7, {"t1", "n", "n"}));
    CHECK(order_of(f.changes().at(0)) == "00010000000000004000000000000001");
    CHECK(order_of(f.changes().at(1)) == "00020000000000006000000000000001");
}

// Pain 51: bytes are checked at the source.
TEST_CASE("what cannot be right stops with table and position, and leaves no part of a line") {
    Fixture f{{}, true};
    CHECK_FAILS(f.apply(insert(7, {"t1"})), bad_data, "outside a transaction");
    f.apply(begin(1));
    CHECK_FAILS(f.apply(begin(1)), bad_data, "inside another");
    CHECK_FAILS(f.apply(insert(7, {"t1"})), bad_data, "not described");
    f.apply(kOrders);
    f.apply(insert(7, {"t1", "n", "n"}));
    const std::string before = f.out;
    CHECK_FAILS(f.apply(insert(7, {"t1", "n"}), 0x16B3748), bad_data,
                "change at 0/16B3748 of table 'public.orders': a row of 2 values");
    CHECK_FAILS(f.apply(insert(7, {"tx", "n", "n"})), bad_data, "column 'id': 'x'");
    CHECK_FAILS(f.apply(insert(7, {"u", "n", "n"})), bad_data, "key");
    CHECK_FAILS(f.apply(update(7, {"u", "n", "n"})), bad_data, "key");
    CHECK_FAILS(f.apply(insert(7, {"t1", "n", "t\xff"})), bad_data, "not UTF-8");
    CHECK_FAILS(f.apply("M" + std::string(1, '\0') + integer(Lsn{3}) + text("p") +
                        integer(std::int32_t{0})),
                bad_data, "not asked for");
    CHECK(f.out == before);
    CHECK(f.builder.changes() == 1);
}

TEST_CASE("messages are counted, and written where their prefix is wanted") {
    auto settings = Fixture::settings();
    settings.messages = {"out*"};
    Fixture f{settings, {}};
    f.apply(begin(0x100, 0, 9));
    f.apply(message(true, 0x50, "other", "x"));
    f.apply(message(true, 0x60, "outbox", std::string_view{"\0\xff", 2}), 0x60);
    f.apply(kOrders);
    f.apply(insert(7, {"t1", "n", "n"}));
    f.apply(commit(0x100, 0x130));
    f.apply(message(false, 0x200, "out", "alone"), 0x200);
    const auto lines = f.changes();
    REQUIRE(lines.size() == 3);
    CHECK(holds(lines[0], R"({"key":{"prefix":"outbox"},"before":null,"after":null,"message":)"
                          R"({"transactional":true,"prefix":"outbox","content":"AP8="},)"));
    CHECK(holds(lines[0], R"("schema":"","table":"","txId":9,"lsn":96,)"));
    CHECK(order_of(lines[0]) == "00010000000000000100000000000002");
    CHECK(order_of(lines[1]) == "00010000000000000100000000000003");
    CHECK(order_of(lines[2]) == "00010000000000000200000000000000");
    CHECK(holds(lines[2], R"("txId":null)"));
}

TEST_CASE("a message that was not asked for is not passed by in silence") {
    Fixture f;
    f.apply(begin(1));
    CHECK_FAILS(f.apply(message(true, 1, "p", "x")), bad_data, "not asked for");
}

TEST_CASE("a transaction's lines stand between its begin and its end") {
    auto settings = Fixture::settings();
    settings.transactions = true;
    Fixture f{settings, {"orders"}};
    f.apply(begin(0x100, 0, 9));
    f.apply(relation(8, "public", "other", 'd', {{"id", 23, true}}));
    f.apply(insert(8, {"t1"}));
    f.apply(commit(0x100, 0x130)); // brings nothing
    f.apply(begin(0x200, 0, 10));
    f.apply(kOrders);
    f.apply(insert(7, {"t1", "n", "n"}));
    f.apply(update(7, 'K', {"t1", "n", "n"}, {"t2", "n", "n"}));
    f.apply(commit(0x200, 0x230));
    const auto lines = f.lines();
    REQUIRE(lines.size() == 6);
    CHECK(holds(lines[0], R"({"transaction":{"status":"BEGIN","id":"10:512","event_count":null,)"));
    CHECK(holds(lines[1], R"({"table")"));
    CHECK(holds(lines[2],
                R"("transaction":{"id":"10:512","total_order":1,"data_collection_order":1})"));
    CHECK(holds(lines[4], R"("total_order":3,"data_collection_order":3})"));
    CHECK(holds(lines[5], R"("status":"END","id":"10:512","event_count":3,"data_collections":)"
                          R"([{"data_collection":"public.orders","event_count":3}])"));
}

TEST_CASE("a table that has another name now is marked") {
    Fixture f;
    f.apply(begin(1));
    f.apply(kOrders);
    f.apply(insert(7, {"t1", "n", "n"}));
    f.apply(relation(7, "public", "orders_old", 'd', {{"id", 23, true}, {"n", 20}, {"note", 25}}));
    f.apply(insert(7, {"t3", "n", "n"}));
    f.apply(insert(7, {"t4", "n", "n"}));
    const auto lines = f.lines();
    REQUIRE(lines.size() == 6);
    CHECK(holds(lines[2], R"({"table":{"name":"public.orders_old")"));
    CHECK(holds(lines[3], R"({"mark":{"kind":"stale","why":"it was called 'public.orders'"})"));
    CHECK(f.builder.marks() == 1);
}

TEST_CASE("a column that the catalog cannot tell from another one is marked") {
    Fixture f;
    f.lookup.ambiguous = {"note"};
    f.apply(begin(1));
    f.apply(kOrders);
    f.apply(insert(7, {"t1", "n", "n"}));
    f.apply(insert(7, {"t2", "n", "n"}));
    const auto lines = f.lines();
    REQUIRE(lines.size() == 4);
    CHECK(holds(lines[1], R"({"mark":{"kind":"stale","why":"column 'note' was dropped)"));
    CHECK(f.builder.marks() == 1);
}

TEST_CASE("under identity FULL the key counts from the look on that saw it") {
    for (const char identity : {'f', 'n'}) {
        Fixture f;
        f.lookup.keys_known = false;
        f.apply(begin(1));
        f.apply(relation(7, "public", "orders", identity, {{"id", 23, true}, {"note", 25, true}}));
        f.apply(insert(7, {"t1", "n"}));
        f.apply(commit(1, 2));
        auto look = std::make_shared<FactsLook>();
        cdc::event::Facts facts;
        facts.oid = 7;
        look->tables.push_back(facts);
        f.builder.passed(look, nullptr); // without a key nothing is asked again
        f.apply(begin(3));
        f.apply(insert(7, {"t2", "n"}));
        f.apply(commit(3, 4));
        CHECK(f.lookup.described == 1);
        look->tables.front().key = cdc::event::KeyFacts{16403, {1}, true, true};
        f.lookup.keys_known = true;
        f.builder.passed(look, nullptr);
        f.apply(begin(5));
        f.apply(insert(7, {"t3", "n"}));
        const auto lines = f.lines();
        REQUIRE(lines.size() == 5);
        CHECK(holds(lines[1], R"({"key":null,)"));
        CHECK(holds(lines[2], R"({"key":null,)"));
        CHECK(holds(lines[3], R"({"table")"));
        CHECK(holds(lines[4], R"({"key":{"id":3},)"));
    }
}

TEST_CASE("a row of a table without columns is a line too") {
    Fixture f;
    f.apply(begin(1));
    f.apply(relation(9, "public", "nothing", 'f', {}));
    f.apply(insert(9, {}));
    const auto lines = f.lines();
    REQUIRE(lines.size() == 2);
    CHECK(holds(lines[0], R"("columns":[])"));
    CHECK(holds(lines[1], R"({"key":null,"before":null,"after":{},)"));
}
