#include "postgres/lsn.hpp"
#include "postgres/timeline.hpp"
#include "support.hpp"

using namespace cdc::postgres;

TEST_CASE("an LSN is two hex numbers and comes back as the server writes it") {
    CHECK(parse_lsn("16/B374D848") == 0x16B374D848U);
    CHECK(parse_lsn("0/0") == 0U);
    CHECK(parse_lsn("ffffffff/ffffffff") == 0xffffffffffffffffU);
    CHECK(format_lsn(0x16B374D848U) == "16/B374D848");
    CHECK(format_lsn(0x100000001U) == "1/1");
}

TEST_CASE("what is not an LSN is refused") {
    for (const char* text : {"", "/", "1", "1/", "/1", "1/2/3", "g/1", "-1/1", "1/-1", " 1/1",
                             "123456789/1", "1/123456789", "0x1/1"}) {
        CAPTURE(text);
        CHECK(!parse_lsn(text));
    }
}

TEST_CASE("server times count from 2000 and are rounded down") {
    CHECK(unix_ms_from_postgres_us(0) == 946684800000);
    CHECK(unix_ms_from_postgres_us(1999) == 946684800001);
    CHECK(unix_ms_from_postgres_us(-1) == 946684799999);
    CHECK(unix_ms_from_postgres_us(-1000) == 946684799999);
    CHECK(unix_ms_from_postgres_us(-1001) == 946684799998);
}

TEST_CASE("a server that was never promoted is on one timeline") {
    const Timelines one{1, ""};
    CHECK(one.at(0) == 1);
    CHECK(one.at(0xffffffffffffffff) == 1);
    CHECK(one.contains(1, 0xffffffff));
    CHECK(!one.contains(2, 1));
}

TEST_CASE("a commit belongs to the timeline that its record was written on") {
    const Timelines third{3, "1\t0/5000\tno recovery target specified\n\n"
                             "# a comment\n2\t0/7000\tbefore 2025-01-01 00:00:00+00\n"};
    CHECK(third.current() == 3);
    CHECK(third.at(0x4fff) == 1);
    CHECK(third.at(0x5000) == 2);
    CHECK(third.at(0x6fff) == 2);
    CHECK(third.at(0x7000) == 3);
}

TEST_CASE("a position beyond a promotion is not part of the history") {
    const Timelines third{3, "1\t0/5000\tx\n2\t0/7000\tx\n"};
    CHECK(third.contains(1, 0x5000)); // everything before it was seen
    CHECK(!third.contains(1, 0x5001));
    CHECK(third.contains(2, 0x7000));
    CHECK(!third.contains(2, 0x7001));
    CHECK(third.contains(3, 0x9000));
    CHECK(!third.contains(4, 0x100));
}

TEST_CASE("a broken history is refused") {
    CHECK_FAILS((Timelines{2, "1 nonsense\n"}), failed, "history");
    CHECK_FAILS((Timelines{2, "1\n"}), failed, "history");
    CHECK_FAILS((Timelines{3, "1\t0/7000\tx\n2\t0/5000\tx\n"}), failed, "history");
    CHECK_FAILS((Timelines{70000, ""}), refused, "70000");
    CHECK_FAILS((Timelines{0, ""}), refused, "timeline 0");
}
