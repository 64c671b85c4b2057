#ifndef CDC_PUBLISH_EXACTLY_ONCE_HPP
#define CDC_PUBLISH_EXACTLY_ONCE_HPP

#include "cdc-publish/blank_topics.hpp"
#include "cdc-publish/figures.hpp"
#include "cdc-publish/stream.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace cdc::publish {

/// Lines in Kafka transactions. Each transaction also holds the stream's position, as a record of
/// the compacted topic `<prefix>.checkpoints`:
///
///     key    {"transactional_id":"cdc-publish.shop"}
///     value  {"order":"0001…","checkpoint":{…the last checkpoint line's…}|null,"ts_ms":N}
///
/// then `"row_tables":["16 hex digits",…]` (SnapshotTables), `"row_order":"0001…"` of rows of
/// snapshots and `"view_rows":{"order":"09db…","count":N}` (Position, ViewRows), where there were
/// any, and `"input":"NAME"` where the checkpoint line has it.
///
/// On start the position is read back, and changes at or below it are dropped: they were committed.
/// So are the begin and end of a snapshot whose rows are.
/// That the lines are of the same stream is checked at the first checkpoint line, before which
/// nothing that was dropped can be confirmed to the source.
class ExactlyOnceStream : public Stream {
public:
    /// Reads the position. The producer has fenced older writers by now.
    ExactlyOnceStream(const Options& options, kafka::Producer& producer,
                      kafka::Acknowledgements& acknowledgements, Figures& figures);

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
    void read_position();
    void open();
    /// Fills in `cut` where it is true.
    bool committed_before(std::string_view line, kafka::ChangeCut& cut);
    bool is_of_done_snapshot(const kafka::ChangeCut& cut) const;
    void pass_on(std::string_view line, std::uint64_t line_number);
    void pass_held();
    void check_orders(std::string_view line);
    void check_identity(std::string_view checkpoint_line);
    void check_rising(std::string_view checkpoint_line);
    void keep(std::string_view line, std::uint64_t line_number);
    template<typename Send>
    void in_transaction(Send&& send);
    void send_again();
    void abort();
    void commit();
    void send_position();
    void send_mark();

    kafka::Producer& m_producer;
    kafka::Acknowledgements& m_acknowledgements;
    const Options& m_options;
    Figures& m_figures;
    Publisher m_publisher;
    CheckpointFiles m_checkpoints;
    std::optional<Marks> m_marks;
    Topic m_topic; ///< <prefix>.checkpoints

    Position m_stored; ///< read at start
    nlohmann::ordered_json m_stored_checkpoint;
    std::string m_stored_line;   ///< of that checkpoint
    ViewRows m_seen_rows;        ///< since the start, while lines are dropped
    bool m_knows_tables = false; ///< the position is not of an older version
    bool m_stored_snapshot_done = false;
    bool m_checked = false;
    std::optional<bool> m_of_views; ///< of cdc-transform's, by table lines
    bool m_dropping = false;        ///< lines may still be at or below the stored order
    std::uint64_t m_dropped = 0;
    BlankTopics m_blank;

    bool m_open = false;
    std::int64_t m_opened_ms = 0;
    /// Lines of the open transaction, which are sent again after an abort.
    struct Kept {
        std::size_t end; ///< in m_lines
        std::uint64_t line_number;
    };
    std::string m_lines; ///< and LinePredictor::kPadding bytes
    std::vector<Kept> m_kept;
    std::size_t m_sent = 0;   ///< of m_kept, in this attempt; all of them but after an abort
    std::string m_checkpoint; ///< last checkpoint line of the open transaction or before it
    checkpoints::LastLines m_new_checkpoints; ///< not committed
};

} // namespace cdc::publish

#endif
