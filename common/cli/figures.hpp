#ifndef CDC_CLI_FIGURES_HPP
#define CDC_CLI_FIGURES_HPP

#include "cli/metrics.hpp"
#include "cli/progress.hpp"

#include <string>
#include <string_view>

namespace cdc::cli {

/// How a tool's work goes: for Prometheus, and as one line on a terminal. A tool derives from it,
/// makes its metrics as members, and calls publish() when all are made.
class Figures {
public:
    virtual ~Figures() = default;
    Figures(const Figures&) = delete;
    Figures& operator=(const Figures&) = delete;

    /// Refreshes the terminal's line. Cheap: call it in every turn of a loop.
    void show();

    const Metrics& metrics() const { return m_metrics; }

protected:
    explicit Figures(std::string prefix) : m_metrics{std::move(prefix)} {}

    /// As Metrics::publish().
    void publish(const MetricsOptions& options) {
        m_tables = options.tables;
        m_metrics.publish(options.destination);
    }
    /// Whether figures of each table are wanted, and a second has passed since they were last due.
    bool tables_due();
    bool tables_wanted() const { return m_tables; }

    Metric& counter(std::string_view name, std::string_view help);
    Metric& gauge(std::string_view name, std::string_view help);
    /// A point of time, set in ms since 1970 and shown in seconds; unknown until it is set.
    Metric& time(std::string_view name, std::string_view help);
    /// As Metrics::age().
    Metric& age(std::string_view name, std::string_view help);
    /// Of times in ms, shown in seconds; and of numbers of things.
    Histogram& times(std::string_view name, std::string_view help);
    Histogram& counts(std::string_view name, std::string_view help);
    MetricFamily& counters(std::string_view name, std::string_view help,
                           std::initializer_list<const char*> labels);
    MetricFamily& gauges(std::string_view name, std::string_view help,
                         std::initializer_list<const char*> labels);

    /// What the terminal shows.
    virtual std::string line() = 0;
    /// "12.3k".
    static std::string number(const Metric& metric);
    /// How the one counter that stands for the work rises, in events a second.
    double per_second(const Metric& metric) { return m_rate.update(metric.value()); }
    /// "1.2k/s".
    std::string rate(const Metric& metric) { return short_number(per_second(metric)) + "/s"; }
    /// ", durable up to 3 s ago": the words and the time's age; nothing while it is unknown.
    static std::string ago(std::string_view words, const Metric& time);

private:
    Metrics m_metrics;
    Progress m_progress;
    Rate m_rate;
    bool m_tables = false;
    std::int64_t m_tables_ms = 0; ///< when those of tables were last due
};

} // namespace cdc::cli

#endif
