#ifndef CDC_TRANSFORM_FIGURES_HPP
#define CDC_TRANSFORM_FIGURES_HPP

#include "cli/figures.hpp"

#include <string>

namespace cdc::transform {

/// How the work goes: for Prometheus, and as one line on a terminal.
class Figures : public cli::Figures {
public:
    explicit Figures(const cli::MetricsOptions& options);

    cli::Metric& changes = counter("changes_total", "Change lines read of tables that views read");
    cli::Metric& bytes = counter("bytes_total", "Bytes read");
    cli::Metric& replayed =
        counter("replayed_total", "Change lines dropped because the state has them already");
    cli::Metric& late = counter(
        "late_changes_total", "Changed rows that were older than KEEP lets them be when they came");
    cli::Metric& cuts = counter("cuts_total", "Cuts that changed the state");
    cli::Histogram& cut_rows = counts("cut_lines", "Change lines of a cut");
    cli::Histogram& cut_seconds = times("cut_seconds", "Time of a cut, from its checkpoint line");
    cli::Metric& rows = counter("rows_total", "Changed rows of views written");
    cli::MetricFamily& view_rows = counters("view_rows_total", "The same of each view", {"view"});
    cli::Metric& parked =
        gauge("parked_rows", "Rows of views that cannot be computed, and are as they were");
    cli::Metric& silent =
        gauge("silent_views", "Views that wait for their tables to be read whole");
    cli::Metric& waiting =
        gauge("waiting_cuts", "Cuts whose lines have not been acknowledged by the last stage");
    cli::Metric& checks =
        counter("checks_total", "Times that all views were computed anew and compared");
    cli::Metric& differing = gauge("differing_views", "Views that the last check found to differ");
    cli::MetricFamily& input_changes = counters(
        "input_changes_total", "Change lines of each --input of tables that views read", {"input"});
    cli::MetricFamily& input_checkpoint =
        gauges("input_checkpoint_timestamp_seconds",
               "When the source of each --input made the last checkpoint taken in", {"input"});
    cli::Metric& position =
        gauge("position_bytes", "Log position of the source up to which the state has all");
    cli::Metric& behind =
        age("behind_seconds", "Age of the last checkpoint of the source taken in");

private:
    std::string line() override;
};

} // namespace cdc::transform

#endif
