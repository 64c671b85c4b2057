#include "cli/metrics.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cli/process_figures.hpp"
#include "io/atomic_file.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <thread>

namespace cdc::cli {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr const char* kCounter = "counter";
constexpr const char* kGauge = "gauge";

std::string in_unit(std::int64_t value, int divisor) {
    return divisor == 1 ? std::to_string(value)
                        : fmt::format("{}", static_cast<double>(value) / divisor);
}

} // namespace

Histogram::Histogram(std::span<const std::int64_t> bounds) : m_bounds{bounds} {
    assert(bounds.size() <= kMaxBounds && std::is_sorted(bounds.begin(), bounds.end()));
}

void Histogram::observe(std::int64_t value) noexcept {
    const auto range = std::lower_bound(m_bounds.begin(), m_bounds.end(), value);
    m_counts[static_cast<std::size_t>(range - m_bounds.begin())].fetch_add(
        1, std::memory_order_relaxed);
    m_sum.fetch_add(value, std::memory_order_relaxed);
}

Metric& MetricFamily::of(std::initializer_list<std::string_view> values) {
    std::string labels;
    auto name = m_labels.begin();
    for (const std::string_view value : values) {
        labels +=
            fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", *name++, label_value(value));
    }
    const std::lock_guard lock{m_mutex};
    return m_metrics[labels];
}

std::string label_value(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

/// The thread behind publish().
class Metrics::Publisher {
public:
    Publisher(const Metrics& metrics, const std::string& destination, std::int64_t interval_ms)
        : m_metrics{&metrics}, m_destination{destination} {
        if (is_address(destination)) {
            listen();
        } else {
            io::write_file_atomically(m_destination, metrics.published());
            m_thread = std::thread{[this, interval_ms] {
                write_files(interval_ms);
            }};
        }
    }
    ~Publisher() {
        {
            const std::lock_guard lock{m_mutex};
            m_stop = true;
        }
        m_stopped.notify_all();
        // A stop before the server runs would be forgotten, and the thread listen for ever.
        while (m_listening && !m_server.is_running()) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
        m_server.stop();
        m_thread.join();
    }
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

private:
    void listen() {
        const auto colon = m_destination.rfind(':');
        const std::string host =
            colon == 0 ? std::string{"0.0.0.0"} : m_destination.substr(0, colon);
        const auto port = base::parse_integer<int>(m_destination.substr(colon + 1)).value_or(0);
        // Who connects and asks nothing shall hold up neither others nor our end.
        m_server.set_keep_alive_max_count(1);
        m_server.set_keep_alive_timeout(1);
        m_server.set_read_timeout(1);
        m_server.set_write_timeout(1);
        m_server.new_task_queue = [] {
            return new httplib::ThreadPool{1};
        };
        m_server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
            response.set_content(m_metrics->published(), "text/plain; version=0.0.4");
        });
        // The library's own choice, SO_REUSEPORT, lets two tools listen on one port, each asked by
        // chance.
        m_server.set_socket_options([](socket_t socket) {
            const int yes = 1;
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        });
        if (!m_server.bind_to_port(host, port)) {
            throw base::Error{
                ExitCode::failed,
                fmt::format("cannot listen on {} for metrics", in_quotes(m_destination)),
                "Another process listens there, or the host has no such address."};
        }
        m_listening = true;
        m_thread = std::thread{[this] {
            m_server.listen_after_bind();
            m_listening = false;
        }};
    }

    void write_files(std::int64_t interval_ms) {
        std::unique_lock lock{m_mutex};
        bool stop = false;
        while (!stop) {
            stop = m_stopped.wait_for(lock, std::chrono::milliseconds{interval_ms},
                                      [this] { return m_stop; });
            try {
                io::write_file_atomically(m_destination, m_metrics->published());
            } catch (const base::Error& error) {
                base::log::warning("metrics: {}", error.what()); // no reason to stop the data
            }
        }
    }

    const Metrics* m_metrics;
    std::string m_destination;
    httplib::Server m_server;
    std::atomic<bool> m_listening{false}; ///< the thread has not left the server
    std::mutex m_mutex;
    std::condition_variable m_stopped;
    bool m_stop = false;
    std::thread m_thread;
};

Metrics::Metrics(std::string prefix) : m_prefix{std::move(prefix)} {}

Metrics::~Metrics() = default;

bool Metrics::is_address(std::string_view destination) {
    const auto colon = destination.rfind(':');
    return colon != std::string_view::npos && destination.find('/') == std::string_view::npos &&
           base::parse_integer<std::uint16_t>(destination.substr(colon + 1)).has_value();
}

Metrics::Entry& Metrics::add(std::string_view name, std::string_view help, const char* type,
                             int divisor) {
    Entry& entry = m_entries.emplace_back();
    entry.name = fmt::format("{}_{}", m_prefix, name);
    entry.help = help;
    entry.type = type;
    entry.divisor = divisor;
    return entry;
}

Metric& Metrics::counter(std::string_view name, std::string_view help, int divisor) {
    return add(name, help, kCounter, divisor).metric;
}

Metric& Metrics::gauge(std::string_view name, std::string_view help, int divisor) {
    Metric& made = add(name, help, kGauge, divisor).metric;
    made.set(Metric::kUnknown);
    return made;
}

Metric& Metrics::age(std::string_view name, std::string_view help) {
    Entry& entry = add(name, help, kGauge, 1000);
    entry.is_age = true;
    entry.metric.set(Metric::kUnknown);
    return entry.metric;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              std::span<const std::int64_t> bounds, int divisor) {
    Entry& entry = add(name, help, "histogram", divisor);
    entry.histogram = std::make_unique<Histogram>(bounds);
    return *entry.histogram;
}

MetricFamily& Metrics::counters(std::string_view name, std::string_view help,
                                std::initializer_list<const char*> labels) {
    Entry& entry = add(name, help, kCounter);
    entry.family = std::make_unique<MetricFamily>(labels);
    return *entry.family;
}

MetricFamily& Metrics::gauges(std::string_view name, std::string_view help,
                              std::initializer_list<const char*> labels) {
    Entry& entry = add(name, help, kGauge);
    entry.family = std::make_unique<MetricFamily>(labels);
    return *entry.family;
}

std::string Metrics::render() const {
    std::string out;
    std::string values;
    for (const Entry& entry : m_entries) {
        values.clear();
        if (entry.histogram != nullptr) {
            render_histogram(values, entry);
        } else if (entry.family != nullptr) {
            entry.family->for_each([&](const std::string& labels, const Metric& metric) {
                values += fmt::format("{}{{{}}} {}\n", entry.name, labels, metric.value());
            });
        } else {
            render_value(values, entry);
        }
        if (!values.empty()) {
            out +=
                fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", entry.name, entry.help, entry.type);
            out += values;
        }
    }
    return out;
}

void Metrics::render_value(std::string& out, const Entry& entry) {
    std::int64_t value = entry.metric.value();
    if (value == Metric::kUnknown) {
        return;
    }
    if (entry.is_age && value != 0) {
        value = std::max<std::int64_t>(base::now_ms() - value, 0);
    }
    out += fmt::format("{} {}\n", entry.name, in_unit(value, entry.divisor));
}

void Metrics::render_histogram(std::string& out, const Entry& entry) {
    const Histogram& histogram = *entry.histogram;
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
        count += histogram.in_range(i);
        out += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", entry.name,
                           in_unit(histogram.bounds()[i], entry.divisor), count);
    }
    count += histogram.in_range(histogram.bounds().size());
    out += fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", entry.name,
                       count, in_unit(histogram.sum(), entry.divisor));
}

std::vector<std::pair<std::string, std::string>> Metrics::types() const {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Entry& entry : m_entries) {
        out.emplace_back(entry.name, entry.type);
    }
    return out;
}

std::string Metrics::published() const {
    return render() + process_figures(m_prefix);
}

void Metrics::publish(const std::string& destination, std::int64_t interval_ms) {
    if (!destination.empty()) {
        m_publisher = std::make_unique<Publisher>(*this, destination, interval_ms);
    }
}

} // namespace cdc::cli
