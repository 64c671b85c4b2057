#include "clickhouse/row_format.hpp"
#include "clickhouse/row_text.hpp"
#include "clickhouse/value_policy.hpp"

#include "support.hpp"

using namespace cdc::clickhouse;

namespace {

/// What a value that does not fit becomes; "fails" when the policy leaves it an error.
std::string decided(const char* type, std::string_view json, const ValuePolicy& policy) {
    ColumnMapping column;
    column.type = *parse_type(type);
    char bytes[256];
    char* out = bytes;
    REQUIRE(append_value(out, column, json) != nullptr);
    ValueCounts counts;
    if (!append_by_policy(out, column, json, policy, counts)) {
        CHECK(out == bytes);
        CHECK(counts.all() == 0);
        return "fails";
    }
    CHECK(counts.all() == 1);
    std::string text;
    const char* at = bytes;
    CHECK(append_value_text(text, at, out, column.type));
    return text;
}

ValuePolicy all(Misfit misfit) {
    return {misfit, misfit, NullPolicy::zero};
}

} // namespace

TEST_CASE("Pain 23: dates beyond the column fail, become NULL, or the nearest") {
    const char* const time = "Nullable(DateTime64(3, 'UTC'))";
    for (const char* value : {"\"infinity\"", "\"-infinity\"", "\"0044-03-15T10:00:00 BC\"",
                              "\"10000-01-01T00:00:00\"", "\"1899-12-31T23:59:59\""}) {
        CHECK(decided(time, value, {}) == "fails");
        CHECK(decided(time, value, all(Misfit::null)) == "null");
    }
    CHECK(decided(time, "\"infinity\"", all(Misfit::clamp)) == "\"2299-12-31 23:59:59.999\"");
    CHECK(decided(time, "\"-infinity\"", all(Misfit::clamp)) == "\"1900-01-01 00:00:00.000\"");
    CHECK(decided("Date32", "\"0044-03-15 BC\"", all(Misfit::clamp)) == "\"1900-01-01\"");
    CHECK(decided("Date32", "\"2300-01-01\"", all(Misfit::clamp)) == "\"2299-12-31\"");
    CHECK(decided("Date32", "\"soon\"", all(Misfit::clamp)) == "fails");
    const char* const nanoseconds = "DateTime64(9, 'UTC')";
    CHECK(decided(nanoseconds, "\"2280-01-01T00:00:00\"", all(Misfit::clamp)) ==
          "\"2262-04-11 00:00:00.999999999\"");
    CHECK(decided(nanoseconds, "\"soon\"", all(Misfit::clamp)) == "fails");
}

TEST_CASE(
    "Pain 24: zero, partial and invalid dates become NULL, or the epoch in a NOT NULL column") {
    CHECK(decided("Nullable(Date32)", "\"0000-00-00\"", all(Misfit::null)) == "null");
    CHECK(decided("Date32", "\"0000-00-00\"", all(Misfit::null)) == "\"1970-01-01\"");
    CHECK(decided("Date32", "\"2020-00-00\"", all(Misfit::null)) == "\"1970-01-01\"");
    CHECK(decided("Date32", "\"2020-00-00\"", all(Misfit::clamp)) == "fails");
    CHECK(decided("Date32", "\"2020-02-31\"", all(Misfit::null)) == "\"1970-01-01\"");
    CHECK(decided("Date32", "\"2020-02-31\"", all(Misfit::clamp)) == "fails");
    CHECK(decided("Date32", "\"2020-13-01\"", all(Misfit::null)) == "fails");
    CHECK(decided("Date32", "\"2020-01-32\"", all(Misfit::null)) == "fails");
}

TEST_CASE("Pain 22: an overflow is an error unless a policy is given") {
    CHECK(decided("Decimal(4, 2)", "\"100.00\"", {}) == "fails");
    CHECK(decided("Decimal(4, 2)", "\"100.00\"", all(Misfit::clamp)) == "\"99.99\"");
    CHECK(decided("Decimal(4, 2)", "\"-1e9\"", all(Misfit::clamp)) == "fails");
    CHECK(decided("Decimal(4, 4)", "\"-7\"", all(Misfit::clamp)) == "\"-0.9999\"");
    CHECK(decided("Decimal(4, 2)", "\"NaN\"", all(Misfit::clamp)) == "fails");
    CHECK(decided("Nullable(Decimal(4, 2))", "\"NaN\"", all(Misfit::clamp)) == "null");
    CHECK(decided("Decimal(4, 2)", "\"1.005\"", all(Misfit::clamp)) == "fails");
    CHECK(decided("Int16", "-40000", all(Misfit::clamp)) == "-32768");
    CHECK(decided("UInt8", "-1", all(Misfit::clamp)) == "0");
    CHECK(decided("UInt64", "\"18446744073709551616\"", all(Misfit::clamp)) ==
          "18446744073709551615");
    CHECK(decided("Int32", "1.5", all(Misfit::clamp)) == "fails");
}

TEST_CASE("NULL for a column that is not Nullable becomes its default by policy only") {
    CHECK(decided("Int32", "null", {}) == "fails");
    CHECK(decided("Int32", "null", all(Misfit::fail)) == "0");
    CHECK(decided("String", "null", all(Misfit::fail)) == "\"\"");
}

TEST_CASE("what nobody asked for is not replaced") {
    CHECK(ValuePolicy{}.dates == Misfit::fail);
    CHECK(ValuePolicy{}.numbers == Misfit::fail);
}
