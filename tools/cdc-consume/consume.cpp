#include "cdc-consume/consume.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-consume/session.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"

#include <optional>

namespace cdc::consume {

int run(const Options& options) {
    std::optional<Session> session;
    try {
        session.emplace(options);
    } catch (const io::Stopped& stopped) {
        base::log::info("{}: nothing was read", stopped.what());
        return static_cast<int>(base::ExitCode::ok);
    }
    // From here on a signal ends no request: what was read is made durable first.
    io::stop_signal::set_drain_ms(options.drain_ms);
    try {
        session->run();
    } catch (const io::ReaderGone&) {
        if (options.on_write() || !options.checkpoints.empty()) {
            throw;
        }
        return static_cast<int>(base::ExitCode::failed); // "| head": nothing was to be confirmed
    }
    return static_cast<int>(base::ExitCode::ok);
}

} // namespace cdc::consume
