#include "event/table.hpp"

#include "support.hpp"

using namespace cdc::event;

namespace {
std::vector<Column> every_member() {
    Column column;
    column.name = "odd \"name\"";
    column.type = "mood[]";
    column.nullable = false;
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
    CHECK_FAILS(parse_columns(R"({"version":"x","columns":[]})", version), bad_data, "no columns");
    CHECK_FAILS(parse_columns(R"({"version":"x","columns":[{"name":1}]})", version), bad_data,
                "broken table line");
}

TEST_CASE("a table without schema is shown under its database") {
    CHECK(Table{"d", "", "t", {}}.display_name() == "d.t");
    CHECK(Table{"d", "s", "t", {}}.display_name() == "s.t");
}
