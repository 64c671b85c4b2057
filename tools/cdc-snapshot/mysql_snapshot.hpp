#ifndef CDC_SNAPSHOT_MYSQL_SNAPSHOT_HPP
#define CDC_SNAPSHOT_MYSQL_SNAPSHOT_HPP

#include "cdc-snapshot/options.hpp"

namespace cdc::snapshot {

/// The snapshot of a MySQL or MariaDB source: whole tables, each by one connection, at one place of
/// the binary log, where the stream goes on. A table that was not finished when a run ended is read
/// anew by the next run, at that run's place; see work.hpp for why that is right. Returns the exit
/// code; throws Error, or io::ReaderGone.
int read_mysql(const Options& options);

} // namespace cdc::snapshot

#endif
