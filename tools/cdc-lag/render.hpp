#ifndef CDC_LAG_RENDER_HPP
#define CDC_LAG_RENDER_HPP

#include "cdc-lag/hop.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::lag {

const char* verdict_text(Verdict verdict);
/// "512B", "1.50kB", "64.0MB": powers of 1024, three digits, one word.
std::string size_text(std::uint64_t bytes);
/// Milliseconds as seconds with at most three decimals: "0.25", "12".
std::string seconds_text(std::int64_t ms);
/// "0.3s", "12s", "9m 7s", "2h 5m", "3d 4h".
std::string time_text(std::int64_t ms);

/// For people and awk: no field before DETAILS has a space in it; unknown is "-".
std::string render_table(const std::vector<Hop>& hops);
/// One line a hop, quoted as RFC 4180 has it, exact numbers; unknown is empty.
std::string render_csv(const std::vector<Hop>& hops);
/// {"ts_ms":…,"verdict":"within"|"beyond"|"unknown","reasons":[…],"hops":[…]}; unknown is null.
std::string render_json(const std::vector<Hop>& hops, Verdict verdict,
                        const std::vector<std::string>& reasons, std::int64_t now_ms);
/// Prometheus' text format; unknown is left out.
std::string render_prometheus(const std::vector<Hop>& hops, Verdict verdict, std::int64_t now_ms);

} // namespace cdc::lag

#endif
