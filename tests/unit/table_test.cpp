#include "event/shape_change.hpp"
#include "event/table.hpp"

#include "support.hpp"

#include <array>

using namespace cdc::event;

namespace {
std::vector<Column> every_member() {
    Column column;
    column.name = "odd \"name\"";
    column.type = "mood[]";
    column.nullable = false;
    column.number = 4;
    column.key = 2;
    column.precision = 12;
    column.scale = 2;
    column.labels = {"sad", "ok"};
    column.element = "mood";
    column.generated = true;
    column.default_json = "\"x\"";
    column.comment = "tells\nmore";
    Column plain;
    plain.name = "plain";
    plain.type = "text";
    return {column, plain};
}
} // namespace

TEST_CASE("columns are read back from a table line as they were written") {
    Table table{"db", "s", "t", every_member()};
    std::string line;
    append_table_line(line, table, R"({"db":"db"})", 7);
    const auto start = line.find(R"({"name":"s.t")");
    const auto end = line.find(R"(,"source":)");
    std::string version;
    const auto columns = parse_columns(line.substr(start, end - start), version);
    CHECK(columns == table.columns);
    CHECK(version == shape_version(columns));
}

TEST_CASE("the value of older rows is read back as it was written") {
    for (const char* value : {"-0", "0", "-1", "1e-07", R"("-0")", "[-0,null,[1.5,-0],[]]", "true",
                              R"({"bounds":"[0:1]","elements":[-0,2]})", R"({"odd \"x\"":1})"}) {
        Table table{"db", "s", "t", every_member()};
        table.columns.back().default_json = value;
        std::string line;
        append_table_line(line, table, R"({"db":"db"})", 7);
        const auto start = line.find(R"({"name":"s.t")");
        std::string version;
        const auto columns =
            parse_columns(line.substr(start, line.find(R"(,"source":)") - start), version);
        CHECK(columns.back().default_json == value);
        CHECK(version == shape_version(columns));
    }
}

TEST_CASE("the version follows every member and nothing else") {
    const auto base = every_member();
    CHECK(shape_version(base) == shape_version(every_member()));
    const auto differs = [&](auto change) {
        auto other = base;
        change(other[0]);
        return shape_version(other) != shape_version(base);
    };
    CHECK(differs([](Column& c) { c.name = "n"; }));
    CHECK(differs([](Column& c) { c.type = "text"; }));
    CHECK(differs([](Column& c) { c.nullable = true; }));
    CHECK(differs([](Column& c) { c.key = 1; }));
    CHECK(differs([](Column& c) { c.number = 5; }));
    CHECK(differs([](Column& c) { c.scale = 3; }));
    CHECK(differs([](Column& c) { c.precision = {}; }));
    CHECK(differs([](Column& c) { c.labels.pop_back(); }));
    CHECK(differs([](Column& c) { c.default_json.clear(); }));
    CHECK(differs([](Column& c) { c.generated = false; }));
    CHECK(differs([](Column& c) { c.comment.clear(); }));
}

TEST_CASE("broken table lines are bad data") {
    std::string version;
    CHECK_FAILS(parse_columns("{}", version), bad_data, "broken table line");
    CHECK(parse_columns(R"({"version":"x","columns":[]})", version).empty());
    CHECK_FAILS(parse_columns(R"({"version":"x","columns":[{"name":1}]})", version), bad_data,
                "broken table line");
    CHECK_FAILS(parse_table(R"({"version":"x","collations":["a"],"columns":[]})"), bad_data,
                "broken table line");
}

TEST_CASE("a table without schema is shown under its database") {
    CHECK(Table{"d", "", "t", {}}.display_name() == "d.t");
    CHECK(Table{"d", "s", "t", {}}.display_name() == "s.t");
}

TEST_CASE("what a table line says of the table itself is read back") {
    Table table{"db", "s", "t", every_member()};
    table.oid = 4294967295;
    table.stale = "column \"a\" was dropped";
    table.unfilled = {"plain"};
    table.collations = {{"b \"x\"", "utf8mb4_0900_ai_ci"}, {"a", "latin1_swedish_ci"}};
    std::string line;
    append_table_line(line, table, "{}", 7);
    std::string version;
    const Table read = parse_table(line.substr(9, line.find(R"(,"source":)") - 9), version);
    CHECK(read.oid == table.oid);
    CHECK(read.stale == table.stale);
    CHECK(read.unfilled == table.unfilled);
    CHECK(read.collations == table.collations);
    CHECK(line.find(R"("collations":{"a":"latin1_swedish_ci","b \"x\"":"utf8mb4_0900_ai_ci"},)") !=
          std::string::npos);
    CHECK(version == shape_version(table.columns));
}

namespace {
Table shape(const std::vector<std::array<std::string, 3>>& columns, std::uint32_t oid = 1) {
    Table table{"db", "s", "t", {}};
    table.oid = oid;
    for (const auto& [number, name, type] : columns) {
        Column column;
        column.number = std::stoi(number);
        column.name = name;
        column.type = type;
        table.columns.push_back(column);
    }
    return table;
}
} // namespace

TEST_CASE("changes of shape that alter stored rows make copies stale") {
    const Table before = shape({{"1", "id", "integer"}, {"2", "a", "integer"}});
    const auto why = [&](const Table& after) {
        return stale_reason(before, after);
    };
    CHECK(why(before).empty());
    Table dropped = shape({{"1", "id", "integer"}});
    CHECK(why(dropped) == "column 'a' was dropped, and the table has no key");
    dropped.columns[0].key = 1;
    CHECK(why(dropped).empty());
    CHECK(why(shape({{"1", "id", "integer"}, {"2", "a", "integer"}, {"3", "b", "text"}})).empty());
    CHECK(why(shape({{"1", "id", "integer"}, {"2", "a", "integer"}}, 2)) ==
          "another table has its name now");
    CHECK(why(shape({{"1", "id", "integer"}, {"2", "b", "integer"}})) ==
          "column 'b' was called 'a'");
    CHECK(why(shape({{"1", "id", "integer"}, {"3", "a", "integer"}})) ==
          "column 'a' was dropped and made anew");
    CHECK(why(shape({{"1", "id", "integer"}, {"2", "a", "bigint"}})) ==
          "the type of column 'a' was changed from 'integer' to 'bigint'");

    Table added = shape({{"1", "id", "integer"}, {"2", "a", "integer"}, {"3", "b", "text"}});
    added.unfilled = {"a", "b"};
    CHECK(why(added) == "column 'b' was added with values of its own in old rows");
    added.columns.pop_back();
    CHECK(why(added).empty()); // an old column's default is no news

    Table labels = before;
    labels.columns[1].labels = {"sad", "ok"};
    Table renamed = labels;
    renamed.columns[1].labels = {"sad", "good", "new"};
    CHECK(stale_reason(labels, renamed) == "label 'ok' of column 'a' was renamed");
    renamed.columns[1].labels = {"new", "sad", "ok"};
    CHECK(stale_reason(labels, renamed).empty());

    // Lines of other sources and older versions have no numbers.
    CHECK(
        stale_reason(shape({{"0", "id", "integer"}}, 0), shape({{"5", "id", "integer"}})).empty());
}

TEST_CASE("types that can change without touching a value") {
    for (const auto& types : std::vector<std::pair<std::string, std::string>>{
             {"character varying(10)", "character varying(20)"},
             {"character varying(10)", "text"},
             {"character varying", "text"},
             {"text", "character varying"},
             {"numeric(8,2)", "numeric(12,2)"},
             {"numeric(8,0)", "numeric"},
             {"numeric(80,2)", "numeric(90,2)"},
             {"timestamp(3) with time zone", "timestamp(6) with time zone"},
             {"timestamp(3) without time zone", "timestamp without time zone"},
             {"tinyint", "smallint"},
             {"tinyint unsigned", "smallint"},
             {"int unsigned", "bigint"},
             {"decimal(8,2)", "decimal(12,2)"},
             {"decimal(8,2) unsigned", "decimal(8,2)"},
             {"char(5)", "varchar(5)"},
             {"varchar(5)", "varchar(6)"},
             {"varchar(65535)", "text"},
             {"tinytext", "longtext"}}) {
        const std::string& from = types.first;
        const std::string& to = types.second;
        CAPTURE(from);
        CHECK(keeps_values(from, to));
        CHECK(!keeps_values(to, from.find('(') == std::string::npos ? "bytea" : from));
    }
    for (const auto& types : std::vector<std::pair<std::string, std::string>>{
             {"integer", "bigint"},
             {"numeric(8,2)", "numeric(12,3)"},
             {"numeric(8,2)", "numeric"},
             {"numeric(8,2)", "numeric(90,2)"},
             {"numeric", "numeric(12,3)"},
             {"timestamp(3) without time zone", "timestamp(6) with time zone"},
             {"character(5)", "character(10)"},
             {"text", "public.citext"},
             {"int", "int unsigned"},
             {"int unsigned", "int"},
             {"bigint unsigned", "bigint"},
             {"int", "float"},
             {"int", "varchar(11)"},
             {"decimal(8,2)", "decimal(12,3)"},
             {"decimal(8,2)", "decimal(12,2) unsigned"},
             {"varchar(5)", "char(5)"},
             {"varchar(5)", "tinytext"},
             {"varchar(5)", "varbinary(5)"},
             {"text", "varchar(65535)"},
             {"time", "time(3)"}}) {
        const std::string& from = types.first;
        const std::string& to = types.second;
        CAPTURE(from);
        CHECK(!keeps_values(from, to));
    }
}
