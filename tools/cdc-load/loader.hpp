#ifndef CDC_LOAD_LOADER_HPP
#define CDC_LOAD_LOADER_HPP

#include "cdc-load/facts_keeper.hpp"
#include "cdc-load/flusher.hpp"
#include "cdc-load/history.hpp"
#include "cdc-load/marks.hpp"
#include "cdc-load/options.hpp"
#include "cdc-load/rebuilder.hpp"
#include "cdc-load/table_loader.hpp"
#include "cdc-load/work.hpp"
#include "clickhouse/transport.hpp"
#include "event/line_decoder.hpp"
#include "event/line_predictor.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdc::load {

/// Takes lines, one after the other, and hands full or old batches to the flusher.
class Loader {
public:
    Loader(clickhouse::Transport& transport, const Options& options, Figures& figures);

    /// Takes one line, behind which LinePredictor::kPadding bytes can be read. Throws Error; the
    /// batch then holds everything before the line.
    void take(std::string_view line, std::uint64_t line_number);
    /// Milliseconds until the batch must be flushed; -1: there is nothing in it.
    std::int64_t due_in_ms() const;
    /// Hands the batch over if the flusher is idle.
    void flush_if_idle();
    /// Behind the last line, where the writer ended and was not stopped.
    void end_input();
    /// Makes everything durable and waits for it.
    void finish();
    /// Throws what a flush threw.
    void check() { m_flusher.wait_idle(0); }
    bool flush_failed() { return m_flusher.failed(); }

    clickhouse::RetryPolicy& retry_policy() { return m_flusher.retry_policy(); }
    /// Nothing more is wanted: a dry run has printed its batch.
    bool done() const { return m_done; }
    std::uint64_t changes() const { return m_changes; }
    /// Dead letters in the input, which only a replay loads.
    /// Tables of the source of which a line came.
    std::size_t tables() const;
    std::uint64_t passed_over() const { return m_passed_over; }
    /// Lines that went to the dead-letter file. Call after finish().
    std::uint64_t dead_letters() const { return m_flusher.dead_letters(); }
    std::size_t parked_keys() const;
    std::uint64_t ignored_truncates() const { return m_ignored_truncates; }
    /// Values that the policies decided.
    clickhouse::ValueCounts replaced() const;

private:
    /// nullptr: it is a dead letter now.
    const event::DecodedLine* decode(std::string_view line);
    void take_decoded(const event::DecodedLine& line);
    bool batch_is_full() const;
    void bound_batch();
    void take_letter(const event::DecodedLine& letter);
    void take_change(const event::DecodedLine& line);
    void take_key_change(std::string_view created);
    void take_held_delete(bool half = false);
    void take_table(const event::DecodedLine& line);
    void take_facts(const event::DecodedLine& line);
    void apply(const event::Source& source, const FactsKeeper::Outcome& outcome);
    void take_left(std::string_view checkpoint);
    void tell_passed(std::string_view checkpoint);
    void keep_rows(const FactsKeeper::Outcome& outcome);
    void take_snapshot(const event::DecodedLine& line);
    TableLoader& find_table(const event::Source& source, const char* what);
    TableLoader& add_table(const event::Source& source);
    TableLoader& know_table(const event::Source& source);
    bool settle_shape(TableLoader& table, event::Order order, char op);
    bool begin_rebuild(std::size_t number, event::Order order);
    bool end_rebuild(std::size_t number, event::Order order);
    void put_aside(std::size_t number, std::unique_ptr<TableLoader> side);
    void add(std::size_t number, const event::DecodedLine& line);
    void tell_late(TableLoader& table);
    bool allow_nulls(std::size_t number, const event::DecodedLine& line);
    void keep(TableLoader& table, std::string_view first, std::string_view second,
              std::uint64_t line_number, bool half = false);
    void check_parked(TableLoader& table, const event::DecodedLine& line, TableWork& work);
    void begin_work();
    void submit();
    void make_durable();
    void wait_for_flusher();

    clickhouse::Transport& m_transport;
    const Options& m_options;
    std::vector<std::unique_ptr<TableLoader>> m_tables;
    std::unordered_map<std::string, std::size_t> m_numbers; ///< by db, schema, table
    std::size_t m_last_number = 0;
    Work m_works[2];
    Work* m_work = &m_works[0];
    /// Of a batch. The first ones are a quarter of the options': the target has work the sooner,
    /// and less is left when a short input ends.
    std::uint64_t m_most_rows = 0;
    std::uint64_t m_most_bytes = 0;
    std::uint64_t m_rows_before = 0; ///< of the batches before
    std::uint64_t m_bytes_before = 0;
    event::LinePredictor m_predictor; ///< for the lines of the input, which are padded
    event::LineDecoder m_decoder;     ///< for kept ones
    std::string m_held;               ///< `d` of a key change, until its `c` is there
    std::string m_scratch;
    std::string m_letter; ///< the line in a dead letter, with padding
    std::uint64_t m_line_number = 0;
    std::uint64_t m_held_number = 0;
    bool m_done = false;
    std::uint64_t m_changes = 0;
    std::uint64_t m_passed_over = 0;
    std::uint64_t m_ignored_truncates = 0;
    Marks m_marks;
    Flusher m_flusher; ///< behind what its thread uses
    Rebuilder m_rebuilder;
    FactsKeeper m_facts;
    History m_history;
};

} // namespace cdc::load

#endif
