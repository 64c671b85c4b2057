#include "cdc-verify/postgres_lineage.hpp"

#include "cdc-verify/lineage.hpp"
#include "postgres/lsn.hpp"

#include <fmt/format.h>

namespace cdc::verify {

void refuse_repair_from(const std::optional<event::Order>& loaded,
                        const postgres::Timelines& timelines, LogPosition end, bool standby) {
    refuse_repair_from_standby(standby);
    if (!loaded) {
        refuse_repair("the target was not filled from this server and database");
    }
    if (loaded->epoch() > timelines.current() ||
        !timelines.contains(loaded->epoch(), loaded->position())) {
        refuse_repair(fmt::format(
            "it is on timeline {}, and the target holds changes of timeline {} up "
            "to {}, which are not of its history",
            timelines.current(), loaded->epoch(), postgres::format_lsn(loaded->position())));
    }
    refuse_repair_beyond(loaded, end, postgres::format_lsn);
}

} // namespace cdc::verify
