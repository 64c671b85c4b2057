#include "sources/open.hpp"

#include "mysql/connection.hpp"
#include "mysql/lag_source.hpp"
#include "postgres/lag_source.hpp"

namespace cdc::sources {

void check_url(const std::string& url) {
    if (mysql::is_mysql_url(url)) {
        mysql::parse_url(url);
    }
}

bool has_slots(const std::string& url) {
    return !mysql::is_mysql_url(url);
}

std::unique_ptr<source::LagSource> open_lag_source(const std::string& url) {
    if (mysql::is_mysql_url(url)) {
        return std::make_unique<mysql::LagSource>(url);
    }
    return std::make_unique<postgres::LagSource>(url);
}

} // namespace cdc::sources
