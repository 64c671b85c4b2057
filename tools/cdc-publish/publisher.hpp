#ifndef CDC_PUBLISH_PUBLISHER_HPP
#define CDC_PUBLISH_PUBLISHER_HPP

#include "cdc-publish/checkpoint_files.hpp"
#include "cdc-publish/options.hpp"
#include "cdc-publish/routes.hpp"
#include "event/line_predictor.hpp"
#include "kafka/acknowledgements.hpp"
#include "kafka/change_cut.hpp"
#include "kafka/envelope.hpp"
#include "kafka/producer.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::publish {

/// Turns lines into records and sends them. What "durable" means is the caller's: without
/// transactions the acknowledgement of all records, with them the commit.
class Publisher {
public:
    /// `barrier` returns when everything sent so far is durable; it is called before the first
    /// change that uses a new table version.
    Publisher(const Options& options, kafka::Producer& producer, std::function<void()> barrier);

    /// One line, with LinePredictor::kPadding bytes behind it. Throws Error: bad_data for a line
    /// that cannot be sent (nothing of it was sent).
    void publish(std::string_view line);
    /// Sends the line as a dead letter.
    void dead_letter(std::string_view line, std::uint64_t line_number, const base::Error& error);

    /// The order of the last change sent; 32 hex digits, empty before the first.
    const std::string& last_order() const noexcept { return m_last_order; }
    void set_last_order(const std::string& order) { m_last_order = m_committed_order = order; }
    /// With transactions: what was sent since the last of these calls is durable, or is gone.
    void committed();
    void aborted();
    Routes& routes() noexcept { return m_routes; }
    std::uint64_t records() const noexcept { return m_records; }
    /// What was passed over by design, for the closing message.
    std::uint64_t skipped() const noexcept { return m_skipped; }

    /// Sends; waits while the queue is full.
    void send(const Topic& topic, kafka::OutgoingRecord record);

private:
    void fill_cut(const event::DecodedLine& line);
    void publish_change(const event::DecodedLine& line);
    void publish_table(const event::DecodedLine& line);
    void publish_snapshot(const event::DecodedLine& line);
    void publish_transaction(std::string_view line, std::string_view payload);
    void publish_heartbeat(std::string_view line);
    std::string_view value_of(const kafka::ChangeCut& cut, const Route& route);
    std::string_view key_of(const kafka::ChangeCut& cut, const Route& route);
    void check_size(const Topic& topic, std::string_view key, std::size_t bytes) const;

    const Options& m_options;
    kafka::Producer& m_producer;
    Routes m_routes;
    std::function<void()> m_barrier;
    event::LinePredictor m_decoder;
    kafka::ChangeCut m_cut;
    std::string m_order;
    kafka::ConnectSchemas m_schemas;
    std::string m_value;
    std::string m_key;
    std::set<std::string> m_announced;    ///< keys of schema-changes that were sent
    bool m_announcing = false;            ///< some of them may not be durable yet
    std::vector<std::string> m_unsettled; ///< keys announced since committed() or aborted()
    std::string m_last_order;
    std::string m_committed_order;
    std::int64_t m_heartbeat_ms = 0;
    std::uint64_t m_records = 0;
    std::uint64_t m_skipped = 0;
};

} // namespace cdc::publish

#endif
