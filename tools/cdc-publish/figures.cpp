#include "cdc-publish/figures.hpp"

#include <fmt/format.h>

namespace cdc::publish {

Figures::Figures(const cli::MetricsOptions& options) : cli::Figures{"cdc_publish"} {
    publish(options);
}

void Figures::count(const Publisher& publisher, bool last) {
    sent.set(static_cast<std::int64_t>(publisher.bytes()));
    dead_letters.set(static_cast<std::int64_t>(publisher.dead_letters()));
    if (tables_wanted() && (last || tables_due())) {
        publisher.for_each_topic([this](const std::string& topic, std::uint64_t count) {
            topic_records.of({topic}).set(static_cast<std::int64_t>(count));
        });
    }
}

std::string Figures::line() {
    return fmt::format("{} lines, {}, {} records in Kafka, {} on the way{}", number(lines),
                       rate(lines), number(records), number(waiting),
                       ago("durable up to", checkpoint_time));
}

} // namespace cdc::publish
