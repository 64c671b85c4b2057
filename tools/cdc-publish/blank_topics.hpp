#ifndef CDC_PUBLISH_BLANK_TOPICS_HPP
#define CDC_PUBLISH_BLANK_TOPICS_HPP

#include "cdc-publish/routes.hpp"
#include "kafka/change_cut.hpp"
#include "kafka/producer.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::publish {

/// Looks at the topics of lines that are dropped because they were committed before. One that is
/// not there, or has had no record since it was made (none that retention took either), is another
/// one than they went to: it was deleted since, and nobody would bring them again.
class BlankTopics {
public:
    struct HeldLine {
        std::string text; ///< and LinePredictor::kPadding bytes
        std::size_t size;
        std::uint64_t number;

        std::string_view line() const { return std::string_view{text}.substr(0, size); }
    };

    BlankTopics(const Options& options, kafka::Producer& producer, const Routes& routes)
        : m_options{options}, m_producer{producer}, m_routes{routes} {}

    /// Of a line that is dropped. Throws Error (refused).
    void check(const kafka::ChangeCut& cut);
    /// Keeps a line that belongs to a table whose topic is blank, and is no change: it would make
    /// the topic, and the next run would see nothing of what was found. False: it is none.
    bool hold(std::string_view line, std::uint64_t line_number);
    /// Those that are to be sent now, in their order.
    std::vector<HeldLine> take_held() { return std::exchange(m_held, {}); }

private:
    enum class State : std::uint8_t { used, empty, missing };
    State look_at(const std::string& topic);
    std::string topic_of(const kafka::ChangeCut& cut) const;

    const Options& m_options;
    kafka::Producer& m_producer;
    const Routes& m_routes;
    std::map<std::string, int> m_topics;   ///< their partitions, when they were first looked for
    std::map<std::string, State> m_states; ///< by topic, before anything was sent to it
    std::string m_names;                   ///< scratch
    std::string m_checked;                 ///< names of the last line that was looked at
    std::vector<HeldLine> m_held;
};

} // namespace cdc::publish

#endif
