#include "cdc-lag/run.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-lag/collect.hpp"
#include "cdc-lag/render.hpp"
#include "cdc-lag/watch.hpp"
#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <iterator>

#include <sys/ioctl.h>
#include <unistd.h>

namespace cdc::lag {

namespace {

void print(const std::string& text) {
    io::write_report(STDOUT_FILENO, text);
}

std::vector<Hop> shown(const Options& options, const std::vector<Hop>& hops) {
    std::vector<Hop> out;
    std::copy_if(hops.begin(), hops.end(), std::back_inserter(out),
                 [&](const Hop& hop) { return options.partitions || hop.kind != "partition"; });
    return out;
}

/// Looks again and again.
class Looks {
public:
    explicit Looks(const Options& options)
        : m_options{options}, m_collector{options}, m_screen{options.watch_ms && !options.json &&
                                                             !options.csv && !options.quiet &&
                                                             ::isatty(STDOUT_FILENO) == 1} {}

    Verdict look();
    /// Of the last look, also where its report could not be written.
    Verdict verdict() const { return m_verdict; }

private:
    void draw(const std::vector<Hop>& hops, const Limits& limits, Verdict verdict,
              std::int64_t now_ms);
    void say(const std::vector<std::string>& reasons, Verdict verdict);

    const Options& m_options;
    Collector m_collector;
    bool m_screen; ///< redrawn in place
    bool m_drawn = false;
    Watch m_watch;
    std::vector<std::string> m_said;
    Verdict m_verdict = Verdict::unknown;
};

/// Each reason once, until it is none any more.
void Looks::say(const std::vector<std::string>& reasons, Verdict verdict) {
    for (const std::string& reason : reasons) {
        if (std::find(m_said.begin(), m_said.end(), reason) == m_said.end()) {
            base::log::write(verdict == Verdict::unknown ? base::log::Level::error
                                                         : base::log::Level::warning,
                             reason);
        }
    }
    m_said = reasons;
}

void Looks::draw(const std::vector<Hop>& hops, const Limits& limits, Verdict verdict,
                 std::int64_t now_ms) {
    winsize window{};
    Watch::Size size;
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
        size = {window.ws_col, window.ws_row};
    }
    const std::string text = m_watch.screen(shown(m_options, hops), limits, verdict, now_ms, size);
    std::string out = m_drawn ? "\033[H" : "\033[2J\033[H";
    for (const char c : text) {
        out += c == '\n' ? "\033[K\n" : std::string(1, c);
    }
    print(out + "\033[J");
    m_drawn = true;
}

Verdict Looks::look() {
    const Options& options = m_options;
    const Limits limits{options.max_bytes, options.max_ms, options.min_safe_wal,
                        options.max_messages};
    const std::vector<Hop> hops = m_collector.look();
    std::vector<std::string> reasons;
    const Verdict verdict = judge(hops, limits, reasons);
    m_verdict = verdict;
    const std::int64_t now = base::now_ms();
    if (!options.prometheus.empty()) {
        io::write_file_atomically(options.prometheus, render_prometheus(hops, verdict, now));
    }
    if (m_screen) {
        draw(hops, limits, verdict, now);
        return verdict;
    }
    if (!options.quiet || verdict != Verdict::within) {
        print(options.json  ? render_json(hops, verdict, reasons, now)
              : options.csv ? render_csv(hops)
                            : render_table(shown(options, hops)));
    }
    say(reasons, verdict);
    return verdict;
}

} // namespace

int run(const Options& options) {
    Looks looks{options};
    Verdict verdict = Verdict::unknown;
    bool looked = false;
    while (true) {
        try {
            verdict = looks.look();
            looked = true;
        } catch (const io::Stopped& stopped) {
            if (!looked) {
                base::log::write_error(stopped.what(), "");
            }
            return static_cast<int>(verdict);
        } catch (const io::ReaderGone&) { // as "| head" leaves
            return static_cast<int>(looks.verdict());
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
