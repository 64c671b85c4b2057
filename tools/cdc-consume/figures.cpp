#include "cdc-consume/figures.hpp"

#include <fmt/format.h>

namespace cdc::consume {

Figures::Figures(const cli::MetricsOptions& options) : cli::Figures{"cdc_consume"} {
    publish(options);
}

void Figures::count(const Places& places, bool last) {
    if (!tables_wanted() || (!last && !tables_due())) {
        return;
    }
    for (const auto& [at, place] : places.all()) {
        const std::string partition = std::to_string(at.partition);
        partition_records.of({at.topic, partition}).set(static_cast<std::int64_t>(place.records));
        positions.of({at.topic, partition}).set(place.position());
    }
}

std::string Figures::line() {
    return fmt::format("{} changes, {}, {} bytes, {} partitions{}", number(changes), rate(changes),
                       number(bytes), number(partitions), ago("newest change made", newest_time));
}

} // namespace cdc::consume
