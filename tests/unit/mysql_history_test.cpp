#include "binlog_file.hpp"
#include "mysql/log_history.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

using namespace cdc;
using namespace cdc::mysql;

namespace {

const std::string kA = "aaaaaaaa-71ca-11e1-9e33-c80aa9429562";
const std::string kB = "bbbbbbbb-71ca-11e1-9e33-c80aa9429562";

/// A stream of server A that executed A:1-20 and stands in its third file.
LogPlace place_on_a() {
    return {{"binlog.000003", 500}, kA, 1000, kA + ":1-20", "checkpoint file 's'"};
}

LogState server_a() {
    LogState out;
    out.description = "root@a:3306";
    out.server = kA;
    out.files = {{"binlog.000002", 900}, {"binlog.000003", 800}};
    out.end = {{"binlog.000003", 800}, kA + ":1-25"};
    out.has_gtids = true;
    out.purged = kA + ":1-9";
    out.created = 1000;
    return out;
}

LogState server_b() {
    LogState out = server_a();
    out.description = "root@b:3306";
    out.server = kB;
    out.files = {{"bin.000001", 4000}};
    out.end = {{"bin.000001", 4000}, kA + ":1-22," + kB + ":1-3"};
    out.purged = "";
    out.created = 0;
    return out;
}

void check_new_history(const LogPlace& place, const LogState& state) {
    const Continuation way = continuation(place, state);
    CHECK_FALSE(way.same_history);
    CHECK(way.by_gtid);
}

} // namespace

TEST_CASE("lines of what the log does not have yet were not written") {
    LogPlace place = place_on_a(); // an XA transaction is prepared there
    place.emitted = Position{"binlog.000003", 800}.order_position();
    CHECK(continuation(place, server_a()).same_history);
    place.emitted = Position{"binlog.000003", 801}.order_position();
    CHECK_FAILS(continuation(place, server_a()), refused,
                "checkpoint file 's' says that the changes before binlog.000003:801 were written, "
                "but the log of root@a:3306 ends at binlog.000003:800");
    place.gtids.reset();
    CHECK_FAILS(continuation(place, server_a()), refused, "before binlog.000003:801");
}

TEST_CASE("a stream goes on in its history where the file is the same one and long enough") {
    const Continuation way = continuation(place_on_a(), server_a());
    CHECK(way.same_history);
    CHECK(way.by_gtid);
    LogPlace without = place_on_a();
    without.gtids.reset();
    CHECK(continuation(without, server_a()).same_history);
    CHECK_FALSE(continuation(without, server_a()).by_gtid);
    LogState anonymous = server_a();
    anonymous.has_gtids = false;
    CHECK_FALSE(continuation(place_on_a(), anonymous).by_gtid);
}

TEST_CASE("what the server sent and does not count as executed yet is waited for") {
    LogState state = server_a();
    state.end.gtids = kA + ":1-19";
    CHECK_FAILS(continuation(place_on_a(), state), failed, "commits have not ended");
    state.files[1].size = 1; // it is no file that we read
    CHECK_FAILS(continuation(place_on_a(), state), refused, "never held transactions");
}

TEST_CASE("behind transactions that another reader has: the log has what follows, or it is said "
          "what lacks") {
    LogState state = server_a();
    CHECK_NOTHROW(check_gtids(kA + ":1-9", "--from-gtids", state));
    CHECK_NOTHROW(check_gtids(kA + ":1-25", "--from-gtids", state));
    CHECK_FAILS(check_gtids(kA + ":1-7", "--from-gtids", state), position_lost, ":8-9' are gone");
    CHECK_FAILS(check_gtids(kA + ":1-26", "--from-gtids", state), refused,
                "never held transactions");
    CHECK_FAILS(check_gtids(kA + ":1-9," + kB + ":1", "--from-gtids", state), refused,
                "never held transactions");
    CHECK_FAILS(check_gtids("0-1-7", "--from-gtids", state), bad_data, "0-1-7");
    state.has_gtids = false;
    CHECK_FAILS(check_gtids(kA + ":1-9", "--from-gtids", state), refused, "no global ids");
}

TEST_CASE("the log was purged: what is lost, and the oldest position there") {
    LogState state = server_a();
    state.files = {{"binlog.000005", 900}};
    state.end = {{"binlog.000005", 900}, kA + ":1-30"};
    state.created = 0;
    state.purged = kA + ":1-23";
    CHECK_FAILS(continuation(place_on_a(), state), position_lost,
                "transactions 'aaaaaaaa-71ca-11e1-9e33-c80aa9429562:21-23' are gone");
    CHECK_FAILS(continuation(place_on_a(), state), position_lost, "binlog.000005:4");
    state.has_gtids = false;
    CHECK_FAILS(continuation(place_on_a(), state), position_lost, "file 'binlog.000003' is not");
    CHECK_FAILS(continuation(place_on_a(), state), position_lost, "binlog.000005:4");
    // Files went that held nothing of interest: nothing is lost, but the place is in no file.
    state.has_gtids = true;
    state.purged = kA + ":1-20";
    check_new_history(place_on_a(), state);
}

TEST_CASE("RESET of the logs is found in each of its forms") {
    LogState state = server_a();
    state.files = {{"binlog.000001", 200}};
    state.end = {{"binlog.000001", 200}, ""};
    state.purged = "";
    state.created = 0;
    CHECK_FAILS(continuation(place_on_a(), state), refused, "never held transactions");
    SUBCASE("with the numbers given again, and further than before") {
        state.files = {{"binlog.000001", 9000}, {"binlog.000002", 9000}, {"binlog.000003", 9000}};
        state.end = {{"binlog.000003", 9000}, kA + ":1-70"};
        state.created = 2000;
        CHECK_FAILS(continuation(place_on_a(), state), refused, "given again");
    }
    SUBCASE("without global ids") {
        state.has_gtids = false;
        state.files = {{"binlog.000001", 9000}, {"binlog.000002", 9000}, {"binlog.000003", 9000}};
        state.end = {{"binlog.000003", 9000}, ""};
        state.created = 2000;
        CHECK_FAILS(continuation(place_on_a(), state), position_lost, "was made anew");
    }
    SUBCASE("with gtid_purged set to what was there") {
        state.purged = kA + ":1-20";
        state.end.gtids = kA + ":1-21";
        check_new_history(place_on_a(), state);
    }
}

TEST_CASE("another name of the log's files is another history") {
    LogState state = server_a();
    state.files = {{"other.000003", 800}};
    state.end.position.file = "other.000003";
    state.purged = kA + ":1-20";
    state.created = 0;
    check_new_history(place_on_a(), state);
    state.has_gtids = false;
    CHECK_FAILS(continuation(place_on_a(), state), position_lost,
                "its files are called 'other' and not 'binlog'");
}

TEST_CASE("a restored backup is behind the stream, or gave numbers again") {
    LogState state = server_a();
    state.files.back().size = 300; // cut where the backup was taken
    state.files.push_back({"binlog.000004", 100});
    state.end = {{"binlog.000004", 100}, kA + ":1-15"};
    CHECK_FAILS(continuation(place_on_a(), state), refused, ":16-20'");
    state.end.gtids = kA + ":1-40";
    CHECK_FAILS(continuation(place_on_a(), state), refused, "given again");
    state.has_gtids = false;
    CHECK_FAILS(continuation(place_on_a(), state), position_lost, "has 300 bytes only");
    // A stream that had not come as far as the backup.
    LogPlace early = place_on_a();
    early.position.offset = 200;
    early.gtids = kA + ":1-14";
    state.has_gtids = true;
    CHECK(continuation(early, state).same_history);
}

TEST_CASE("fail-over from A to B and back to A") {
    check_new_history(place_on_a(), server_b());
    LogState behind = server_b();
    behind.end.gtids = kA + ":1-19";
    CHECK_FAILS(continuation(place_on_a(), behind), refused, ":20'");
    LogState young = server_b();
    young.purged = kA + ":1-21";
    CHECK_FAILS(continuation(place_on_a(), young), position_lost, ":21' are gone");

    const LogPlace on_b{
        {"bin.000001", 3000}, kB, 1500, kA + ":1-22," + kB + ":1-2", "checkpoint file 's'"};
    LogState back = server_a();
    back.end.gtids = kA + ":1-25," + kB + ":1-3";
    check_new_history(on_b, back);
    LogState anonymous = server_b();
    anonymous.has_gtids = false;
    CHECK_FAILS(continuation(place_on_a(), anonymous), refused, "belongs to the log of server");
}

TEST_CASE("MariaDB: histories by the last id of each domain") {
    const LogPlace place{{"binlog.000003", 500}, "1@a:3306", 1000, "0-1-20,1-2-7", "this stream"};
    LogState state;
    state.mariadb = true;
    state.description = "root@a:3306";
    state.server = "1@a:3306";
    state.files = {{"binlog.000002", 900}, {"binlog.000003", 800}};
    state.end = {{"binlog.000003", 800}, "0-1-25,1-2-7"};
    state.has_gtids = true;
    state.purged = "0-1-9,1-2-7";
    state.created = 1000;
    CHECK(continuation(place, state).same_history);

    LogState other = state;
    other.server = "2@b:3306";
    check_new_history(place, other);
    other.end.gtids = "0-1-25";
    CHECK_FAILS(continuation(place, other), refused, "'1-2-7'");
    other.end.gtids = "0-1-25,1-2-9";
    other.purged = "0-1-21,1-2-7";
    CHECK_FAILS(continuation(place, other), position_lost, "'0-1-21'");

    LogState reset = state;
    reset.created = 2000;
    reset.purged = "";
    CHECK_FAILS(continuation(place, reset), refused, "given again");
    reset.end.gtids = "";
    CHECK_FAILS(continuation(place, reset), refused, "never held");
}

TEST_CASE("sets of global ids are read from the fronts of files") {
    const std::string text = kA + ":1-5:9," + kB + ":blue:3," + kB + ":2";
    const GtidSet set{text};
    CHECK(GtidSet::decode(set.encode()) == set);
    CHECK(GtidSet::decode(GtidSet{kA + ":1-5:9"}.encode()).text() == kA + ":1-5:9");
    CHECK(set.of_server(kB).text() == kB + ":2," + kB + ":blue:3");
    CHECK(set.common(GtidSet{kA + ":4-20"}).text() == kA + ":4-5:9");
    const std::string bytes = set.encode();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FAILS(GtidSet::decode(std::string_view{bytes}.substr(0, size)), bad_data, "bytes");
    }
    const std::string list{"\2\0\0\x10\0\0\0\0\1\0\0\0\7\0\0\0\0\0\0\0"
                           "\1\0\0\0\2\0\0\0\x28\0\0\0\0\0\0\0",
                           36};
    CHECK(MariadbGtidList::decode(list).text() == "0-1-7,1-2-40");
    CHECK_FAILS(MariadbGtidList::decode(list.substr(0, 30)), bad_data, "bytes");
}

TEST_CASE(
    "a stream that begins at the front of the start's file gives what stands behind the start") {
    const std::string file = read_bytes(CDC_SOURCE_DIR "/tests/data/binlog/operations.mysql.bin");
    NoFacts lookup;
    ChangeBuilder whole = make_builder(lookup, false);
    std::vector<std::pair<Position, std::size_t>> ends; // of transactions
    std::string all;
    for (const std::string_view event : events_of(file)) {
        apply_all(whole, event, all);
        if (ends.empty() || !(ends.back().first == whole.position())) {
            ends.emplace_back(whole.position(), all.size());
        }
    }
    const auto [start, size] = ends.at(ends.size() / 2);
    ChangeBuilder::Settings settings;
    settings.name = "golden";
    settings.epoch = 7;
    ChangeBuilder part{settings, event::TableFilter{{}, {"record.skipped"}}, lookup, start};
    std::string out;
    // What the server puts in front of a dump: "the file is …, from its fourth byte on".
    std::string rotate(19, '\0');
    rotate[4] = 4;
    rotate[17] = Event::kArtificial;
    rotate += std::string{"\4\0\0\0\0\0\0\0", 8} + start.file;
    rotate[9] = static_cast<char>(rotate.size());
    part.apply(rotate, out);
    CHECK(part.position() == start);
    for (const std::string_view event : events_of(file)) {
        apply_all(part, event, out);
    }
    CHECK(part.position() == whole.position());
    CHECK(part.gtids() == whole.gtids());
    CHECK(part.changes() > 0);
    CHECK(part.changes() < whole.changes());
    // The last line is the same one.
    const auto last = [](const std::string& text) {
        return text.substr(text.rfind('\n', text.size() - 2) + 1);
    };
    CHECK(last(out) == last(all));
}
