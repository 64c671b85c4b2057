#include "cdc-capture/patterns.hpp"

#include "event/pattern_check.hpp"
#include "io/stop_signal.hpp"
#include "mysql/server.hpp"
#include "postgres/patience.hpp"
#include "postgres/present_tables.hpp"

namespace cdc::capture {

namespace {

void check(const Options& options, event::PatternCheck check) {
    check.tables("--tables", options.tables);
    check.tables("--exclude", options.exclude);
    options.edits.check(check);
    check.finish(options.allow_no_match);
}

} // namespace

void check_patterns(const Options& options) {
    const bool none = options.tables.empty() && options.exclude.empty() && options.edits.empty();
    if (mysql::is_mysql_url(options.source)) {
        const mysql::ServerAddress address = mysql::parse_url(options.source);
        mysql::Connection plain{address};
        if (!options.allow_no_match) {
            mysql::require_database(plain, address.database);
        }
        if (none) {
            return;
        }
        check(options, {mysql::present_tables(plain, address.database), plain.description()});
        return;
    }
    if (none) {
        return;
    }
    postgres::Connection plain{options.source, postgres::Connection::Kind::plain};
    plain.set_on_wait([] {
        if (io::stop_signal::requested()) {
            throw io::Stopped{"the catalog was read"};
        }
    });
    postgres::ask_patiently(plain, "the catalog", [&] {
        check(options, {postgres::present_tables(plain, options.publication), plain.description()});
    });
}

} // namespace cdc::capture
