#ifndef CDC_POSTGRES_PUBLISHED_HPP
#define CDC_POSTGRES_PUBLISHED_HPP

#include <string>

namespace cdc::postgres {

/// The common table expressions `pub` and `sent`, for a query whose $1 is the name of a
/// publication, or '' for what one of all tables would have. `pub(oid, everything, via_root)` has
/// no row where there is none of the name. `sent(oid, top)` has each table whose changes it sends
/// and each partitioned table above one, with `top`, the highest of those that the publication
/// names.
///
/// Plain scans of catalogs: pg_publication_tables, and the functions about partitions and row
/// filters, lock the tables, and so wait for every DDL and may deadlock with it.
std::string published_sql(int server_version);

} // namespace cdc::postgres

#endif
