#include "base/error.hpp"
#include "binlog_file.hpp"
#include "mysql/completed_map.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cdc;
using mysql::ColumnType;
using mysql::TableMap;

namespace {

constexpr std::uint32_t kLatin1 = 8;
constexpr std::uint32_t kUtf8mb4 = 45;

TableMap::Column column(ColumnType type, std::uint16_t metadata, std::string name = "") {
    TableMap::Column out;
    out.type = type;
    out.metadata = metadata;
    out.name = std::move(name);
    return out;
}

/// Of (id int unsigned, state enum('a','b'), note varchar(20)) without its optional fields.
TableMap of_log() {
    TableMap map;
    map.db = "shop";
    map.table = "t";
    map.columns = {column(ColumnType::long_, 0), column(ColumnType::enum_, 1),
                   column(ColumnType::varchar, 20)};
    map.columns[0].nullable = false;
    map.has_charsets = false;
    return map;
}

TableMap of_catalog() {
    TableMap map = of_log();
    map.columns[0].name = "id";
    map.columns[0].is_unsigned = true;
    map.columns[1].name = "state";
    map.columns[1].labels = {"a", "b"};
    map.columns[1].collation = kUtf8mb4;
    map.columns[2].name = "note";
    map.columns[2].collation = kLatin1;
    map.primary_key = {0};
    map.has_names = map.has_signedness = map.has_charsets = true;
    return map;
}

std::string refusal(const TableMap& log, const std::optional<TableMap>& catalog) {
    try {
        completed_map(log, catalog);
    } catch (const base::Error& error) {
        CHECK(error.code() == base::ExitCode::refused);
        return error.what();
    }
    return "";
}

bool has(const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
}

} // namespace

TEST_CASE("a table map without names takes them from the catalog") {
    CHECK(completed_map(of_log(), of_catalog()) == of_catalog());

    TableMap minimal = of_log(); // what the log says stays
    minimal.has_signedness = minimal.has_charsets = true;
    minimal.columns[0].is_unsigned = true;
    minimal.columns[1].collation = kLatin1;
    minimal.columns[2].collation = kLatin1;
    CHECK(completed_map(minimal, of_catalog()) == of_catalog());

    TableMap old = of_log();
    old.columns[2] = column(ColumnType::datetime, 0);
    TableMap now = of_catalog();
    now.columns[2] = column(ColumnType::datetime2, 0, "seen");
    CHECK(completed_map(old, now).columns[2].type == ColumnType::datetime);
}

TEST_CASE("a catalog that is another one by what the log says is refused") {
    CHECK(refusal(of_log(), of_catalog()).empty());
    CHECK(has(refusal(of_log(), std::nullopt), "no such table now"));
    TableMap more = of_catalog();
    more.columns.push_back(column(ColumnType::long_, 0, "n"));
    CHECK(has(refusal(of_log(), more), "have 3 columns, the catalog 4"));
    TableMap wider = of_catalog();
    wider.columns[2].metadata = 21;
    CHECK(has(refusal(of_log(), wider), "column 3 of its rows is of another type than 'note'"));
    TableMap nullable = of_catalog();
    nullable.columns[0].nullable = true;
    CHECK(has(refusal(of_log(), nullable), "than 'id'"));
    TableMap minimal = of_log();
    minimal.has_signedness = true;
    CHECK(has(refusal(minimal, of_catalog()), "than 'id'"));
    minimal.columns[0].is_unsigned = true;
    minimal.columns[2].collation = kUtf8mb4;
    CHECK(has(refusal(minimal, of_catalog()), "than 'note'"));
}

TEST_CASE("collations by which other texts are equal than the same bytes have a name") {
    const mysql::Collations known = mysql::some_collations();
    const auto name = [&](std::uint32_t number, const std::string& of_catalog = "") {
        TableMap::Column text = column(ColumnType::varchar, 20);
        text.collation = number;
        text.collation_name = of_catalog;
        return known.inexact_name(text);
    };
    CHECK(name(255) == "utf8mb4_0900_ai_ci");
    CHECK(name(46) == "utf8mb4_bin"); // padded
    CHECK(name(63).empty());
    CHECK(name(309).empty());
    CHECK(name(1070).empty());
    CHECK(name(9999) == "9999");
    CHECK(name(kUtf8mb4, "utf8mb4_0900_bin").empty()); // the catalog's word counts
    CHECK(name(309, "utf8mb4_uca1400_ai_ci") == "utf8mb4_uca1400_ai_ci");
}

TEST_CASE("a table map without collations takes their names from the catalog") {
    TableMap catalog = of_catalog();
    catalog.columns[1].collation_name = catalog.columns[2].collation_name = "latin1_german1_ci";
    CHECK(completed_map(of_log(), catalog) == catalog);
    TableMap minimal = of_log(); // the log's number is that of its time
    minimal.has_charsets = true;
    minimal.columns[2].collation = kLatin1;
    const TableMap whole = completed_map(minimal, catalog);
    CHECK(whole.columns[1].collation_name == "latin1_german1_ci");
    CHECK(whole.columns[2].collation_name.empty());
}
