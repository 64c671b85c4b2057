#include "event/pattern_check.hpp"

#include "event/column_edits.hpp"
#include "support.hpp"

using namespace cdc;

namespace {

event::PatternCheck check_of() {
    return {{{"public", "orders", {"id", "email"}}, {"sales", "orders", {"id", "e.mail"}}}, "shop"};
}

/// The hint of the one refusal; "": all patterns meet something.
std::string hint_of_tables(const std::string& pattern) {
    auto check = check_of();
    check.tables("--tables", {pattern});
    try {
        check.finish(false);
    } catch (const base::Error& error) {
        CHECK(error.code() == base::ExitCode::usage);
        return error.hint();
    }
    return {};
}

std::string hint_of_mask(const std::string& mask) {
    auto check = check_of();
    event::ColumnEdits{{}, {mask}, ""}.check(check);
    try {
        check.finish(false);
    } catch (const base::Error& error) {
        return error.hint();
    }
    return {};
}

} // namespace

TEST_CASE("patterns that meet a table pass") {
    CHECK(hint_of_tables("orders").empty());
    CHECK(hint_of_tables("public.*").empty());
    CHECK(hint_of_tables("public.orders,sales.*").empty());
}

TEST_CASE("a pattern that meets no table is refused, with the near name") {
    auto check = check_of();
    check.tables("--exclude", {"public.*,publik.orders"});
    CHECK_FAILS(check.finish(false), usage,
                "--exclude 'publik.orders' meets no table of database shop");
    CHECK(hint_of_tables("publik.orders").find("'public.orders'") != std::string::npos);
    CHECK(hint_of_tables("public.oders").find("'public.orders'") != std::string::npos);
    CHECK(hint_of_tables("odrers").find("Did you mean 'orders'?") != std::string::npos);
    const std::string far = hint_of_tables("customers");
    CHECK(far.find("Did you mean") == std::string::npos);
    CHECK(far.find("--allow-no-match") != std::string::npos);
}

TEST_CASE("a column that no table has is refused: it would leave unmasked") {
    CHECK(hint_of_mask("orders.email=hash").empty());
    CHECK(hint_of_mask("sales.*.\"e.mail\"=hash").empty());
    CHECK(hint_of_mask("public.orders.emial=hash").find("'public.orders.email'") !=
          std::string::npos);
    CHECK(hint_of_mask("public.order.email=hash").find("'public.orders.email'") !=
          std::string::npos);
    CHECK_FALSE(hint_of_mask("sales.orders.email=hash").empty());
    // One table of two that the rule names is not enough.
    CHECK_FALSE(hint_of_mask("public.orders,sales.oders.id=hash").empty());
}

TEST_CASE("names are meant literally") {
    auto check = check_of();
    check.name("--where", "orders", "table", {"orders"});
    check.finish(false);
    check.name("--where", "order*", "table", {"orders"});
    CHECK_FAILS(check.finish(false), usage, "--where 'order*' meets no table");
    check.finish(true);
}
