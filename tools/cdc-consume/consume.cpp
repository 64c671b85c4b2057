#include "cdc-consume/consume.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-consume/session.hpp"
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
    session->run();
    return static_cast<int>(base::ExitCode::ok);
}

} // namespace cdc::consume
