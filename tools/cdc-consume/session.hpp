#ifndef CDC_CONSUME_SESSION_HPP
#define CDC_CONSUME_SESSION_HPP

#include "base/error.hpp"
#include "cdc-consume/acknowledged.hpp"
#include "cdc-consume/emitter.hpp"
#include "cdc-consume/figures.hpp"
#include "cdc-consume/marks.hpp"
#include "cdc-consume/options.hpp"
#include "cdc-consume/places.hpp"
#include "cdc-consume/table_lines.hpp"
#include "io/line_writer.hpp"
#include "kafka/consumer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cdc::consume {

/// One run: reads, writes lines and checkpoint lines, commits what is acknowledged.
class Session : public kafka::ConsumerHandler {
public:
    explicit Session(const Options& options);

    /// Until a stop condition or a signal. Throws Error.
    void run();

    bool can_take() override;
    void record(const kafka::IncomingRecord& record) override;
    void reached_end(const kafka::TopicPartition& place, std::int64_t offset) override;
    kafka::Offsets assigned(const std::vector<kafka::TopicPartition>& places,
                            const kafka::Offsets& committed) override;
    void revoked(const std::vector<kafka::TopicPartition>& places, bool lost) override;

private:
    static constexpr int kTurnMs = 100;
    /// Below the least max.poll.interval.ms that brokers allow.
    static constexpr std::int64_t kRestAfterMs = 3000;
    static constexpr int kTopicsTimeoutMs = 10'000;

    using TopicIds = std::map<std::string, kafka::TopicIdentity>; ///< by topic

    static base::Error lost_place(const std::string& what);
    static base::Error made_anew_meanwhile(const std::string& topic);
    std::int64_t start_of(const kafka::TopicPartition& place, const kafka::Offsets& committed,
                          const kafka::Offsets& by_time, const TopicIds& ids, bool is_new);
    void check_first(const kafka::TopicPartition& place, std::int64_t low,
                     const kafka::Offsets& committed) const;
    void check_topics();
    void read_topic(const std::string& topic, bool whole,
                    const kafka::TopicReader::Handler& handler) const;
    std::string known_id(const kafka::TopicPartition& place) const;
    std::map<std::string, std::string> known_ids() const;
    TopicIds look_at_topics(std::set<std::string> topics, int timeout_ms);
    std::string grown_text(const std::string& topic) const;
    /// A topic that is made anew while it is read has other records at the same offsets.
    void check_topic_ids();
    void check_from(const std::vector<kafka::TopicPartition>& places) const;
    /// Without a group nobody else tells of them.
    void look_for_topics(std::int64_t now_ms);
    void dead_letter(const kafka::IncomingRecord& record, const base::Error& error);
    void turn();
    void take_mark(const kafka::IncomingRecord& record, Place& place);
    void take_shrunk(const kafka::TopicPartition& at);
    void look_for_marked();
    std::int64_t records_of_cut() const;
    int read_marks(int timeout_ms);
    bool read_to_limits(int& records);
    int take_marked();
    void note_order(Place& place, std::string_view line);
    bool at_last_mark() const;
    void tell_held(const Marks::Holder& by);
    int take_records();
    void show(bool last = false);
    bool wait_for_output();
    bool finished();
    bool at_ends() const;
    bool note_ends();
    bool others_are_there();
    void tell_hidden(std::int64_t now_ms);
    void write_checkpoint();
    void commit(bool wait);
    void commit_last(std::int64_t deadline_ms);
    void let_go();
    void finish();

    const Options& m_options;
    TableLines m_table_lines;
    Emitter m_emitter;
    io::LineWriter m_writer;
    std::unique_ptr<kafka::Consumer> m_consumer;
    std::unique_ptr<Acknowledged> m_acknowledged;
    std::string m_cluster;

    std::optional<Marks> m_marks; ///< with --marks
    std::vector<kafka::TopicMatcher> m_matchers;
    std::set<kafka::TopicPartition> m_unread;       ///< in marks, and not ours to read
    bool m_marked = false;                          ///< a mark came
    bool m_cut_open = false;                        ///< its checkpoint line is to be written
    std::int64_t m_held_ms = 0;                     ///< since when it is waited for; 0: told
    bool m_new_places = false;                      ///< it names what is not read yet
    std::vector<kafka::TopicPartition> m_made_anew; ///< to be read from the beginning

    Places m_places;
    std::set<kafka::TopicPartition> m_started;
    std::map<std::string, std::string> m_file_ids;      ///< of the checkpoint files' offsets
    std::map<std::string, int> m_file_partitions;       ///< of topics, in the checkpoint files
    std::map<std::string, int> m_partitions;            ///< of topics, when they were first read
    std::map<std::string, int> m_grown;                 ///< those that have more now
    std::map<kafka::TopicPartition, std::string> m_ids; ///< of the topics as they were then
    std::int64_t m_ids_ms = 0;                          ///< when they were last looked at
    kafka::Offsets m_ends;                              ///< of partitions, when they came
    kafka::Offsets m_committed;
    bool m_assigned = false;         ///< at least once
    std::int64_t m_rebalance_ms = 0; ///< when partitions last came or went
    bool m_said_waiting = false;     ///< for others of the group
    std::int64_t m_hidden_ms = 0;    ///< since when only open transactions are waited for
    bool m_said_hidden = false;

    std::vector<kafka::TopicPartition> m_leaving;
    kafka::Offsets m_leaving_at; ///< what must be acknowledged before they go
    std::int64_t m_leaving_deadline_ms = 0;

    kafka::Offsets m_last_positions; ///< in the last checkpoint line
    std::int64_t m_checkpoint_ms = 0;
    std::int64_t m_commit_ms = 0;
    std::int64_t m_stuck_ms = 0;  ///< since when the output takes nothing; 0: it does
    std::int64_t m_topics_ms = 0; ///< when topics were last looked for
    std::int64_t m_look_ms = 0;   ///< for others of the group
    std::int64_t m_record_ms = 0; ///< when the last record came
    std::int64_t m_newest_ms = 0; ///< time of the newest change
    std::uint64_t m_events = 0;
    std::uint64_t m_passed_over = 0;
    Figures m_figures;
    std::uint64_t m_records = 0;
    std::uint64_t m_bytes_read = 0;
    bool m_done = false;
};

} // namespace cdc::consume

#endif
