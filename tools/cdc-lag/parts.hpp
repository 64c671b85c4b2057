#ifndef CDC_LAG_PARTS_HPP
#define CDC_LAG_PARTS_HPP

#include "base/mutex.hpp"
#include "cdc-lag/hop.hpp"
#include "cdc-lag/options.hpp"
#include "event/checkpoint.hpp"
#include "source/lag_source.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdc::lag {

/// A hop as a part found it. With a checkpoint it is still to be held against the source's log.
struct Found {
    Hop hop;
    std::optional<event::Checkpoint> checkpoint{};
};

/// What is asked as one, and may be slow alone: the source, the brokers, the target, a tool.
/// Connections are kept from look to look, and made anew after an error.
class Part {
public:
    virtual ~Part() = default;

    /// Of the hop that stands for all of it while nothing is known.
    virtual std::string kind() const = 0;
    virtual std::string name() const = 0;
    /// What cannot be told becomes a hop that says so; only io::Stopped is thrown. One thread.
    virtual std::vector<Found> look() = 0;
};

/// The database. distance() and owns() may be called beside look().
class SourcePart : public Part {
public:
    explicit SourcePart(const Options& options) : m_options{options} {}

    std::string kind() const override { return "source"; }
    std::string name() const override { return "source"; }
    std::vector<Found> look() override;

    /// Nothing while the last look failed, or before the first.
    std::optional<source::LogDistance> distance(const event::Checkpoint& checkpoint) const;
    /// True also while that is not known.
    bool owns(const event::Checkpoint& checkpoint) const;

private:
    std::shared_ptr<source::LagSource> known() const;

    const Options& m_options;
    std::shared_ptr<source::LagSource> m_source; ///< of the thread that looks
    mutable base::Mutex m_mutex;
    /// The same, after a look.
    std::shared_ptr<source::LagSource> m_known CDC_GUARDED_BY(m_mutex);
};

/// All that the options name, the source first; in the order in which hops are told.
struct Parts {
    /// When rates of topics are known: over a second of the first look, or from the second look on.
    enum class Rates { at_once, later };
    Parts(const Options& options, Rates rates);

    std::vector<std::unique_ptr<Part>> all;
    const SourcePart* source = nullptr; ///< one of them; nullptr: no --source
};

} // namespace cdc::lag

#endif
