#include "base/error.hpp"
#include "postgres/copy_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using cdc::base::Error;
using cdc::base::ExitCode;
using cdc::postgres::decode_copy_row;
using cdc::postgres::pgoutput::Tuple;

namespace {

/// The fields of a row, "<null>" for NULL.
std::vector<std::string> decoded(std::string row) {
    Tuple fields;
    decode_copy_row(row.data(), row.size(), fields);
    std::vector<std::string> out;
    for (const auto& field : fields) {
        out.push_back(field.kind == 'n' ? "<null>" : std::string{field.text});
    }
    return out;
}

using Row = std::vector<std::string>;

bool is_refused(std::string row) {
    Tuple fields;
    try {
        decode_copy_row(row.data(), row.size(), fields);
    } catch (const Error& error) {
        return error.code() == ExitCode::bad_data;
    }
    return false;
}

} // namespace

TEST_CASE("a COPY row is split at tabs") {
    CHECK(decoded("1\ttwo\t3.5\n") == Row{"1", "two", "3.5"});
    CHECK(decoded("\n") == Row{""});
    CHECK(decoded("\t\n") == Row{"", ""});
    CHECK(decoded("a\t\tb\n") == Row{"a", "", "b"});
}

TEST_CASE("every escape of COPY's text format is undone") {
    CHECK(decoded("\\b\\f\\n\\r\\t\\v\\\\\n") == Row{"\b\f\n\r\t\v\\"});
    CHECK(decoded("a\\tb\tc\\nd\n") == Row{"a\tb", "c\nd"});
    CHECK(decoded("\\\\N\n") == Row{"\\N"});
    CHECK(decoded("\\\\x6869\n") == Row{"\\x6869"});
    CHECK(decoded("long enough for sixteen bytes \\\\ and as many behind it again\tx\n") ==
          Row{"long enough for sixteen bytes \\ and as many behind it again", "x"});
}

TEST_CASE("only a whole field \\N is NULL in a COPY row") {
    CHECK(decoded("\\N\n") == Row{"<null>"});
    CHECK(decoded("\\N\t\\N\tN\n") == Row{"<null>", "<null>", "N"});
    CHECK(is_refused("\\Nx\n"));
    CHECK(is_refused("x\\N\n"));
}

TEST_CASE("a special byte is found at every place of a long field") {
    for (std::size_t length = 0; length < 70; ++length) {
        const std::string plain(length, 'x');
        CHECK(decoded(plain + "\t" + plain + "\\t" + plain + "\n") ==
              Row{plain, plain + "\t" + plain});
        CHECK(decoded(plain + "\t\\N\t" + plain + "\n") == Row{plain, "<null>", plain});
    }
}

TEST_CASE("a COPY row that is cut anywhere is refused") {
    const std::string row = "12\ta\\tb\t\\N\tlast field of this row\n";
    for (std::size_t length = 0; length < row.size(); ++length) {
        CAPTURE(length);
        CHECK(is_refused(row.substr(0, length)));
    }
}

TEST_CASE("what the server never writes is refused in a COPY row") {
    CHECK(is_refused("\\x41\n"));
    CHECK(is_refused("\\101\n"));
    CHECK(is_refused("\\.\n"));
    CHECK(is_refused("a\\\n"));
    CHECK(is_refused("one\ntwo\n"));
}

TEST_CASE("the memory of the fields is kept from row to row") {
    Tuple fields;
    std::string first = "a\tb\tc\n";
    std::string second = "d\n";
    decode_copy_row(first.data(), first.size(), fields);
    CHECK(fields.size() == 3);
    decode_copy_row(second.data(), second.size(), fields);
    REQUIRE(fields.size() == 1);
    CHECK(fields[0].text == "d");
    CHECK(fields.capacity() >= 3);
}
