#include "cdc-transform/column_types.hpp"
#include "cdc-transform/named_relations.hpp"
#include "cdc-transform/value_json.hpp"
#include "duckdb/database.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace cdc;
using base::Error;
using base::ExitCode;

namespace {

/// Closed when the test ends: the engine's threads must not outlive what they use.
class Values {
public:
    std::string json_of(const std::string& expression) {
        duckdb::Result result = connection().query("SELECT " + expression);
        REQUIRE(result.next());
        std::string out;
        transform::append_value(out, result.column(0), 0);
        return out;
    }

    /// A value as a source of PostgreSQL writes it, stored and written again.
    std::string through(const event::Column& column, const std::string& text,
                        const std::string& connector = "postgresql") {
        const transform::StoredColumn stored = transform::stored_column(column, connector, "");
        return json_of(stored.from_text(duckdb::quoted_text(text) + "::VARCHAR"));
    }

protected:
    duckdb::Connection& connection() { return m_connection; }

private:
    duckdb::Database m_database{"", {}};
    duckdb::Connection m_connection{m_database};
};

event::Column column(const std::string& type) {
    event::Column out;
    out.name = "c";
    out.type = type;
    return out;
}

} // namespace

TEST_CASE_FIXTURE(Values, "transform: values come out as the source wrote them") {
    const std::pair<const char*, const char*> values[] = {
        {"boolean", "true"},
        {"integer", "-12"},
        {"bigint", "9007199254740992"},
        {"real", "0.1"},
        {"real", "1e+10"},
        {"real", "100000"},
        {"double precision", "0.0001"},
        {"double precision", "1e-05"},
        {"double precision", "1e+20"},
        {"double precision", "123456789012345"},
        {"double precision", "0"},
        {"text", "\"it's\""},
        {"date", "\"2025-07-21\""},
        {"date", "\"infinity\""},
        {"date", "\"-infinity\""},
        {"date", "\"0044-03-15 BC\""},
        {"date", "\"12025-07-21\""},
        {"timestamp(3) without time zone", "\"2025-07-21T10:00:00.123\""},
        {"timestamp without time zone", "\"2025-07-21T10:00:00\""},
        {"timestamp without time zone", "\"1969-12-31T23:59:59.999999\""},
        {"timestamp without time zone", "\"infinity\""},
        {"timestamp without time zone", "\"0044-03-15 10:00:00 BC\""},
        {"timestamp with time zone", "\"2025-07-21T10:00:00.5Z\""},
        {"time without time zone", "\"24:00:00\""},
        {"time without time zone", "\"10:00:00.123456\""},
        {"uuid", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""},
        {"uuid", "\"00000000-0000-0000-0000-000000000000\""},
        {"bytea", "\"3q2+7w==\""},
        {"numeric", "\"123456789012345678901234567890123456789012.5\""},
    };
    for (const auto& [type, json] : values) {
        const std::string shown = std::string{type} + " " + json;
        CAPTURE(shown);
        std::string text = json;
        if (text.front() == '"') {
            text = text.substr(1, text.size() - 2);
        }
        CHECK(through(column(type), text) == json);
    }
    CHECK(through(column("double precision"), "NaN") == "\"NaN\"");
    CHECK(through(column("double precision"), "-Infinity") == "\"-Infinity\"");
    CHECK(through(column("bigint"), "9223372036854775807") == "\"9223372036854775807\"");
    CHECK(through(column("bigint unsigned"), "18446744073709551615", "mysql") ==
          "\"18446744073709551615\"");
    CHECK(through(column("timestamp(3)"), "2025-07-21T10:00:00.120Z", "mysql") ==
          "\"2025-07-21T10:00:00.12Z\"");
}

TEST_CASE_FIXTURE(Values, "transform: decimals have all digits of their scale") {
    event::Column price = column("numeric(12,2)");
    price.precision = 12;
    price.scale = 2;
    CHECK(through(price, "-0.05") == "\"-0.05\"");
    CHECK(through(price, "9999999999.99") == "\"9999999999.99\"");
    price.precision = 38;
    price.scale = 10;
    CHECK(through(price, "-1234567890123456789012345678.0123456789") ==
          "\"-1234567890123456789012345678.0123456789\"");
    price.precision = 3;
    price.scale = 3;
    CHECK(through(price, "0.001") == "\"0.001\"");
}

TEST_CASE_FIXTURE(Values, "transform: a declared decimal takes what fits, and nothing is rounded") {
    const transform::StoredColumn stored =
        transform::stored_column(column("numeric"), "postgresql", "decimal(10,2)");
    CHECK(stored.type == "DECIMAL(10,2)");
    CHECK(json_of(stored.from_text("'1.5'::VARCHAR")) == "\"1.50\"");
    CHECK(json_of(stored.from_text("'1.5000'::VARCHAR")) == "\"1.50\"");
    for (const char* text : {"1.239", "12345678901", "NaN"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(json_of(stored.from_text(duckdb::quoted_text(text) + "::VARCHAR")), Error);
    }
    CHECK(transform::stored_column(column("integer"), "postgresql", "text").type == "VARCHAR");
    CHECK_THROWS_AS(transform::stored_column(column("numeric"), "postgresql", "decimal(40,2)"),
                    Error);
    CHECK_THROWS_AS(transform::stored_column(column("numeric"), "postgresql", "integer"), Error);
}

TEST_CASE_FIXTURE(Values, "transform: arrays are lists") {
    event::Column list = column("integer[]");
    list.element = "integer";
    CHECK(through(list, "[1,null,3]") == "[1,null,3]");
    list = column("text[]");
    list.element = "text";
    CHECK(through(list, R"(["a","b\"c"])") == R"(["a","b\"c"])");
}

TEST_CASE_FIXTURE(Values, "transform: what a view computes has PostgreSQL's type names") {
    const std::pair<const char*, const char*> types[] = {
        {"1::BIGINT", "bigint"},
        {"sum(x) FROM (VALUES (1::BIGINT)) v(x)", "numeric(38,0)"},
        {"1.50::DECIMAL(12,2)", "numeric(12,2)"},
        {"1::DOUBLE", "double precision"},
        {"'x'", "text"},
        {"now()", "timestamp with time zone"},
        {"[1::INTEGER]", "integer[]"},
    };
    for (const auto& [expression, name] : types) {
        duckdb::Result result = connection().query(std::string{"SELECT "} + expression);
        CHECK(transform::type_name(result.types()[0], "column") == name);
    }
    duckdb::Result interval = connection().query("SELECT INTERVAL 1 DAY");
    CHECK_THROWS_AS(transform::type_name(interval.types()[0], "column"), Error);
}

TEST_CASE_FIXTURE(Values, "transform: a SELECT names tables wherever they stand, and no CTE") {
    const std::string tree = duckdb::serialize_sql(
        connection(), "WITH w AS (SELECT * FROM a) SELECT *, (SELECT max(x) FROM b) FROM w JOIN "
                      "s.c ON true WHERE EXISTS (SELECT 1 FROM d) UNION SELECT * FROM a");
    CHECK(transform::named_relations(tree) == std::vector<std::string>{"a", "b", "d", "s.c"});
}

TEST_CASE("transform: by what a source compares the texts of a column") {
    event::Table table;
    table.collations = {{"c", "utf8mb4_0900_ai_ci"}};
    const auto of = [&](const event::Column& column, const char* connector, const char* declared) {
        return transform::collation_of(table, column, connector, declared, "shop.t");
    };
    const views::Collation mysql = of(column("varchar(20)"), "mysql", "");
    CHECK(mysql.name == "utf8mb4_0900_ai_ci");
    CHECK(mysql.column == "shop.t.c");
    CHECK_FALSE((mysql.padded || mysql.labels));
    CHECK(of(column("varchar(20)"), "mysql", "text").empty());
    event::Column kind = column("enum");
    kind.labels = {"a", "b"};
    CHECK(of(kind, "mariadb", "").labels);

    table.collations.clear(); // of a line of an older version, and of PostgreSQL
    CHECK(of(column("char(20)"), "mysql", "").empty());
    for (const char* plain : {"text", "character varying(5)", "\"char\"", "name", "integer"}) {
        CHECK_MESSAGE(of(column(plain), "postgresql", "").empty(), plain);
    }
    for (const char* padded : {"character(5)", "bpchar"}) {
        CHECK(of(column(padded), "postgresql", "").name == padded);
        CHECK(of(column(padded), "postgresql", "").padded);
    }
    CHECK(of(column("public.citext"), "postgresql", "").name == "public.citext");
    CHECK(of(column("public.citext"), "postgresql", "text").empty());
    event::Column list = column("public.citext[]");
    list.element = "public.citext";
    CHECK(of(list, "postgresql", "").name == "public.citext[]");
    event::Column odd = column("citext");
    odd.name = "Odd";
    CHECK(of(odd, "postgresql", "").column == "shop.t.\"Odd\"");
}

TEST_CASE("transform: what is kept as text says by what its source compares it") {
    using Kind = views::Collation::Kind;
    const auto kind = [](event::Column of, const std::string& connector = "postgresql",
                         const std::string& declared = "") {
        const views::Collation found =
            transform::collation_of(event::Table{}, of, connector, declared, "public.t");
        return found.empty() ? Kind::text : found.kind;
    };
    for (const char* type :
         {"numeric", "interval", "jsonb", "inet", "cidr", "money", "time with time zone"}) {
        CHECK_MESSAGE(kind(column(type)) == Kind::value, type);
        CHECK_MESSAGE(kind(column(type), "postgresql", "text") == Kind::text, type);
    }
    for (const char* type : {"text", "integer", "uuid", "json", "macaddr", "bytea", "xid"}) {
        CHECK_MESSAGE(kind(column(type)) == Kind::text, type);
    }
    event::Column digits = column("numeric(12,2)");
    digits.precision = 12;
    digits.scale = 2;
    CHECK(kind(digits) == Kind::text);
    digits.precision = 40;
    CHECK(kind(digits) == Kind::value);
    event::Column mood = column("public.mood");
    mood.labels = {"sad", "ok"};
    CHECK(kind(mood) == Kind::order);
    CHECK(kind(column("time"), "mysql") == Kind::order);
    CHECK(kind(column("pg_lsn")) == Kind::order);
}
