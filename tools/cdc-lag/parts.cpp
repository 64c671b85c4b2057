#include "cdc-lag/parts.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "cdc-lag/kafka_hops.hpp"
#include "cdc-lag/stage_part.hpp"
#include "cdc-lag/target_part.hpp"
#include "checkpoints/file.hpp"
#include "io/stop_signal.hpp"
#include "sources/open.hpp"

namespace cdc::lag {

namespace {

Found unknown(const Part& part, std::string why) {
    Hop hop;
    hop.kind = part.kind();
    hop.name = part.name();
    hop.unknown = std::move(why);
    return {std::move(hop)};
}

std::vector<Found> found(std::vector<Hop> hops) {
    std::vector<Found> out;
    for (Hop& hop : hops) {
        out.push_back({std::move(hop)});
    }
    return out;
}

class CheckpointPart : public Part {
public:
    explicit CheckpointPart(std::string path) : m_path{std::move(path)} {}

    std::string kind() const override { return "checkpoint"; }
    std::string name() const override { return m_path; }

    std::vector<Found> look() override {
        try {
            auto checkpoint = checkpoints::read(m_path);
            if (!checkpoint) {
                return {unknown(*this, "the file is missing, or holds no checkpoint")};
            }
            Hop hop;
            hop.kind = kind();
            hop.name = m_path;
            return {{std::move(hop), std::move(checkpoint)}};
        } catch (const base::Error& error) {
            return {unknown(*this, error.what())};
        }
    }

private:
    std::string m_path;
};

class KafkaPart : public Part {
public:
    KafkaPart(const Options& options, bool rates_at_once) : m_hops{options, rates_at_once} {}

    std::string kind() const override { return "kafka"; }
    std::string name() const override { return "kafka"; }

    std::vector<Found> look() override {
        std::vector<Hop> hops;
        m_hops.look(hops);
        return found(std::move(hops));
    }

private:
    KafkaHops m_hops;
};

} // namespace

std::vector<Found> SourcePart::look() {
    try {
        if (!m_source) {
            m_source = sources::open_lag_source(m_options.source);
        }
        std::vector<Found> out = found(m_source->look(m_options.slots));
        const base::MutexLock lock{m_mutex};
        m_known = m_source;
        return out;
    } catch (const io::Stopped&) {
        throw;
    } catch (const base::Error& error) {
        m_source.reset();
        const base::MutexLock lock{m_mutex};
        m_known.reset();
        return {unknown(*this, error.what())};
    }
}

std::shared_ptr<source::LagSource> SourcePart::known() const {
    const base::MutexLock lock{m_mutex};
    return m_known;
}

std::optional<source::LogDistance> SourcePart::distance(const event::Checkpoint& checkpoint) const {
    const auto source = known();
    return source ? std::optional{source->distance(checkpoint)} : std::nullopt;
}

bool SourcePart::owns(const event::Checkpoint& checkpoint) const {
    const auto source = known();
    return !source || source->owns(checkpoint);
}

Parts::Parts(const Options& options, Rates rates) {
    if (!options.source.empty()) {
        auto part = std::make_unique<SourcePart>(options);
        source = part.get();
        all.push_back(std::move(part));
    }
    for (const std::string& path : options.checkpoints) {
        all.push_back(std::make_unique<CheckpointPart>(path));
    }
    for (const std::string& place : options.stages) {
        all.push_back(std::make_unique<StagePart>(place));
    }
    if (!options.groups.empty() || !options.topics.empty()) {
        all.push_back(std::make_unique<KafkaPart>(options, rates == Rates::at_once));
    }
    if (!options.target.empty()) {
        all.push_back(std::make_unique<TargetPart>(options));
    }
}

} // namespace cdc::lag
