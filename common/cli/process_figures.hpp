#ifndef CDC_CLI_PROCESS_FIGURES_HPP
#define CDC_CLI_PROCESS_FIGURES_HPP

#include <string>
#include <string_view>

namespace cdc::cli {

/// Memory, CPU time and start of this process in Prometheus' text format. The names begin with
/// `prefix`, not with `process`: the node exporter refuses one name from two textfiles.
std::string process_figures(std::string_view prefix);

} // namespace cdc::cli

#endif
