#include "base/error.hpp"
#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/progress.hpp"
#include "event/order.hpp"
#include "postgres/snapshot_lines.hpp"
#include "postgres/table_scan.hpp"

#include <doctest/doctest.h>

#include <string>

using cdc::base::Error;
using cdc::base::ExitCode;
using cdc::postgres::ScanRange;
using cdc::postgres::ScanSql;
using cdc::postgres::ScanTable;
using cdc::snapshot::parse_progress;
using cdc::snapshot::parse_where;
using cdc::snapshot::Progress;
using Json = nlohmann::ordered_json;

namespace {

ScanTable odd_table() {
    ScanTable table;
    table.schema = "Odd\"schema";
    table.name = "a.b";
    table.columns = {{"id", 23, -1, true}, {"na\"me", 25, -1, true}, {"v", 25, -1, false}};
    table.paging_key = {{"na\"me", "text", " COLLATE \"pg_catalog\".\"C\""}, {"id", "integer", ""}};
    return table;
}

ScanRange keys(std::vector<std::string> after, std::vector<std::string> until) {
    return {ScanRange::Kind::keys, 0, {}, std::move(after), std::move(until)};
}

ExitCode code_of(const std::string& where) {
    try {
        parse_where(where);
    } catch (const Error& error) {
        return error.code();
    }
    return ExitCode::ok;
}

} // namespace

TEST_CASE("a whole table is copied by its quoted name, a partitioned one through its root") {
    ScanTable table = odd_table();
    CHECK(ScanSql{table, ""}.copy({}) ==
          R"(COPY "Odd""schema"."a.b" ("id", "na""me", "v") TO STDOUT)");
    table.partitioned = true;
    CHECK(ScanSql{table, ""}.copy({}) ==
          R"(COPY (SELECT "id", "na""me", "v" FROM "Odd""schema"."a.b") TO STDOUT)");
}

TEST_CASE("generated columns are copied by a query, for COPY of a table refuses them") {
    ScanTable table = odd_table();
    table.columns.back().generated = true;
    CHECK(ScanSql{table, ""}.copy({}) ==
          R"(COPY (SELECT "id", "na""me", "v" FROM ONLY "Odd""schema"."a.b") TO STDOUT)");
}

TEST_CASE("conditions of the publication and of the user are both kept") {
    ScanTable table = odd_table();
    table.row_filter = "id > 1";
    CHECK(ScanSql{table, "v = 'x' OR true"}.copy({}) ==
          R"(COPY (SELECT "id", "na""me", "v" FROM ONLY "Odd""schema"."a.b" )"
          R"(WHERE (id > 1) AND (v = 'x' OR true)) TO STDOUT)");
}

TEST_CASE("pages are a range of ctid, open at the end of the table") {
    const ScanSql sql{odd_table(), ""};
    CHECK(sql.copy({ScanRange::Kind::pages, 10, 20, {}, {}}) ==
          R"(COPY (SELECT "id", "na""me", "v" FROM ONLY "Odd""schema"."a.b" )"
          R"(WHERE ctid >= '(10,0)'::tid AND ctid < '(20,0)'::tid) TO STDOUT)");
    CHECK(sql.copy({ScanRange::Kind::pages, 20, {}, {}, {}}) ==
          R"(COPY (SELECT "id", "na""me", "v" FROM ONLY "Odd""schema"."a.b" )"
          R"(WHERE ctid >= '(20,0)'::tid) TO STDOUT)");
}

TEST_CASE("keys are compared as rows, in the order and collation of the index") {
    const ScanSql sql{odd_table(), ""};
    CHECK(
        sql.copy(keys({"it's", "1"}, {"back\\slash", "2"})) ==
        R"(COPY (SELECT "id", "na""me", "v" FROM ONLY "Odd""schema"."a.b" )"
        R"(WHERE ROW("na""me" COLLATE "pg_catalog"."C", "id") > ROW('it''s'::text, '1'::integer) )"
        R"(AND ROW("na""me" COLLATE "pg_catalog"."C", "id") <= )"
        R"(ROW( E'back\\slash'::text, '2'::integer)) TO STDOUT)");
    CHECK(sql.bound({}, 100) == R"(SELECT "na""me", "id" FROM ONLY "Odd""schema"."a.b" )"
                                R"(ORDER BY "na""me" COLLATE "pg_catalog"."C", "id" )"
                                R"(LIMIT 1 OFFSET 99)");
    CHECK_THROWS_AS(sql.copy(keys({"one"}, {})), Error);
}

TEST_CASE("progress is read back as it was written") {
    Progress progress;
    progress.seq = 7;
    progress.tables.push_back({"public", "a.b", 16402, "", 200000, true, {}, {}, {}});
    progress.tables.push_back(
        {"s", "t", 1, cdc::snapshot::shape_of("1:733"), 5, false, {"x", "2"}, {"k", "l"}, "0001"});
    const Json json = progress.encode();
    CHECK(
        json.dump() ==
        R"({"seq":7,"tables":[{"schema":"public","table":"a.b","oid":16402,"rows":200000,)"
        R"("done":true},{"schema":"s","table":"t","oid":1,"shape":"ca7fdddb2459d545","rows":5,"order":"0001",)"
        R"("key":["k","l"],"after":["x","2"]}]})");
    const Progress back = parse_progress(json, "file");
    CHECK(back.encode() == json);
    REQUIRE(back.find("s", "t", 1) != nullptr);
    CHECK(back.find("s", "t", 1)->after == std::vector<std::string>{"x", "2"});
    CHECK(back.find("s", "t", 2) == nullptr); // dropped and made anew
}

TEST_CASE("broken progress is refused with the name of its file") {
    for (const char* text : {"{}", R"({"seq":1,"tables":[{"schema":"a"}]})", R"("later")",
                             R"({"seq":-1.5,"tables":[]})"}) {
        CAPTURE(text);
        try {
            parse_progress(Json::parse(text), "checkpoint file 'x'");
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(error.code() == ExitCode::bad_data);
        }
    }
}

TEST_CASE("--where is split at the first = outside quotes") {
    CHECK(parse_where("orders=id > 5").pattern == "orders");
    CHECK(parse_where("orders=id > 5").condition == "id > 5");
    CHECK(parse_where("s.\"a=b\"=x = 1").pattern == "s.\"a=b\"");
    CHECK(parse_where("s.\"a=b\"=x = 1").condition == "x = 1");
    CHECK(code_of("orders") == ExitCode::usage);
    CHECK(code_of("orders= ") == ExitCode::usage);
    CHECK(code_of("=id > 5") == ExitCode::usage);
}

TEST_CASE("the lines of a snapshot are those of cdc-event(5)") {
    using namespace cdc::postgres;
    ScanTable table = odd_table();
    table.schema = "inventory";
    table.name = "orders";
    std::vector<ColumnFacts> facts(3);
    for (std::size_t i = 0; i < facts.size(); ++i) {
        facts[i].column.name = table.columns[i].name;
        facts[i].column.type = i == 0 ? "integer" : "text";
        facts[i].codec = value_kind(table.columns[i].type);
    }
    const pgoutput::Relation relation = table.relation();
    const RelationPlan plan{relation, "db", facts};
    const auto order = cdc::event::Order::make(1, 22081008, 0);
    SnapshotLines lines{{"inv", "db", 22081008, order, 1763709000000}, plan};
    std::string out;
    lines.append_begin(out, order, true, 1763709000123);
    CHECK(out ==
          R"({"snapshot":{"status":"begin","whole":true},"source":{"version":")" CDC_VERSION
          R"(","connector":"postgresql","name":"inv","ts_ms":1763709000000,"snapshot":"true",)"
          R"("db":"db","schema":"inventory","table":"orders",)"
          R"("order":"0001000000000150edf0000000000000"},"ts_ms":1763709000123})"
          "\n");
    out.clear();
    lines.set_time(1763709000124);
    lines.append_row(out, {{'t', "7"}, {'t', "k"}, {'n', {}}});
    CHECK(out ==
          R"({"key":{"id":7,"na\"me":"k"},"before":null,"after":{"id":7,"na\"me":"k","v":null},)"
          R"("source":{"version":")" CDC_VERSION
          R"(","connector":"postgresql","name":"inv","ts_ms":1763709000000,"snapshot":"true",)"
          R"("db":"db","sequence":"[\"22081008\",\"22081008\"]","schema":"inventory",)"
          R"("table":"orders","txId":null,"lsn":22081008,"xmin":null,)"
          R"("order":"0001000000000150edf0000000000000"},"op":"r","ts_ms":1763709000124})"
          "\n");
    CHECK_THROWS_AS(lines.append_row(out, {{'t', "7"}}), Error);
}
