#include "cdc-consume/figures.hpp"

#include <fmt/format.h>

namespace cdc::consume {

Figures::Figures(const std::string& destination) : cli::Figures{"cdc_consume"} {
    publish(destination);
}

std::string Figures::line() {
    return fmt::format("{} changes, {}, {} bytes, {} partitions{}", number(changes), rate(changes),
                       number(bytes), number(partitions), ago("newest change made", newest_time));
}

} // namespace cdc::consume
