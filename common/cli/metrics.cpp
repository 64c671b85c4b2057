#include "cli/metrics.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "cli/process_figures.hpp"
#include "io/atomic_file.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace cdc::cli {

using base::ExitCode;
using base::fail;
using base::in_quotes;

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
        if (!m_server.bind_to_port(host, port)) {
            fail(ExitCode::failed, "cannot listen on {} for metrics", in_quotes(m_destination));
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

Metric& Metrics::add(std::string_view name, std::string_view help, bool is_counter, int divisor) {
    Entry& entry = m_entries.emplace_back();
    entry.name = fmt::format("{}_{}", m_prefix, name);
    entry.help = help;
    entry.is_counter = is_counter;
    entry.divisor = divisor;
    if (!is_counter) {
        entry.metric.set(Metric::kUnknown);
    }
    return entry.metric;
}

Metric& Metrics::counter(std::string_view name, std::string_view help, int divisor) {
    return add(name, help, true, divisor);
}

Metric& Metrics::gauge(std::string_view name, std::string_view help, int divisor) {
    return add(name, help, false, divisor);
}

std::string Metrics::render() const {
    std::string out;
    for (const Entry& entry : m_entries) {
        const std::int64_t value = entry.metric.value();
        if (value == Metric::kUnknown) {
            continue;
        }
        out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", entry.name, entry.help,
                           entry.is_counter ? "counter" : "gauge");
        out += entry.divisor == 1
                   ? fmt::format("{} {}\n", entry.name, value)
                   : fmt::format("{} {}\n", entry.name, static_cast<double>(value) / entry.divisor);
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
