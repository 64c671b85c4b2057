#include "base/base64.hpp"
#include "event/decimal_bytes.hpp"
#include "kafka/connect_row.hpp"
#include "kafka/foreign.hpp"

#include "support.hpp"

#include <fmt/format.h>

using namespace cdc::kafka;

namespace {

std::string base64(std::string_view bytes) {
    std::string out;
    cdc::base::append_base64(out, bytes);
    return out;
}

/// A field of a row's schema.
std::string field(const std::string& name, const std::string& type, const std::string& more = "",
                  bool optional = true) {
    return R"({"type":")" + type + R"(","optional":)" + (optional ? "true" : "false") + more +
           R"(,"field":")" + name + R"("})";
}

std::string named(const std::string& name, const std::string& parameters = "") {
    return R"(,"name":")" + name + R"(","version":1)" +
           (parameters.empty() ? "" : R"(,"parameters":{)" + parameters + "}");
}

/// As Debezium's envelope has it.
std::string schema_of(const std::string& fields) {
    const std::string row = R"({"type":"struct","fields":[)" + fields + R"(],"optional":true,)";
    return R"({"type":"struct","fields":[)" + row + R"("field":"before"},)" + row +
           R"("field":"after"},)" + field("op", "string", "", false) +
           R"(],"optional":false,"name":"d.s.t.Envelope"})";
}

/// The value that a column of this type gets in our line, and its type there.
std::string converted(const std::string& field_text, const std::string& value,
                      const std::string& wanted_type, const std::string& connector = "postgresql") {
    const std::string schema = schema_of(field("id", "int32", "", false) + "," + field_text);
    ConnectRows rows;
    std::string out;
    const ConnectRow* row = append_foreign(
        out, R"({"schema":{"type":"struct"},"payload":{"id":1}})",
        R"({"schema":)" + schema + R"(,"payload":{"before":null,"after":{"id":1,"v":)" + value +
            R"(},"source":{"connector":")" + connector +
            R"(","db":"d","schema":"s","table":"t","lsn":1},"op":"c"}})",
        0, 5, &rows);
    REQUIRE(row != nullptr);
    REQUIRE(row->columns.size() == 2);
    CHECK(row->columns[0].name == "id");
    CHECK(row->columns[0].type == (connector == "postgresql" ? "integer" : "int"));
    CHECK(row->columns[0].key == 1);
    CHECK_FALSE(row->columns[0].nullable);
    CHECK(row->columns[1].type == wanted_type);
    CHECK(row->columns[1].key == 0);
    CHECK(row->columns[1].nullable);
    const std::string_view head = R"({"key":{"id":1},"before":null,"after":{"id":1,"v":)";
    REQUIRE(out.substr(0, head.size()) == head);
    return out.substr(head.size(), out.find(R"(},"source")") - head.size());
}

std::string v(const std::string& type, const std::string& more = "") {
    return field("v", type, more);
}

} // namespace

TEST_CASE("plain Connect types keep their values and get our names") {
    CHECK(converted(v("int16"), "-7", "smallint") == "-7");
    CHECK(converted(v("int64"), "9223372036854775807", "bigint") == R"("9223372036854775807")");
    CHECK(converted(v("float"), "1.5", "real") == "1.5");
    CHECK(converted(v("double"), "1e300", "double precision") == "1e300");
    CHECK(converted(v("boolean"), "true", "boolean") == "true");
    CHECK(converted(v("string"), R"("a\n")", "text") == R"("a\n")");
    CHECK(converted(v("bytes"), R"("AQ==")", "bytea") == R"("AQ==")");
    CHECK(converted(v("int32"), "null", "integer") == "null");
    CHECK(converted(v("string", named("io.debezium.data.Uuid")), R"("u")", "uuid") == R"("u")");
    CHECK(converted(v("string", named("io.debezium.data.Json")), R"("{}")", "json") == R"("{}")");
    CHECK(converted(R"({"type":"struct","fields":[],"optional":true,"field":"v"})", R"({"x": 1})",
                    "json") == R"("{\"x\":1}")");
}

TEST_CASE("dates and times become ISO 8601") {
    const std::string date = v("int32", named("io.debezium.time.Date"));
    CHECK(converted(date, "20290", "date") == R"("2025-07-21")");
    CHECK(converted(date, "-1", "date") == R"("1969-12-31")");
    CHECK(converted(date, "-719529", "date") == R"("0002-12-31 BC")");
    CHECK(converted(date, "-622191234", "date") == R"("infinity")");
    CHECK(converted(date, "-2147472692", "date") == R"("infinity")");
    CHECK(converted(date, "-625821272", "date") == R"("-infinity")");
    CHECK(converted(date, "-2147472691", "date") == R"("-infinity")");
    const std::string micros = v("int64", named("io.debezium.time.MicroTimestamp"));
    const char* type = "timestamp without time zone";
    CHECK(converted(micros, "1753092000123456", type) == R"("2025-07-21T10:00:00.123456")");
    CHECK(converted(micros, "1753092000500000", type) == R"("2025-07-21T10:00:00.5")");
    CHECK(converted(micros, "-1", type) == R"("1969-12-31T23:59:59.999999")");
    CHECK(converted(micros, "9223372036825200000", type) == R"("infinity")");
    CHECK(converted(micros, "-9223372036832400000", type) == R"("-infinity")");
    CHECK(converted(v("int64", named("io.debezium.time.Timestamp")), "1753092000007",
                    "timestamp(3) without time zone") == R"("2025-07-21T10:00:00.007")");
    CHECK(converted(v("int64", named("io.debezium.time.MicroTime")), "86400000000",
                    "time without time zone") == R"("24:00:00")");
    CHECK(converted(v("int32", named("io.debezium.time.Time")), "3723004",
                    "time(3) without time zone") == R"("01:02:03.004")");
    CHECK(converted(v("string", named("io.debezium.time.ZonedTimestamp")),
                    R"("2025-07-21T10:00:00.5Z")",
                    "timestamp with time zone") == R"("2025-07-21T10:00:00.5Z")");
}

TEST_CASE("timestamps with time zone of years that Java writes with a sign") {
    const auto of = [](const std::string& text) {
        return converted(v("string", named("io.debezium.time.ZonedTimestamp")), '"' + text + '"',
                         "timestamp with time zone");
    };
    CHECK(of("9999-12-31T23:59:59.999999Z") == R"("9999-12-31T23:59:59.999999Z")");
    CHECK(of("+10000-01-01T00:00:00.000000Z") == R"("10000-01-01T00:00:00.000000Z")");
    CHECK(of("0000-12-31T23:59:59.500000Z") == R"("0001-12-31 23:59:59.5+00 BC")");
    CHECK(of("-0043-03-15T10:00:00.000000Z") == R"("0044-03-15 10:00:00+00 BC")");
    CHECK(of("-4712-01-01T00:00:00Z") == R"("4713-01-01 00:00:00+00 BC")");
    for (const char* other : {"", "-", "+", "-infinity", "0000-", "+T-Z", "-TZ"}) {
        CHECK(of(other) == '"' + std::string{other} + '"'); // as it came
    }
}

TEST_CASE("decimals become their digits") {
    const std::string decimal =
        v("bytes", named("org.apache.kafka.connect.data.Decimal",
                         R"("scale":"2","connect.decimal.precision":"12")"));
    const auto of = [&](std::string_view bytes) {
        return converted(decimal, '"' + base64(bytes) + '"', "numeric(12,2)");
    };
    CHECK(of(std::string_view{"\0", 1}) == R"("0.00")");
    CHECK(of("\x01") == R"("0.01")");
    CHECK(of("\xff") == R"("-0.01")");
    CHECK(of(std::string_view{"\x30\x39", 2}) == R"("123.45")");
    CHECK(of(std::string_view{"\x80\x00", 2}) == R"("-327.68")");
    CHECK(converted(v("struct", named("io.debezium.data.VariableScaleDecimal")),
                    R"({"scale":3,"value":")" + base64("\x7b") + R"("})",
                    "numeric") == R"("0.123")");
    CHECK(converted(v("bytes", named("org.apache.kafka.connect.data.Decimal",
                                     R"("scale":"-2","connect.decimal.precision":"5")")),
                    '"' + base64("\x05") + '"', "numeric") == R"("500")");
    CHECK(cdc::event::decimal_text("\x05", -2) == "500");
    CHECK(cdc::event::decimal_text("", 0) == "0");
    CHECK(cdc::event::decimal_text(std::string(16, '\xff'), 0) == "-1");
    CHECK(cdc::event::decimal_text("\x7f" + std::string(15, '\xff'), 0) ==
          "170141183460469231731687303715884105727");
}

TEST_CASE("decimals that the converter writes as numbers become their digits too") {
    const auto of = [](const char* scale, const std::string& number) {
        return converted(v("bytes", named("org.apache.kafka.connect.data.Decimal",
                                          fmt::format(R"("scale":"{}")", scale))),
                         number, "numeric");
    };
    CHECK(of("2", "12.50") == R"("12.50")");
    CHECK(of("2", "-0.05") == R"("-0.05")");
    CHECK(of("0", "12345678901234567890") == R"("12345678901234567890")");
    CHECK(of("8", "12345678901234567890.12345678") == R"("12345678901234567890.12345678")");
    CHECK(of("8", "0E-8") == R"("0.00000000")");
    CHECK(of("10", "-1.5E-9") == R"("-0.0000000015")");
    CHECK(of("2", "1.5E+3") == R"("1500.00")");
    CHECK(of("1", "1.25") == "1.25"); // of another scale: as it came
}

TEST_CASE("bits and arrays") {
    const std::string bits = v("bytes", named("io.debezium.data.Bits", R"("length":"10")"));
    CHECK(converted(bits, '"' + base64("\x05\x02") + '"', "bit(10)") == R"("1000000101")");
    CHECK(converted(bits, '"' + base64("\x05") + '"', "bit(10)") == R"("0000000101")");
    CHECK(converted(bits, R"("")", "bit(10)") == R"("0000000000")");
    const std::string array =
        R"({"type":"array","items":{"type":"int32","optional":true,"name":"io.debezium.time.Date"},)"
        R"("optional":true,"field":"v"})";
    CHECK(converted(array, "[20290,null]", "date[]") == R"(["2025-07-21",null])");
    CHECK(converted(array, "[]", "date[]") == "[]");
}

TEST_CASE("what is not of the form that the schema names is kept as it came") {
    CHECK(converted(v("int32", named("io.debezium.time.Date")), R"("infinity")", "date") ==
          R"("infinity")");
    CHECK(converted(v("bytes", named("org.apache.kafka.connect.data.Decimal", R"("scale":"2")")),
                    R"("%%")", "numeric") == R"("%%")");
}

TEST_CASE("types of MySQL and MariaDB have the names of those") {
    const auto mysql = [](const std::string& field_text, const std::string& value,
                          const char* type) {
        return converted(field_text, value, type, "mysql");
    };
    CHECK(mysql(v("int8"), "-7", "tinyint") == "-7");
    CHECK(mysql(v("double"), "1e300", "double") == "1e300");
    CHECK(mysql(v("string"), R"("a")", "longtext") == R"("a")");
    CHECK(mysql(v("bytes"), R"("AQ==")", "longblob") == R"("AQ==")");
    CHECK(mysql(v("int32", named("io.debezium.time.Year")), "2155", "year") == "2155");
    CHECK(mysql(v("int64", named("io.debezium.time.Timestamp")), "1753092000007", "datetime(3)") ==
          R"("2025-07-21T10:00:00.007")");
    CHECK(mysql(v("int64", named("io.debezium.time.MicroTime")), "-3020399999999", "time(6)") ==
          R"("-838:59:59.999999")");
    const std::string precise = R"("scale":"2","connect.decimal.precision":"12")";
    CHECK(mysql(v("bytes", named("org.apache.kafka.connect.data.Decimal", precise)),
                R"(")" + base64("\x04\xd2") + R"(")", "decimal(12,2)") == R"("12.34")");
    const std::string bits = R"("length":"9")";
    CHECK(mysql(v("bytes", named("io.debezium.data.Bits", bits)),
                R"(")" + base64("\x55\x01") + R"(")", "bit(9)") == "341");
    CHECK(converted(v("bytes", named("io.debezium.data.Bits", bits)),
                    R"(")" + base64("\x55\x01") + R"(")", "bit(9)", "mariadb") == "341");
}

TEST_CASE("a schema is read once, and another shape or key has another version") {
    ConnectRows rows;
    const std::string one = schema_of(field("id", "int32") + "," + field("n", "string"));
    const std::string two = schema_of(field("id", "int32") + "," + field("n", "int64"));
    const std::string first = rows.of(one, R"({"id":1})", "postgresql")->version;
    CHECK(rows.of(one, R"({"id":2})", "postgresql")->version == first);
    CHECK(rows.of(two, R"({"id":1})", "postgresql")->version != first);
    CHECK(rows.of(one, "null", "postgresql")->version != first);
    CHECK(rows.of(one, R"({"id":1})", "postgresql")->version == first);
    CHECK(rows.of(R"({"type":"struct"})", "null", "postgresql") == nullptr);
    CHECK(rows.of("null", "null", "postgresql") == nullptr);
    CHECK(rows.of(R"({"fields":[{"field":"after","fields":[7]}]})", "null", "postgresql") ==
          nullptr);
}
