#include "postgres/column_match.hpp"

#include "support.hpp"

using namespace cdc::postgres;

namespace {

constexpr std::uint32_t kInt = 23;
constexpr std::uint32_t kText = 25;

std::string layout_of(std::uint32_t type) {
    return type == kInt ? "4i" : "-1i";
}

pgoutput::RelationColumn sent(std::string_view name, std::uint32_t type = kInt) {
    return {false, name, type, -1};
}
CatalogColumn row(int number, std::string name, std::uint32_t type = kInt, bool certain = false) {
    return {number, std::move(name), type, layout_of(type), certain};
}
CatalogColumn old(int number, std::string name, std::uint32_t type = kInt) {
    return row(number, std::move(name), type, true);
}
CatalogColumn dropped(int number, std::uint32_t type = kInt, bool certain = false) {
    return {number, "", 0, layout_of(type), certain};
}

/// Numbers; 0: none; negative: not certain.
std::vector<int> numbers(const std::vector<pgoutput::RelationColumn>& columns,
                         const std::vector<CatalogColumn>& rows) {
    std::vector<std::string> layouts;
    for (const auto& column : columns) {
        layouts.push_back(layout_of(column.type));
    }
    std::vector<int> out;
    for (const ColumnMatch& match : match_columns(columns, layouts, rows)) {
        const int number = match.row ? rows[*match.row].number : 0;
        out.push_back(match.certain ? number : -number);
    }
    return out;
}

using List = std::vector<int>;

} // namespace

TEST_CASE("columns that are as they were are certain") {
    CHECK(numbers({sent("id"), sent("v", kText)}, {old(1, "id"), old(2, "v", kText)}) ==
          List{1, 2});
    CHECK(numbers({sent("id"), sent("v")}, {old(1, "id"), dropped(2, kInt, true), old(3, "v")}) ==
          List{1, 3});
    CHECK(numbers({sent("id"), sent("v")}, {row(1, "id"), row(2, "v")}) == List{1, 2});
    CHECK(numbers({}, {row(1, "id")}).empty());
}

TEST_CASE("a column that was renamed since is known by its place") {
    CHECK(numbers({sent("id"), sent("v", kText)}, {old(1, "id"), row(2, "w", kText)}) ==
          List{1, 2});
    CHECK(numbers({sent("id"), sent("a"), sent("b")}, {old(1, "id"), row(2, "b"), row(3, "a")}) ==
          List{1, 2, 3});
}

TEST_CASE("a column that was dropped since is known by its place and its type's layout") {
    CHECK(numbers({sent("id"), sent("v"), sent("w")}, {old(1, "id"), dropped(2), old(3, "w")}) ==
          List{1, 2, 3});
    CHECK(numbers({sent("id"), sent("c", kText)}, {old(1, "id"), dropped(2), row(3, "c", kText)}) ==
          List{1, 3});
}

TEST_CASE("columns added since are behind those that were sent") {
    CHECK(numbers({sent("id")}, {old(1, "id"), row(2, "x"), row(3, "y")}) == List{1});
    CHECK(numbers({sent("id"), sent("x")}, {old(1, "id"), row(2, "x"), row(3, "y")}) == List{1, 2});
}

TEST_CASE("a column's type that was changed since does not hide it") {
    CHECK(numbers({sent("id"), sent("n")}, {old(1, "id"), row(2, "n", kText)}) == List{1, 2});
}

TEST_CASE("dropped and made anew cannot be told from renamed, dropped and made anew") {
    CHECK(numbers({sent("id"), sent("a")}, {old(1, "id"), dropped(2), row(3, "a")}) == List{1, -3});
    CHECK(numbers({sent("id"), sent("a")}, {old(1, "id"), dropped(2), row(3, "b")}) == List{1, 0});
    // What is older than the change, and has its name, is it.
    CHECK(numbers({sent("id"), sent("a")}, {old(1, "id"), dropped(2), old(3, "a")}) == List{1, 3});
}

TEST_CASE("a column that the stream did not carry is passed over") {
    CHECK(numbers({sent("id"), sent("b", kText)},
                  {old(1, "id"), row(2, "secret"), old(3, "b", kText)}) == List{1, 3});
    // It may have been generated then; or it was what is now another column.
    CHECK(numbers({sent("id"), sent("a")}, {old(1, "id"), row(2, "x"), row(3, "a")}) ==
          List{1, -3});
}

TEST_CASE("a table of which nothing is left has columns without numbers") {
    CHECK(numbers({sent("id"), sent("a")}, {}) == List{0, 0});
}
