#include "cdc-verify/postgres_snapshot_point.hpp"

#include "base/error.hpp"
#include "io/stop_signal.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace cdc::verify {

namespace {

/// Each has a name of its own: the server drops the one before when it notices that we are gone.
std::string slot_name() {
    static int made = 0;
    return fmt::format("cdc_verify_{}_{}", ::getpid(), ++made);
}

} // namespace

SnapshotPoint::SnapshotPoint(const std::string& source, std::int64_t wait_ms)
    : m_snapshot{source, {slot_name(), true}, wait_ms, [] {
                     if (io::stop_signal::requested()) {
                         throw io::Stopped{"waiting for a snapshot of the source"};
                     }
                 }} {}

event::Order SnapshotPoint::order(std::uint64_t index) const {
    return event::Order::make(m_snapshot.system().timelines.at(position()), position(), index);
}

} // namespace cdc::verify
