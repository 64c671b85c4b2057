#include "base/log.hpp"
#include "cdc-capture/postgres_changes.hpp"
#include "postgres/timeline.hpp"

namespace cdc::capture {

using postgres::Connection;

/// Only a server that recovers no more writes on a new timeline: while it still recovers, all that
/// was received before is of the old one. A primary's timeline cannot change while we are
/// connected.
void PostgresChanges::learn_timeline() {
    m_timeline_known = true;
    if (postgres::in_recovery(m_session->plain)) {
        return;
    }
    Connection replication{m_options.source, Connection::Kind::replication};
    m_session->system = postgres::identify_system(replication);
    m_session->builder.set_timelines(m_session->system.timelines);
    m_standby = false;
    base::log::info("the source was promoted: it is on timeline {} now",
                    m_session->system.timelines.current());
}

} // namespace cdc::capture
