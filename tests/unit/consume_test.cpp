#include "cdc-consume/acknowledged.hpp"
#include "cdc-consume/marks.hpp"
#include "cdc-consume/options.hpp"
#include "cdc-consume/places.hpp"
#include "cdc-consume/side_records.hpp"
#include "checkpoints/file.hpp"
#include "event/checkpoint.hpp"

#include "support.hpp"

#include <fstream>

using namespace cdc;
using consume::Acknowledged;
using consume::Place;

namespace {

void store(const std::string& path, const std::string& position) {
    event::Checkpoint checkpoint;
    checkpoint.kind = "kafka";
    checkpoint.server = "cluster";
    checkpoint.slot = "group";
    checkpoint.position = position;
    checkpoints::write({path}, checkpoint.encode());
}

} // namespace

TEST_CASE("a partition takes records from its next offset on, until it leaves or has left") {
    Place place;
    CHECK_FALSE(place.takes(5));
    place.own = true;
    place.next = 5;
    CHECK_FALSE(place.takes(4)); // fetched before it came again
    CHECK(place.takes(5));
    CHECK(place.takes(7));
    place.leaving = true;
    CHECK_FALSE(place.takes(5)); // its next reader writes it
    place.leaving = false;
    place.past_until = true;
    CHECK_FALSE(place.takes(5));
}

TEST_CASE("what all checkpoint files hold is acknowledged; a missing one holds nothing") {
    const TemporaryFolder folder;
    consume::Options options;
    options.group = "group";
    options.checkpoints = {folder.file("a"), folder.file("b")};
    Acknowledged acknowledged{options, "cluster"};
    CHECK(acknowledged.used());
    for (const std::string& only : options.checkpoints) {
        CAPTURE(only);
        store(only, "t:0=10,1=7");
        CHECK_FALSE(acknowledged.look(0));
        CHECK(acknowledged.offsets().empty());
        CHECK(Acknowledged{options, "cluster"}.offsets().empty());
        ::unlink(only.c_str());
        CHECK_FALSE(acknowledged.look(0));
    }
    store(options.checkpoints[0], "t:0=10,1=7");
    store(options.checkpoints[1], "t:0=8,1=9");
    CHECK(acknowledged.look(0));
    CHECK(acknowledged.offsets() == kafka::parse_offsets("t:0=8,1=7"));
    CHECK(acknowledged.covers({{{"t", 0}, 8}}));
    CHECK_FALSE(acknowledged.covers({{{"t", 0}, 9}}));
    CHECK_FALSE(acknowledged.covers({{{"t", 2}, 0}}));
}

TEST_CASE("a snapshot without key that has not ended is read again from its begin line") {
    consume::Places places;
    const kafka::TopicPartition at{"t", 0};
    places.start(at, 3);
    Place& place = *places.find(at);
    place.next = 9;
    place.begin = 5;
    CHECK(places.positions().at(at) == 9); // rows with keys need no begin line
    place.held = 5;
    CHECK(places.positions().at(at) == 5);
    places.start(at, 5);
    CHECK(places.positions().at(at) == 5);
    CHECK(place.held == -1);
}

namespace {

/// The value of a mark at this order.
std::string mark_at(event::Order order, std::optional<event::Order> highest = std::nullopt) {
    event::Checkpoint checkpoint;
    checkpoint.kind = "postgres";
    checkpoint.server = "7";
    checkpoint.position = "0/1";
    checkpoint.order = order;
    std::string line = checkpoint.encode();
    if (highest) {
        line = event::with_highest(line, *highest);
    }
    return kafka::encode_cut_mark(line, {{{"t", 0}, 5}, {{"t", 1}, 7}});
}

} // namespace

TEST_CASE("marks are exact when no change was read that is not below them") {
    consume::Places places;
    consume::Marks marks{"p.marks"};
    marks.take("a", mark_at(event::Order{32}));
    CHECK(marks.are_exact(places)); // no partition came yet
    places.start({"t", 0}, 0);
    Place& place = *places.find({"t", 0});
    CHECK(marks.are_exact(places));
    place.highest = event::Order{31}.text();
    CHECK(marks.are_exact(places));
    // What a publisher sent behind its last mark before it was killed comes again behind the next.
    place.highest = event::Order{32}.text();
    CHECK_FALSE(marks.are_exact(places));
    marks.take("a", mark_at(event::Order{33}));
    CHECK(marks.are_exact(places));
    marks.take("b", mark_at(event::Order{16})); // of another stream: each counts
    CHECK_FALSE(marks.are_exact(places));
    REQUIRE(marks.held_by(places));
    CHECK(marks.held_by(places)->key == "b");
    CHECK(marks.held_by(places)->ahead == kafka::TopicPartition{"t", 0});
    marks.forget("b"); // it has another name now
    CHECK(marks.are_exact(places));
}

TEST_CASE("no cut is behind one that was written, also by an earlier run") {
    const std::string stream = R"({"kind":"postgres","server":"7","database":"","slot":""})";
    consume::Places places;
    consume::Marks marks{"p.marks"};
    marks.take(stream, mark_at(event::Order{32}));
    event::Checkpoint checkpoint;
    checkpoint.extra[kafka::kStreamsMember] = marks.written();
    CHECK(checkpoint.extra.dump() == R"({"streams":[{"kind":"postgres","server":"7",)"
                                     R"("database":"","slot":"","order":")" +
                                         event::Order{32}.text() + "\"}]}");
    // A publisher that was killed had not stored how far it was, and writes its marks again.
    marks.take(stream, mark_at(event::Order{31}));
    CHECK_FALSE(marks.are_exact(places));

    consume::Marks next{"p.marks"};
    next.go_on_behind(checkpoint);
    next.take(stream, mark_at(event::Order{31}));
    CHECK_FALSE(next.are_exact(places));
    next.take("{}", mark_at(event::Order{16})); // another one's
    next.take(stream, mark_at(event::Order{32}));
    CHECK(next.are_exact(places));

    checkpoint.extra = R"({"streams":[7,{"order":8}]})"_json;
    next.go_on_behind(checkpoint); // of nobody
}

TEST_CASE("a stream of MySQL that goes on at another server has one mark once all came again") {
    const auto mark = [](std::string_view server, std::uint16_t epoch, std::string_view gtids) {
        event::Checkpoint checkpoint;
        checkpoint.kind = "mysql";
        checkpoint.server = server;
        checkpoint.order = event::Order::make(epoch, 100, 0);
        checkpoint.extra["gtids"] = gtids;
        checkpoint.extra["history"] = "not told";
        checkpoint.snapshot = "done";
        return kafka::encode_cut_mark(checkpoint.encode(), {{{"t", 0}, 5}});
    };
    const std::string a = "aaaaaaaa-0000-0000-0000-aaaaaaaaaaaa:1-9";
    const std::string behind = "aaaaaaaa-0000-0000-0000-aaaaaaaaaaaa:1-8";
    const std::string other = "bbbbbbbb-0000-0000-0000-bbbbbbbbbbbb:1-2";
    consume::Places places;
    consume::Marks marks{"p.marks"};
    places.start({"t", 0}, 0);
    Place& place = *places.find({"t", 0});
    marks.take("a", mark("a", 1, a));
    CHECK(marks.source()->server == "a");
    CHECK(marks.source()->extra.dump() == R"({"gtids":")" + a + R"("})");
    CHECK(marks.source()->snapshot.is_null());
    place.highest = event::Order::make(2, 50, 1).text();
    marks.take("b", mark("b", 2, behind));
    CHECK_FALSE(marks.are_exact(places));
    CHECK_FALSE(marks.source().has_value());
    marks.take("b", mark("b", 2, a));
    CHECK(marks.are_exact(places));
    CHECK(marks.source()->server == "b");
    marks.take("c", mark("c", 3, other)); // of another history, and beside it
    CHECK_FALSE(marks.source().has_value());
}

TEST_CASE("marks of cdc-transform are held against the highest order they say") {
    consume::Places places;
    consume::Marks marks{"p.marks"};
    marks.take("a", mark_at(event::Order{16}, event::Order{40}));
    places.start({"t", 0}, 0);
    Place& place = *places.find({"t", 0});
    place.highest = event::Order{40}.text();
    CHECK(marks.are_exact(places));
    place.highest = event::Order{41}.text();
    CHECK_FALSE(marks.are_exact(places));
    marks.take("b", mark_at(event::Order{8}, event::Order{41})); // one output: the last counts
    CHECK(marks.are_exact(places));
}

TEST_CASE("records of side topics are told by the members of key and value") {
    using Kind = consume::SideRecord::Kind;
    const auto kind = [](const char* key, const char* value) {
        return consume::side_record(key, value).kind;
    };
    const char* const writer = R"({"transactional_id":"t"})";
    CHECK(kind(writer, R"({"order":"00","checkpoint":{"kind":"x"},"ts_ms":1})") ==
          Kind::passed_over);
    // Before the first checkpoint line.
    CHECK(kind(writer, R"({"order":"","checkpoint":null,"ts_ms":1})") == Kind::passed_over);
    CHECK(kind(writer, R"({"order":"","checkpoint":null,"ts_ms":1)") == Kind::none);
    CHECK(kind(R"({"serverName":"p"})", R"({"ts_ms":1})") == Kind::passed_over);
    CHECK(kind(R"({"serverName":"p","id":1})", R"({"ts_ms":1})") == Kind::none);
    CHECK(kind(R"({"id":"5"})", R"({"status":"END","id":"5","event_count":1})") == Kind::status);
    CHECK(kind(R"({"id":"5"})", R"({"status":"END","id":"5"})") == Kind::none);
}

TEST_CASE("a time may be milliseconds since 1970") {
    CHECK(consume::parse_time_ms("0", "--from") == 0);
    CHECK(consume::parse_time_ms("1763709000123", "--from") == 1763709000123);
    CHECK(consume::parse_time_ms("1970-01-02", "--from") == 86'400'000);
    for (const char* text : {"2025", "20250721", "-1763709000123", "1763709000.5"}) {
        CHECK_FAILS(consume::parse_time_ms(text, "--from"), usage, "a time like");
    }
}
