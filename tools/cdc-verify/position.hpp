#ifndef CDC_VERIFY_POSITION_HPP
#define CDC_VERIFY_POSITION_HPP

#include "cdc-verify/activity.hpp"
#include "cdc-verify/options.hpp"
#include "cdc-verify/sides.hpp"
#include "cdc-verify/source.hpp"
#include "cdc-verify/target.hpp"
#include "event/checkpoint.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cdc::verify {

/// How far the target has got, by its table `_cdc_state` or a checkpoint file.
class Position : public TargetPosition {
public:
    /// `source` is asked whether anything reads its log when the target does not move.
    Position(const Options& options, Source& source, Target& target, Activity& activity);

    std::optional<LogPosition> now() override;
    bool wait(LogPosition position, std::int64_t deadline) override;
    const std::string& why() const override { return m_why; }

private:
    std::optional<event::Checkpoint> read();
    void explain_stall(std::int64_t unmoved_ms);

    const Options& m_options;
    Source& m_source;
    Target& m_target;
    Activity& m_activity;
    std::string m_slot; ///< of the checkpoint that was read last; "": of Kafka
    bool m_stalled = false;
    std::string m_stall; ///< why the target does not move; "": not known
    std::string m_why;
};

} // namespace cdc::verify

#endif
