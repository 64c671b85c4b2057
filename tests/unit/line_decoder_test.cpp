#include "event/line_decoder.hpp"

#include "support.hpp"

using namespace cdc::event;

namespace {
const std::string kChange =
    R"({"key":{"id":7},"before":null,"after":{"id":7,"note":"x"},"unchanged":["big"],)"
    R"("source":{"connector":"postgresql","ts_ms":1763709000000,"db":"d","schema":"s",)"
    R"("table":"t","order":"000100000000015101f0000000000001","new_member":[1]},)"
    R"("op":"u","ts_ms":5,"later":{"x":1}})";
} // namespace

TEST_CASE("a change is taken apart into views of its line") {
    LineDecoder decoder;
    const DecodedLine& line = decoder.decode(kChange);
    CHECK(line.kind == LineKind::change);
    CHECK(line.op == 'u');
    CHECK(line.key.raw == R"({"id":7})");
    CHECK(line.before.is_null());
    REQUIRE(line.after.fields.size() == 2);
    CHECK(line.after.fields[1].name == "note");
    CHECK(line.after.fields[1].value == "\"x\"");
    REQUIRE(line.unchanged.size() == 1);
    CHECK(line.unchanged[0] == "big");
    CHECK(line.source.connector == "postgresql");
    CHECK(line.source.db == "d");
    CHECK(line.source.schema == "s");
    CHECK(line.source.table == "t");
    CHECK(line.source.ts_ms == 1763709000000);
    CHECK(line.source.order.text() == "000100000000015101f0000000000001");
    CHECK(line.ts_ms == 5);
}

TEST_CASE("nothing of one line is left when the next is decoded") {
    LineDecoder decoder;
    decoder.decode(kChange);
    const DecodedLine& line = decoder.decode(
        R"({"key":null,"source":{"order":"000100000000015101f0000000000001"},"op":"t"})");
    CHECK(line.key.is_null());
    CHECK(line.key.fields.empty());
    CHECK(line.after.is_missing());
    CHECK(line.unchanged.empty());
    CHECK(line.source.table.empty());
    CHECK(line.op == 't');
}

TEST_CASE("other kinds give their first member") {
    LineDecoder decoder;
    CHECK(decoder.decode(R"({"checkpoint":{"v":1},"ts_ms":1})").kind == LineKind::checkpoint);
    CHECK(decoder.decode(R"({"checkpoint":{"v":1},"ts_ms":1})").payload == R"({"v":1})");
    CHECK(decoder.decode(R"({"transaction":{"status":"BEGIN"}})").kind == LineKind::transaction);
    CHECK(decoder.decode(R"({"tombstone":{"id":1},"kafka":{}})").kind == LineKind::tombstone);
    CHECK(decoder.decode(R"({"dead_letter":{}})").kind == LineKind::dead_letter);
    const DecodedLine& table = decoder.decode(R"({"table":{},"source":{"table":"t"}})");
    CHECK(table.kind == LineKind::table);
    CHECK(table.source.table == "t");
}

TEST_CASE("broken lines are bad data, and the message names what is wrong") {
    LineDecoder decoder;
    CHECK_FAILS(decoder.decode(""), bad_data, "not a JSON object");
    CHECK_FAILS(decoder.decode("[]"), bad_data, "not a JSON object");
    CHECK_FAILS(decoder.decode("hello"), bad_data, "not a JSON object");
    CHECK_FAILS(decoder.decode("{\"key\":{\"a\":\"\xff\"}}"), bad_data, "not UTF-8");
    CHECK_FAILS(decoder.decode(R"({"cheese":1})"), bad_data, "unknown kind of line 'cheese'");
    CHECK_FAILS(decoder.decode(R"({"key":1,"op":"c"})"), bad_data, "key is '1'");
    CHECK_FAILS(decoder.decode(R"({"key":null,"op":"c"})"), bad_data, "without source");
    CHECK_FAILS(decoder.decode(R"({"key":null,"source":{},"op":"x"})"), bad_data, "op 'x'");
    CHECK_FAILS(decoder.decode(R"({"key":null,"source":{}})"), bad_data, "without op");
    CHECK_FAILS(decoder.decode(R"({"key":null,"source":[],"op":"c"})"), bad_data, "source");
    CHECK_FAILS(decoder.decode(R"({"key":null,"source":{"order":"12"},"op":"c"})"), bad_data,
                "source.order");
    CHECK_FAILS(decoder.decode(R"({"key":null,"source":{"db":1},"op":"c"})"), bad_data,
                "source.db");
    CHECK_FAILS(decoder.decode(R"({"table":{}})"), bad_data, "without source");
    CHECK_FAILS(decoder.decode(kChange + "x"), bad_data, "behind the object");
}

TEST_CASE("a line cut at any byte is refused") {
    LineDecoder decoder;
    for (std::size_t cut = 0; cut < kChange.size(); ++cut) {
        CHECK_FAILS(decoder.decode(kChange.substr(0, cut)), bad_data, "");
    }
}
