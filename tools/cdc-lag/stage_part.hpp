#ifndef CDC_LAG_STAGE_PART_HPP
#define CDC_LAG_STAGE_PART_HPP

#include "cdc-lag/parts.hpp"

#include <map>
#include <string>

namespace cdc::lag {

/// The hop of a tool, from its figures. Pure. `place` is where they were read.
Hop stage_hop(const std::string& place, const std::map<std::string, double>& figures);

/// "capture" of the hop of a cdc-capture; "" while it is not known.
std::string stage_tool(const Hop& hop);

/// A tool that tells figures by --metrics.
class StagePart : public Part {
public:
    explicit StagePart(std::string place) : m_place{std::move(place)} {}

    std::string kind() const override { return "stage"; }
    std::string name() const override { return m_place; }
    std::vector<Found> look() override;

private:
    std::string m_place;
    std::string m_tool; ///< of the last answer
};

} // namespace cdc::lag

#endif
