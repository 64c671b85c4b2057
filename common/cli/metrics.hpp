#ifndef CDC_CLI_METRICS_HPP
#define CDC_CLI_METRICS_HPP

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::cli {

/// What --metrics and --metrics-per-table say.
struct MetricsOptions {
    std::string destination; ///< as for Metrics::publish()
    bool tables = false;     ///< figures of each table too
};

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

/// How the values of something are spread over ranges, as Prometheus' histograms. Observed from any
/// thread, without a lock and without memory.
class Histogram {
public:
    static constexpr std::size_t kMaxBounds = 14;

    /// Rising upper bounds, at most kMaxBounds.
    explicit Histogram(std::span<const std::int64_t> bounds);

    void observe(std::int64_t value) noexcept;

    std::span<const std::int64_t> bounds() const noexcept { return m_bounds; }
    /// Values of range `i` alone; the range behind the last bound is the last.
    std::uint64_t in_range(std::size_t i) const noexcept {
        return m_counts.at(i).load(std::memory_order_relaxed);
    }
    std::int64_t sum() const noexcept { return m_sum.load(std::memory_order_relaxed); }

private:
    std::span<const std::int64_t> m_bounds;
    std::array<std::atomic<std::uint64_t>, kMaxBounds + 1> m_counts{};
    std::atomic<std::int64_t> m_sum{0};
};

/// Bounds for times in ms, and for how many rows, lines or records belong together.
inline constexpr std::array<std::int64_t, 13> kTimeBounds{1,   5,    10,   25,   50,     100,   250,
                                                          500, 1000, 2500, 5000, 10'000, 60'000};
inline constexpr std::array<std::int64_t, 8> kCountBounds{1,      10,     100,     1000,
                                                          10'000, 50'000, 100'000, 1'000'000};

/// One number for each table, topic or partition.
class MetricFamily {
public:
    /// Names of the labels.
    explicit MetricFamily(std::initializer_list<const char*> labels) : m_labels{labels} {}

    /// That of these values of the labels, made at the first call. It stays where it is. Takes a
    /// lock: not for each row.
    Metric& of(std::initializer_list<std::string_view> values);

    /// Calls `f(labels, metric)` for each; labels as `table="t",op="c"`.
    template<typename F>
    void for_each(F&& f) const {
        const std::lock_guard lock{m_mutex};
        for (const auto& [labels, metric] : m_metrics) {
            f(labels, metric);
        }
    }

private:
    std::vector<const char*> m_labels;
    mutable std::mutex m_mutex;
    std::map<std::string, Metric> m_metrics;
};

/// A label's value between its quotes: '\', '"' and line ends escaped.
std::string label_value(std::string_view text);

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

    /// References stay valid as long as the Metrics. Not safe beside publish(): make all metrics
    /// first. `divisor` turns the integer into the unit shown (1000 for ms as seconds).
    Metric& counter(std::string_view name, std::string_view help, int divisor = 1);
    Metric& gauge(std::string_view name, std::string_view help, int divisor = 1);
    /// Set to a point of time in ms since 1970, shown as the seconds since; 0 is shown as 0.
    Metric& age(std::string_view name, std::string_view help);
    Histogram& histogram(std::string_view name, std::string_view help,
                         std::span<const std::int64_t> bounds, int divisor = 1);
    MetricFamily& counters(std::string_view name, std::string_view help,
                           std::initializer_list<const char*> labels);
    MetricFamily& gauges(std::string_view name, std::string_view help,
                         std::initializer_list<const char*> labels);

    std::string render() const;

    /// render(), and what publish() adds: memory, CPU time and start of the process.
    std::string published() const;

    /// Name and type of each, also of those that are unknown now, in the order of render().
    std::vector<std::pair<std::string, std::string>> types() const;

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
        const char* type; ///< as Prometheus names it
        int divisor = 1;
        bool is_age = false;
        Metric metric; ///< unless one of these is there
        std::unique_ptr<Histogram> histogram;
        std::unique_ptr<MetricFamily> family;
    };
    class Publisher;

    Entry& add(std::string_view name, std::string_view help, const char* type, int divisor = 1);
    static void render_value(std::string& out, const Entry& entry);
    static void render_histogram(std::string& out, const Entry& entry);

    std::string m_prefix;
    std::deque<Entry> m_entries; ///< a deque: entries never move
    std::unique_ptr<Publisher> m_publisher;
};

} // namespace cdc::cli

#endif
