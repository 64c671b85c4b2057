#ifndef CDC_LAG_TARGET_PART_HPP
#define CDC_LAG_TARGET_PART_HPP

#include "cdc-lag/parts.hpp"

#include <memory>

namespace cdc::clickhouse {
class Transport;
}

namespace cdc::lag {

/// ClickHouse: a hop for each source whose changes it holds.
class TargetPart : public Part {
public:
    explicit TargetPart(const Options& options);
    ~TargetPart() override;

    std::string kind() const override { return "target"; }
    std::string name() const override { return "target"; }
    std::vector<Found> look() override;

private:
    std::vector<Found> look_at_target();

    const Options& m_options;
    std::unique_ptr<clickhouse::Transport> m_transport;
};

} // namespace cdc::lag

#endif
