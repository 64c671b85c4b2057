#include "duckdb/appender.hpp"
#include "duckdb/database.hpp"
#include "duckdb/exact_quotient.hpp"
#include "duckdb/moment_texts.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using namespace cdc::duckdb;
using cdc::base::Error;
using cdc::base::ExitCode;

namespace {

ExitCode code_of(Connection& connection, const std::string& sql) {
    try {
        connection.execute(sql);
    } catch (const Error& error) {
        return error.code();
    }
    return ExitCode::ok;
}

} // namespace

TEST_CASE("duckdb: rows in and out, NULLs and texts of every length") {
    Database database{"", {}};
    Connection connection{database};
    connection.execute("CREATE TABLE t (id BIGINT, note VARCHAR)");
    {
        Appender appender{connection, "main", "t"};
        for (std::int64_t id = 0; id < 5000; ++id) {
            appender.value(0, id);
            if (id % 3 == 0) {
                appender.null(1);
            } else {
                appender.text(1, std::string(static_cast<std::size_t>(id % 40), 'x'));
            }
            appender.end_row();
        }
        appender.flush();
    }
    CHECK(connection.number("SELECT count(*) FROM t") == 5000);
    CHECK(connection.number("SELECT count(*) FROM t WHERE note IS NULL") == 1667);
    Result result = connection.query("SELECT id, note FROM t ORDER BY id");
    std::int64_t seen = 0;
    while (result.next()) {
        for (std::uint64_t row = 0; row < result.size(); ++row, ++seen) {
            REQUIRE(result.column(0).at<std::int64_t>(row) == seen);
            REQUIRE(result.column(1).is_null(row) == (seen % 3 == 0));
            if (seen % 3 != 0) {
                REQUIRE(result.column(1).text(row).size() == static_cast<std::size_t>(seen % 40));
            }
        }
    }
    CHECK(seen == 5000);
}

TEST_CASE("duckdb: a stream gives all rows, or its error wherever it comes") {
    Database database{"", {}};
    Connection connection{database};
    connection.execute(
        "CREATE TABLE t AS SELECT range AS id, 'note ' || range AS note FROM range(300000)");
    const auto count = [&](const std::string& sql) {
        Result result = connection.stream(sql);
        std::int64_t sum = 0;
        while (result.next()) {
            for (std::uint64_t row = 0; row < result.size(); ++row) {
                const std::int64_t id = result.column(0).at<std::int64_t>(row);
                REQUIRE(result.column(1).text(row) == "note " + std::to_string(id));
                sum += id;
            }
        }
        return sum;
    };
    CHECK(count("SELECT id, note FROM t") == std::int64_t{300000} * 299999 / 2);
    CHECK(count("SELECT id, note FROM t WHERE id < 0") == 0);
    {
        const Transaction transaction{connection};
        connection.execute("CREATE TEMP TABLE u AS SELECT * FROM t LIMIT 3");
        Result left = connection.stream("SELECT id FROM t");
        CHECK(left.next()); // the rest is left
    }
    CHECK(connection.number("SELECT count(*) FROM t") == 300000);

    Result late = connection.stream(
        "SELECT (id // 1000)::UTINYINT, repeat(note, 9) FROM t"); // 256000 is too much
    CHECK(late.next());
    const auto read = [&] {
        while (late.next()) {
        }
    };
    CHECK_THROWS_AS(read(), EngineError);
    CHECK_THROWS_AS(connection.stream("SELECT nothing FROM t"), EngineError);
    CHECK_THROWS_AS(connection.stream("SELEC"), EngineError);
}

TEST_CASE("duckdb: types are told, lists too") {
    Database database{"", {}};
    Connection connection{database};
    Result result = connection.query("SELECT 1.50::DECIMAL(12,2) AS d, [1,NULL,3]::BIGINT[] AS l");
    CHECK(result.names() == std::vector<std::string>{"d", "l"});
    CHECK(result.types()[0].id == TypeId::decimal);
    CHECK(result.types()[0].width == 12);
    CHECK(result.types()[0].scale == 2);
    REQUIRE(result.next());
    const Vector elements = result.column(1).elements();
    CHECK(result.column(1).range(0).size == 3);
    CHECK(elements.at<std::int64_t>(2) == 3);
    CHECK(elements.is_null(1));
}

TEST_CASE("duckdb: what decides results is set, whatever the environment says") {
    Database database{"", {}};
    Connection connection{database};
    CHECK(connection.text("SELECT current_setting('TimeZone')") == "UTC");
    CHECK(connection.text("SELECT (5/2)::varchar") == "2");
    CHECK(connection.text("SELECT string_agg(coalesce(x::varchar, '-'), ',') FROM (SELECT * FROM "
                          "(VALUES (1), (NULL), (2)) v(x) ORDER BY x DESC)") == "-,2,1");
}

TEST_CASE("duckdb: it is shut in") {
    Database database{"", {}};
    Connection connection{database};
    for (const char* sql : {"SET threads = 2", "ATTACH '/tmp/other.db'",
                            "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_csv('/etc/passwd')",
                            "INSTALL httpfs", "LOAD httpfs", "COPY (SELECT 1) TO '/tmp/x'"}) {
        CAPTURE(sql);
        CHECK(code_of(connection, sql) != ExitCode::ok);
    }
}

TEST_CASE("duckdb: a value is to blame, or the statement") {
    Database database{"", {}};
    Connection connection{database};
    CHECK(code_of(connection, "SELECT 'x'::INTEGER") == ExitCode::bad_data);
    CHECK(code_of(connection, "SELECT 99999999999::INTEGER") == ExitCode::bad_data);
    CHECK(code_of(connection, "SELECT nothing") == ExitCode::usage);
    CHECK(code_of(connection, "SELEC 1") == ExitCode::usage);
}

TEST_CASE("duckdb: a transaction that is not committed leaves nothing") {
    Database database{"", {}};
    Connection connection{database};
    connection.execute("CREATE TABLE t (id BIGINT)");
    {
        const Transaction transaction{connection};
        connection.execute("INSERT INTO t VALUES (1)");
    }
    CHECK(connection.number("SELECT count(*) FROM t") == 0);
    {
        Transaction transaction{connection};
        connection.execute("INSERT INTO t VALUES (1)");
        transaction.commit();
    }
    CHECK(connection.number("SELECT count(*) FROM t") == 1);
}

TEST_CASE("duckdb: a SELECT to its tree and back") {
    Database database{"", {}};
    Connection connection{database};
    const std::string tree = serialize_sql(connection, "SELECT a FROM t WHERE b = 'it''s'");
    CHECK(tree.find("\"error\":false") != std::string::npos);
    CHECK(deserialize_sql(connection, tree) == "SELECT a FROM t WHERE (b = 'it''s')");
}

TEST_CASE("duckdb: quotients of numerics are PostgreSQL's, rounded at their own scale first") {
    const auto quotient = [](const char* a, const char* b, int places) {
        std::string out;
        CHECK(append_quotient(out, a, b, places) == QuotientError::none);
        return out;
    };
    CHECK(quotient("1", "3", 2) == "0.33");
    CHECK(quotient("-2", "3", 0) == "-1");
    CHECK(quotient("0.05", "-0.1", 1) == "-0.5");
    CHECK(quotient("-0.001", "3", 2) == "0.00");
    CHECK(quotient("10", "4", 3) == "2.500");
    CHECK(quotient("2.5", "1", 0) == "3");
    CHECK(quotient("999.995", "1", 2) == "1000.00");
    CHECK(quotient("-18960220795772155.965210", "69524225904168.0000000", 12) ==
          "-272.713871304470");
    CHECK(quotient("0.449999999999999999999", "1", 1) == "0.4");
    // This one has 20 digits behind the point in PostgreSQL, 0.45000000000000000000, and so 0.5.
    CHECK(quotient("44999999999999999999999", "100000000000000000000000", 1) == "0.5");
    CHECK(quotient("12345678901234567890123456789012345678", "7", 0) ==
          "1763668414462081127160493827001763668");
    std::string out;
    CHECK(append_quotient(out, "1", "0.00", 2) == QuotientError::division_by_zero);
    CHECK(append_quotient(out, "1", "10000000000000000000000000000000000000", 2) ==
          QuotientError::too_many_digits);
}

namespace {

std::string moment(std::string_view text) {
    const auto parsed = parse_moment_text(text);
    std::string out;
    if (parsed) {
        append_moment(out, *parsed);
    }
    return out;
}

} // namespace

TEST_CASE("duckdb: a text is a date or time where PostgreSQL and the engine read the same") {
    CHECK(moment(" 2024-1-05 ") == "2024-1-05");
    CHECK(moment("2024/01/05") == "2024/01/05");
    CHECK(moment("0044-03-15 bc") == "0044-03-15 (BC)");
    CHECK(moment("2024-01-05T10:20:30.5Z") == "2024-01-05 10:20:30.5 Z");
    CHECK(moment("2024-01-05  10:20:30 BC") == "2024-01-05 (BC) 10:20:30");
    CHECK(moment("2024-01-05 10:20:30 +05:30") == "2024-01-05 10:20:30+05:30");
    CHECK(moment("2024-01-05 10:20:30 Europe/Berlin") == "2024-01-05 10:20:30 Europe/Berlin");
    CHECK(moment("10:20") == "10:20");
    for (const char* text : {"",
                             "2024",
                             "2024-01",
                             "24-01-05",
                             "1/2/3",
                             "0000-01-01",
                             "-2024-01-01",
                             "2024-01/05",
                             "2024-13-01",
                             "2024-01-05x",
                             "2024-01-05 x",
                             "2024-01-05T",
                             "2024-01-05 -",
                             "2024-01-05 10:20:30 x",
                             "2024-01-05 10:20:30 PM",
                             "10:20:30 PM",
                             "25:00",
                             "10:60",
                             "2024-01-05 10:20:30 CET",
                             "2024-01-05 10:20:30+16",
                             "2024-01-05 10:20:30+05:3",
                             "2024-01-05 10:20:30 BC BC",
                             "infinity"}) {
        CAPTURE(text);
        CHECK(moment(text).empty());
    }
    CHECK(is_special_moment(" -Infinity "));
    CHECK(!is_special_moment("inf"));
}

TEST_CASE("duckdb: a text that becomes a date or time, as each type reads it") {
    const auto read = [](std::string_view text, MomentKind kind) {
        std::string out;
        return append_moment_text(out, text, kind) == MomentProblem::none ? out : "";
    };
    CHECK(read("2024-01-05 10:20:30.5+02", MomentKind::date) == "2024-01-05");
    CHECK(read("2024-01-05 10:20:30.5+02", MomentKind::timestamp) == "2024-01-05 10:20:30.5");
    CHECK(read("2024-01-05 10:20+02", MomentKind::timestamp_of_zone) == "2024-01-05 10:20:00+02");
    CHECK(read("2024-01-05 10:20:30 utc", MomentKind::timestamp_of_zone) ==
          "2024-01-05 10:20:30+00");
    CHECK(read("2024-01-05 10:20 EST", MomentKind::timestamp_of_zone) == "2024-01-05 10:20:00 EST");
    CHECK(read("10:20:30+02", MomentKind::time) == "10:20:30");
    CHECK(read("10:20:30 Z", MomentKind::time_of_zone) == "10:20:30+00");
    CHECK(read("2024-01-05 24:00", MomentKind::time) == "24:00:00");
    CHECK(read("10:20:30.12345678", MomentKind::time) == "10:20:30.123457");
    CHECK(read(" Infinity ", MomentKind::timestamp) == "Infinity");
    CHECK(read("5874897-12-31", MomentKind::date) == "5874897-12-31");
    CHECK(read("4714-11-24 BC", MomentKind::date) == "4714-11-24 (BC)");
    CHECK(read("5874898-01-01", MomentKind::date).empty());
    CHECK(read("4714-11-23 BC", MomentKind::date).empty());
    CHECK(read("2024-01-05 24:00:01", MomentKind::timestamp).empty());
    CHECK(read("2024-01-05 10:20 Foo/Bar", MomentKind::timestamp).empty());
    CHECK(read("10:20 EST", MomentKind::time_of_zone).empty());
    CHECK(read("10:20 BC", MomentKind::time).empty());
    CHECK(read("infinity", MomentKind::time).empty());
    std::string out;
    CHECK(append_moment_text(out, "10:20:59.9999999", MomentKind::time) ==
          MomentProblem::rounds_up);
}
