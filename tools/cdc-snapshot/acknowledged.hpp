#ifndef CDC_SNAPSHOT_ACKNOWLEDGED_HPP
#define CDC_SNAPSHOT_ACKNOWLEDGED_HPP

#include "cdc-snapshot/checkpoint_files.hpp"
#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/output.hpp"

#include <cstdint>

namespace cdc::snapshot {

/// True: all lines left the process. Gives up at the deadline, or at a second signal.
bool finish_output(Output& output, std::int64_t deadline);

/// Waits until the files say that everything is durable. Without files there is nothing to wait
/// for.
void wait_acknowledged(const Options& options, CheckpointFiles& files, Output& output);

} // namespace cdc::snapshot

#endif
