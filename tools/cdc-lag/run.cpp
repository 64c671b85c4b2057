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

constexpr std::int64_t kFirstScreenMs = 1500; ///< what has not answered by then says so
constexpr std::int64_t kRedrawMs = 1000;

void print(const std::string& text) {
    io::write_report(STDOUT_FILENO, text);
}

std::vector<Hop> shown(const Options& options, const std::vector<Hop>& hops) {
    std::vector<Hop> out;
    std::copy_if(hops.begin(), hops.end(), std::back_inserter(out),
                 [&](const Hop& hop) { return options.partitions || hop.kind != "partition"; });
    return out;
}

/// What every look is followed by: the report, the verdict, the reasons.
class Reporter {
public:
    explicit Reporter(const Options& options) : m_options{options} {}

    const Limits& limits() const { return m_limits; }
    /// Of the last look, also where its report could not be written.
    Verdict verdict() const { return m_verdict; }

    void judge(const std::vector<Hop>& hops, std::int64_t now_ms);
    void report(const std::vector<Hop>& hops, std::int64_t now_ms);

private:
    void say();

    const Options& m_options;
    Limits m_limits{m_options.max_bytes, m_options.max_ms, m_options.min_safe_wal,
                    m_options.max_messages};
    std::vector<std::string> m_reasons;
    std::vector<std::string> m_said;
    Verdict m_verdict = Verdict::unknown;
};

void Reporter::judge(const std::vector<Hop>& hops, std::int64_t now_ms) {
    m_reasons.clear();
    m_verdict = lag::judge(hops, m_limits, m_reasons);
    if (!m_options.prometheus.empty()) {
        io::write_file_atomically(m_options.prometheus, render_prometheus(hops, m_verdict, now_ms));
    }
}

void Reporter::report(const std::vector<Hop>& hops, std::int64_t now_ms) {
    if (!m_options.quiet || m_verdict != Verdict::within) {
        print(m_options.json  ? render_json(hops, m_verdict, m_reasons, now_ms)
              : m_options.csv ? render_csv(hops)
                              : render_table(shown(m_options, hops)));
    }
    say();
}

/// Each reason once, until it is none any more.
void Reporter::say() {
    for (const std::string& reason : m_reasons) {
        if (std::find(m_said.begin(), m_said.end(), reason) == m_said.end()) {
            base::log::write(m_verdict == Verdict::unknown ? base::log::Level::error
                                                           : base::log::Level::warning,
                             reason);
        }
    }
    m_said = m_reasons;
}

/// A terminal on which all parts are looked at at once, and which is redrawn in place.
class Screen {
public:
    Screen(const Options& options, Reporter& reporter)
        : m_options{options}, m_reporter{reporter}, m_observer{options, *options.watch_ms} {}

    /// Until a signal.
    void run();

private:
    void draw(const std::vector<Seen>& seen, std::int64_t now_ms);

    const Options& m_options;
    Reporter& m_reporter;
    Observer m_observer;
    Watch m_watch;
    bool m_drawn = false;
};

void Screen::run() {
    m_observer.wait_for_first(kFirstScreenMs);
    std::int64_t next_look_ms = 0;
    while (true) {
        const std::vector<Seen> seen = m_observer.look();
        const std::int64_t tick = base::steady_ms();
        const std::int64_t now = base::now_ms();
        if (tick >= next_look_ms) {
            m_watch.remember(seen);
            std::vector<Hop> hops;
            for (const Seen& item : seen) {
                hops.push_back(item.hop);
            }
            m_reporter.judge(hops, now);
            next_look_ms = tick + *m_options.watch_ms;
        }
        draw(seen, now);
        const auto pause = std::min(*m_options.watch_ms, kRedrawMs);
        if (io::stop_signal::requested() ||
            (io::wait_readable(io::stop_signal::wake_fd(), static_cast<int>(pause)) &&
             io::stop_signal::requested())) {
            return;
        }
    }
}

void Screen::draw(const std::vector<Seen>& seen, std::int64_t now_ms) {
    winsize window{};
    Watch::Size size;
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
        size = {window.ws_col, window.ws_row};
    }
    std::vector<Seen> wanted;
    std::copy_if(seen.begin(), seen.end(), std::back_inserter(wanted), [&](const Seen& item) {
        return m_options.partitions || item.hop.kind != "partition";
    });
    const std::string text =
        m_watch.screen(wanted, m_reporter.limits(), m_reporter.verdict(), now_ms, size);
    std::string out = m_drawn ? "\033[H" : "\033[2J\033[H";
    for (const char c : text) {
        out += c == '\n' ? "\033[K\n" : std::string(1, c);
    }
    print(out + "\033[J");
    m_drawn = true;
}

bool on_screen(const Options& options) {
    return options.watch_ms && !options.json && !options.csv && !options.quiet &&
           ::isatty(STDOUT_FILENO) == 1;
}

/// Until there is nothing more to look at.
void look(const Options& options, Reporter& reporter, bool& looked) {
    if (on_screen(options)) {
        looked = true;
        Screen{options, reporter}.run();
        return;
    }
    Collector collector{options};
    while (true) {
        const std::vector<Hop> hops = collector.look();
        const std::int64_t now = base::now_ms();
        reporter.judge(hops, now);
        reporter.report(hops, now);
        looked = true;
        if (!options.watch_ms || io::stop_signal::requested() ||
            (io::wait_readable(io::stop_signal::wake_fd(), static_cast<int>(*options.watch_ms)) &&
             io::stop_signal::requested())) {
            return;
        }
    }
}

} // namespace

int run(const Options& options) {
    Reporter reporter{options};
    bool looked = false;
    try {
        look(options, reporter, looked);
    } catch (const io::Stopped& stopped) {
        if (!looked) {
            base::log::write_error(stopped.what(), "");
            return static_cast<int>(Verdict::unknown);
        }
    } catch (const io::ReaderGone&) { // as "| head" leaves
        return static_cast<int>(reporter.verdict());
    } catch (const base::Error& error) { // a file or stdout that cannot be written
        base::log::write_error(error.what(), error.hint());
        return static_cast<int>(Verdict::unknown);
    }
    return static_cast<int>(reporter.verdict());
}

} // namespace cdc::lag
