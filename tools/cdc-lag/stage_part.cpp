#include "cdc-lag/stage_part.hpp"

#include "base/error.hpp"
#include "cli/read_figures.hpp"

#include <array>
#include <optional>

namespace cdc::lag {

namespace {

struct Stage {
    const char* tool;
    const char* passed; ///< what stands for its work
};
constexpr std::array<Stage, 5> kStages{{{"capture", "changes_total"},
                                        {"snapshot", "rows_total"},
                                        {"publish", "records_total"},
                                        {"consume", "changes_total"},
                                        {"load", "rows_total"}}};

} // namespace

Hop stage_hop(const std::string& place, const std::map<std::string, double>& figures) {
    Hop hop;
    hop.kind = "stage";
    hop.name = place;
    for (const Stage& stage : kStages) {
        const std::string prefix = fmt::format("cdc_{}_", stage.tool);
        const auto figure = [&](const char* name) -> std::optional<double> {
            const auto at = figures.find(prefix + name);
            return at == figures.end() ? std::nullopt : std::optional{at->second};
        };
        const auto passed = figure(stage.passed);
        if (!passed) {
            continue;
        }
        hop.details.emplace_back("tool", stage.tool);
        hop.passed = static_cast<std::uint64_t>(*passed);
        if (const auto behind = figure("behind_seconds")) {
            hop.ms = static_cast<std::int64_t>(*behind * 1000);
        }
        const auto memory = figure("resident_memory_bytes");
        hop.details.emplace_back("resident_memory_bytes",
                                 memory ? nlohmann::ordered_json(static_cast<std::int64_t>(*memory))
                                        : nlohmann::ordered_json(nullptr));
        return hop;
    }
    hop.unknown = "these are not the figures of a tool";
    return hop;
}

std::vector<Found> StagePart::look() {
    Hop hop;
    try {
        hop = stage_hop(m_place, cli::read_figures(m_place));
        m_tool = stage_tool(hop);
    } catch (const base::Error& error) {
        hop.kind = kind();
        hop.name = m_place;
        hop.unknown = error.what();
        if (!m_tool.empty()) {
            hop.details.emplace_back("tool", m_tool);
        }
    }
    return {{std::move(hop)}};
}

std::string stage_tool(const Hop& hop) {
    for (const auto& [name, value] : hop.details) {
        if (name == "tool") {
            return value.get<std::string>();
        }
    }
    return {};
}

} // namespace cdc::lag
