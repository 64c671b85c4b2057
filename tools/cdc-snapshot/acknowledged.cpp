#include "cdc-snapshot/acknowledged.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;

namespace {
constexpr int kTickMs = 100;
} // namespace

bool finish_output(Output& output, std::int64_t deadline) {
    while (!output.finish(kTickMs)) {
        output.check();
        if (base::steady_ms() >= deadline || io::stop_signal::count() > 1) {
            return false;
        }
    }
    return true;
}

void wait_acknowledged(const Options& options, CheckpointFiles& files, Output& output) {
    const std::int64_t deadline = base::steady_ms() + options.drain_ms;
    while (!files.none()) {
        files.poll();
        if (files.done()) {
            return;
        }
        output.check();
        if (io::stop_signal::requested()) {
            fail(ExitCode::failed, "stopped while the last rows were being made durable");
        }
        if (base::steady_ms() >= deadline) {
            throw Error{ExitCode::failed,
                        "the checkpoint files did not say within --drain that all is durable",
                        "run this again: it goes on with what is missing"};
        }
        io::wait_readable(io::stop_signal::wake_fd(), kTickMs);
    }
}

} // namespace cdc::snapshot
