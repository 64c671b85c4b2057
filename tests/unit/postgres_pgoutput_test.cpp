#include "pgoutput_bytes.hpp"
#include "postgres/pgoutput.hpp"
#include "support.hpp"

#include <fstream>
#include <iterator>

using namespace cdc::postgres;
using namespace pgoutput_bytes;
using pgoutput::Decoder;
using pgoutput::Message;
using pgoutput::Type;

namespace {

std::vector<Record> recording() {
    std::ifstream file{CDC_SOURCE_DIR "/tests/data/pgoutput/operations.bin", std::ios::binary};
    REQUIRE(file);
    return parse_recording(std::string{std::istreambuf_iterator<char>{file}, {}});
}

} // namespace

TEST_CASE("messages come apart as they were put together") {
    Decoder decoder;
    const std::string b = begin(0x1234567890, 42, 777);
    const Message& m = decoder.decode(b);
    CHECK(m.type == Type::begin);
    CHECK(m.commit_lsn == 0x1234567890);
    CHECK(m.commit_time_us == 42);
    CHECK(m.xid == 777);

    const std::string c = commit(5, 9);
    decoder.decode(c);
    CHECK(m.commit_lsn == 5);
    CHECK(m.end_lsn == 9);

    const std::string r = relation(7, "", "t", 'f', {{"id", 23, true}, {"note", 25, false}});
    decoder.decode(r);
    CHECK(m.relation.id == 7);
    CHECK(m.relation.schema == "pg_catalog");
    CHECK(m.relation.identity == 'f');
    REQUIRE(m.relation.columns.size() == 2);
    CHECK(m.relation.columns[0].identity);
    CHECK(m.relation.columns[1].name == "note");
    CHECK(m.relation.columns[1].type == 25);
    CHECK(m.relation.columns[1].modifier == -1);

    const std::string u = update(7, 'K', {"t1", "n"}, {"t2", "u"});
    decoder.decode(u);
    CHECK(m.old_kind == 'K');
    CHECK(m.old_row[0].text == "1");
    CHECK(m.new_row[0].text == "2");
    CHECK(m.new_row[1].kind == 'u');

    const std::string i = insert(7, {"t", "n"});
    decoder.decode(i);
    CHECK(m.old_kind == 0);
    CHECK(m.new_row[0].text.empty());
    CHECK(m.new_row[1].kind == 'n');

    const std::string t = truncate({7, 8});
    decoder.decode(t);
    CHECK(m.truncated == std::vector<std::uint32_t>{7, 8});

    const std::string l = "M" + std::string(1, '\1') + integer(Lsn{3}) + text("p") +
                          integer(std::int32_t{2}) + std::string{"\0x", 2};
    decoder.decode(l);
    CHECK(m.transactional);
    CHECK(m.prefix == "p");
    CHECK(m.content == std::string_view{"\0x", 2});
}

TEST_CASE("every message of a real server is understood, and no part of one is") {
    std::size_t kinds[256] = {};
    for (const Record& record : recording()) {
        Decoder decoder;
        decoder.decode(record.bytes);
        ++kinds[static_cast<unsigned char>(record.bytes[0])];
        for (std::size_t size = 0; size < record.bytes.size(); ++size) {
            // An exact copy, so that the sanitizer sees a read past the end.
            const std::string part = record.bytes.substr(0, size);
            CHECK_FAILS(decoder.decode(part), bad_data, "replication message");
        }
        CHECK_FAILS(decoder.decode(record.bytes + 'x'), bad_data, "1 bytes behind its end");
    }
    for (const char kind : {'B', 'C', 'R', 'Y', 'I', 'U', 'D', 'T'}) {
        CAPTURE(kind);
        CHECK(kinds[static_cast<unsigned char>(kind)] > 0);
    }
}

TEST_CASE("what is not known stops the stream, with the place") {
    Decoder decoder;
    CHECK_FAILS(decoder.decode("Z"), bad_data, "unknown message 0x5a");
    CHECK_FAILS(decoder.decode("b"), refused, "two_phase");
    CHECK_FAILS(decoder.decode("I" + integer(std::uint32_t{7}) + "X"), bad_data, "at byte 6");
    CHECK_FAILS(decoder.decode("U" + integer(std::uint32_t{7}) + "X"), bad_data, "mark of a row");
    CHECK_FAILS(decoder.decode("D" + integer(std::uint32_t{7}) + "N"), bad_data, "mark of a row");
    CHECK_FAILS(decoder.decode("I" + integer(std::uint32_t{7}) + "N" + integer(std::int16_t{1}) +
                               "b" + integer(std::int32_t{0})),
                bad_data, "kind of value 0x62");
}

TEST_CASE("a count that cannot be true reserves no memory") {
    Decoder decoder;
    CHECK_FAILS(decoder.decode("T" + integer(std::int32_t{0x7fffffff}) + std::string(5, '\0')),
                bad_data, "table count");
    CHECK_FAILS(decoder.decode("T" + integer(std::int32_t{-1}) + std::string(5, '\0')), bad_data,
                "table count");
    CHECK_FAILS(decoder.decode("I" + integer(std::uint32_t{7}) + "N" + integer(std::int16_t{-1})),
                bad_data, "column count");
    CHECK_FAILS(decoder.decode("I" + integer(std::uint32_t{7}) + "N" + integer(std::int16_t{1}) +
                               "t" + integer(std::int32_t{-5})),
                bad_data, "length of a value");
}
