#include "sources/open.hpp"

#include "mysql/connection.hpp"
#include "mysql/lag_source.hpp"
#include "postgres/lag_source.hpp"

namespace cdc::sources {

std::unique_ptr<source::LagSource> open_lag_source(const std::string& url) {
    if (mysql::is_mysql_url(url)) {
        return std::make_unique<mysql::LagSource>(url);
    }
    return std::make_unique<postgres::LagSource>(url);
}

} // namespace cdc::sources
