#ifndef CDC_KAFKA_TOPIC_READER_HPP
#define CDC_KAFKA_TOPIC_READER_HPP

#include "kafka/settings.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// Reads a small topic as a whole, and later what came since: for compacted topics that serve as
/// a table. It joins no group and commits nothing.
class TopicReader {
public:
    using Handler = std::function<void(std::optional<std::string_view> key,
                                       std::optional<std::string_view> value)>;

    /// Connects. Throws Error.
    TopicReader(const Settings& settings, std::string topic, int connect_timeout_ms);
    ~TopicReader();
    TopicReader(const TopicReader&) = delete;
    TopicReader& operator=(const TopicReader&) = delete;

    /// Gives every record that was not given yet, up to the ends of now. A missing topic has none.
    /// Throws Error, also when `timeout_ms` is over.
    void read(const Handler& handler, int timeout_ms);
    /// The same where ends are those of all records: waits for transactions that are open, which
    /// hide what others committed behind their beginnings. Not while the caller has one open.
    void read_past_open(const Handler& handler, int timeout_ms);
    /// Gives a few of the last records of each partition. Throws Error.
    void read_last(const Handler& handler, int timeout_ms);

private:
    struct Implementation;
    std::unique_ptr<Implementation> m;
};

} // namespace cdc::kafka

#endif
