#include "cdc-lag/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-lag/collect.hpp"
#include "cdc-lag/render.hpp"
#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <cstring>

#include <unistd.h>

namespace cdc::lag {

namespace {

void print(const std::string& text) {
    if (const int error = io::write_all(STDOUT_FILENO, text); error != 0) {
        base::fail(base::ExitCode::failed, "cannot write to stdout: {}", std::strerror(error));
    }
}

Verdict look_once(const Options& options, Collector& collector) {
    const Limits limits{options.max_bytes, options.max_ms, options.min_safe_wal,
                        options.max_messages};
    const std::vector<Hop> hops = collector.look();
    std::vector<std::string> reasons;
    const Verdict verdict = judge(hops, limits, reasons);
    const std::int64_t now = base::now_ms();
    if (!options.prometheus.empty()) {
        io::write_file_atomically(options.prometheus, render_prometheus(hops, verdict, now));
    }
    if (!options.quiet || verdict != Verdict::within) {
        print(options.json ? render_json(hops, verdict, reasons, now) : render_table(hops));
    }
    for (const std::string& reason : reasons) {
        base::log::write(verdict == Verdict::unknown ? base::log::Level::error
                                                     : base::log::Level::warning,
                         reason);
    }
    return verdict;
}

} // namespace

int run(const Options& options) {
    Collector collector{options};
    Verdict verdict = Verdict::unknown;
    bool looked = false;
    while (true) {
        try {
            verdict = look_once(options, collector);
            looked = true;
        } catch (const io::Stopped& stopped) {
            if (!looked) {
                base::log::write_error(stopped.what(), "");
            }
            return static_cast<int>(verdict);
        } catch (const base::Error& error) { // a file or stdout that cannot be written
            base::log::write_error(error.what(), error.hint());
            return static_cast<int>(Verdict::unknown);
        }
        if (!options.watch_ms || io::stop_signal::requested() ||
            (io::wait_readable(io::stop_signal::wake_fd(), static_cast<int>(*options.watch_ms)) &&
             io::stop_signal::requested())) {
            return static_cast<int>(verdict);
        }
    }
}

} // namespace cdc::lag
