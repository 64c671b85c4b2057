#ifndef CDC_PUBLISH_STREAM_HPP
#define CDC_PUBLISH_STREAM_HPP

#include "cdc-publish/checkpoint_files.hpp"
#include "cdc-publish/marks.hpp"
#include "cdc-publish/options.hpp"
#include "cdc-publish/publisher.hpp"
#include "kafka/acknowledgements.hpp"
#include "kafka/producer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::publish {

/// Where lines go, and when they are durable.
class Stream {
public:
    virtual ~Stream() = default;

    /// One line of the input. Throws Error.
    virtual void take(std::string_view line, std::uint64_t line_number) = 0;
    /// What is due: acknowledgements, checkpoints, the end of a transaction. Does not wait.
    virtual void turn() = 0;
    /// Milliseconds until turn() wants to be called though nothing came; -1: no hurry.
    virtual int next_turn_ms() = 0;
    /// Makes everything durable and writes the last checkpoint; false: not within the time.
    virtual bool finish(int timeout_ms) = 0;

    virtual std::uint64_t records() const = 0;          ///< sent so far
    virtual std::string summary() const = 0;            ///< of what was published
    virtual std::int64_t durable_ts_ms() const = 0;     ///< of the last durable checkpoint; 0: none
    virtual std::uint64_t durable_position() const = 0; ///< of its order; 0: none
    virtual const Publisher& publisher() const = 0;
};

/// Each record is durable when it is acknowledged.
class PlainStream : public Stream {
public:
    PlainStream(const Options& options, kafka::Producer& producer,
                kafka::Acknowledgements& acknowledgements);

    void take(std::string_view line, std::uint64_t line_number) override;
    void turn() override;
    int next_turn_ms() override;
    bool finish(int timeout_ms) override;
    std::uint64_t records() const override { return m_publisher.records(); }
    std::string summary() const override { return m_publisher.summary(); }
    std::int64_t durable_ts_ms() const override { return m_checkpoints.durable_ts_ms(); }
    std::uint64_t durable_position() const override { return m_checkpoints.durable_position(); }
    const Publisher& publisher() const override { return m_publisher; }

private:
    kafka::Producer& m_producer;
    kafka::Acknowledgements& m_acknowledgements;
    const Options& m_options;
    Publisher m_publisher;
    CheckpointFiles m_checkpoints;
    std::optional<Marks> m_marks;
};

/// Publishes one line, or makes it a dead letter where the options say so. Throws Error with the
/// number of the line in its text. `again`: the line was published in a transaction that is gone.
void publish_line(Publisher& publisher, const Options& options, std::string_view line,
                  std::uint64_t line_number, bool again = false);

/// Whether the line is a checkpoint.
bool is_checkpoint(std::string_view line);

} // namespace cdc::publish

#endif
