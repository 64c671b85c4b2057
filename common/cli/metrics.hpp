#ifndef CDC_CLI_METRICS_HPP
#define CDC_CLI_METRICS_HPP

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace cdc::cli {

/// One number that a tool counts. Set from any thread; kUnknown is left out of what is shown.
class Metric {
public:
    static constexpr std::int64_t kUnknown = INT64_MIN;

    void add(std::int64_t n = 1) noexcept { m_value.fetch_add(n, std::memory_order_relaxed); }
    void set(std::int64_t value) noexcept { m_value.store(value, std::memory_order_relaxed); }
    std::int64_t value() const noexcept { return m_value.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> m_value{0};
};

/// The figures of a running tool: in Prometheus' text format (version 0.0.4) to a file or over
/// HTTP, and as the progress line of a terminal.
///
///     Metrics metrics{"cdc_load"};
///     Metric& rows = metrics.counter("rows_total", "Rows written");
///     metrics.publish(options.metrics);          // FILE, or HOST:PORT
class Metrics {
public:
    explicit Metrics(std::string prefix);
    ~Metrics(); ///< Stops publishing; a file is left with the last figures.
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// The reference stays valid as long as the Metrics. Not safe beside publish(): make all
    /// metrics first. `divisor` turns the integer into the unit shown (1000 for ms as seconds).
    Metric& counter(std::string_view name, std::string_view help, int divisor = 1);
    Metric& gauge(std::string_view name, std::string_view help, int divisor = 1);

    std::string render() const;

    /// render(), and what publish() adds: memory, CPU time and start of the process.
    std::string published() const;

    /// Starts a thread that writes `destination` every `interval_ms` (a path, atomically) or
    /// answers GET /metrics at it ("127.0.0.1:9187", ":9187" on all addresses). Empty: nothing.
    /// Throws Error (failed) when the address cannot be had or the file not be written.
    void publish(const std::string& destination, std::int64_t interval_ms = 5000);

    /// Whether a destination is HOST:PORT.
    static bool is_address(std::string_view destination);

private:
    struct Entry {
        std::string name;
        std::string help;
        bool is_counter;
        int divisor;
        Metric metric;
    };
    class Publisher;

    Metric& add(std::string_view name, std::string_view help, bool is_counter, int divisor);

    std::string m_prefix;
    std::deque<Entry> m_entries; ///< a deque: entries never move
    std::unique_ptr<Publisher> m_publisher;
};

} // namespace cdc::cli

#endif
