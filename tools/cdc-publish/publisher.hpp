#ifndef CDC_PUBLISH_PUBLISHER_HPP
#define CDC_PUBLISH_PUBLISHER_HPP

#include "cdc-publish/checkpoint_files.hpp"
#include "cdc-publish/options.hpp"
#include "cdc-publish/position.hpp"
#include "cdc-publish/registered_schemas.hpp"
#include "cdc-publish/routes.hpp"
#include "event/line_predictor.hpp"
#include "kafka/acknowledgements.hpp"
#include "kafka/change_cut.hpp"
#include "kafka/envelope.hpp"
#include "kafka/producer.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::publish {

/// Turns lines into records and sends them. What "durable" means is the caller's: without
/// transactions the acknowledgement of all records, with them the commit.
class Publisher {
public:
    Publisher(const Options& options, kafka::Producer& producer);

    /// Whether the line belongs to a table, and table lines were sent since settled(): readers of
    /// this line look for its table line, so the caller makes everything durable first.
    bool must_settle(std::string_view line) const;
    /// One line, with LinePredictor::kPadding bytes behind it. Throws Error: bad_data for a line
    /// that cannot be sent (nothing of it was sent).
    void publish(std::string_view line);
    /// Sends the line as a dead letter; with `again` it was one before, in a transaction that is
    /// gone.
    void dead_letter(std::string_view line, std::uint64_t line_number, const base::Error& error,
                     bool again);

    /// Of what was sent.
    const Position& position() const noexcept { return m_position; }
    void set_position(const Position& position) { m_position = m_settled_position = position; }
    /// Everything sent so far is durable.
    void settled();
    /// Everything sent since settled() is gone: the publisher is as it was then.
    void aborted();
    Routes& routes() noexcept { return m_routes; }
    std::uint64_t records() const noexcept { return m_records; }
    /// Bytes of their keys and values.
    std::uint64_t bytes() const noexcept { return m_bytes; }
    std::uint64_t dead_letters() const noexcept { return m_done.dead_letters; }
    /// Calls `f(topic, records)` for each topic that records were sent to.
    template<typename F>
    void for_each_topic(F&& f) const {
        for (const SentTo& topic : m_sent_to) {
            if (topic.records != 0) {
                f(topic.name, topic.records);
            }
        }
    }
    /// What was passed over by design.
    std::uint64_t skipped() const noexcept { return m_skipped; }
    /// "54,625 rows into 6 topics, 2 dead letters"; each line counts once.
    std::string summary() const;

    /// Sends; waits while the queue is full.
    void send(const Topic& topic, kafka::OutgoingRecord record);

private:
    struct SentTo {
        std::string name;
        std::uint64_t records = 0;
    };
    struct Done {
        std::uint64_t rows = 0; ///< inserted, updated, deleted, read
        std::uint64_t dead_letters = 0;
    };
    /// What a table line changed here, to take it back when it is gone.
    struct Unsettled {
        std::string announced; ///< key of schema-changes; empty: it was known before
        Route* route;
        std::string version; ///< of the route, before the line
        std::string table_json;
        bool keyless;
        std::shared_ptr<record::TableEncoder> encoder;
    };
    void fill_cut(const event::DecodedLine& line);
    void publish_change(const event::DecodedLine& line);
    void publish_table(const event::DecodedLine& line);
    /// Snapshot lines, facts and marks.
    void publish_table_part(const event::DecodedLine& line);
    void publish_transaction(std::string_view line, std::string_view payload);
    void publish_heartbeat(std::string_view line);
    std::string_view value_of(const kafka::ChangeCut& cut, const Route& route);
    std::string_view key_of(const kafka::ChangeCut& cut, const Route& route);
    void check_record(const Topic& topic, std::string_view key, std::size_t bytes) const;
    /// Warns, once, where a change is older than its topic keeps records.
    void tell_old(Topic& topic, std::int64_t ts_ms);

    const Options& m_options;
    kafka::Producer& m_producer;
    Routes m_routes;
    event::LinePredictor m_decoder;
    kafka::ChangeCut m_cut;
    std::string m_order;
    kafka::ConnectSchemas m_schemas;
    std::unique_ptr<RegisteredSchemas> m_registered; ///< with --registry
    std::string m_json;                              ///< scratch
    std::string m_value;
    std::string m_key;
    /// Of schema-changes, what was sent: keys with collations, which are not part of the version.
    std::set<std::string> m_announced;
    std::vector<Unsettled> m_unsettled; ///< with transactions, by table line since settled()
    bool m_announcing = false;          ///< one of them was announced
    Position m_position;
    Position m_settled_position;
    const Route* m_rows_of = nullptr; ///< the last row of a snapshot: its table
    std::string m_rows_order;         ///< and its order
    std::int64_t m_heartbeat_ms = 0;
    std::int64_t m_now_ms = 0; ///< a while ago
    std::uint32_t m_changes = 0;
    Done m_done;
    Done m_settled_done;
    std::uint64_t m_records = 0;
    std::uint64_t m_bytes = 0;
    std::vector<SentTo> m_sent_to; ///< by the producer's number of the topic
    std::uint64_t m_skipped = 0;
};

} // namespace cdc::publish

#endif
