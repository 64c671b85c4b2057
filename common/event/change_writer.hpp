#ifndef CDC_EVENT_CHANGE_WRITER_HPP
#define CDC_EVENT_CHANGE_WRITER_HPP

#include "event/change_counts.hpp"
#include "event/facts.hpp"
#include "event/order.hpp"
#include "event/table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// Appends what every line's `source` begins with:
/// `{"version":"…","connector":"mysql","name":"…","ts_ms":N,"snapshot":"false",`.
/// `ts_ms` nullopt: null.
void append_source_start(std::string& out, std::string_view connector, std::string_view name,
                         std::optional<std::int64_t> ts_ms, bool snapshot);

/// An image that a line has none of, for append_images().
inline void append_null(std::string& out) {
    out += "null";
}

/// Appends the start of a change line, `{"key":…,"before":…,"after":…`; each image is a function
/// that appends a JSON object or null to the string it is given.
template<typename Key, typename Before, typename After>
void append_images(std::string& out, Key&& key, Before&& before, After&& after) {
    out += R"({"key":)";
    key(out);
    out += R"(,"before":)";
    before(out);
    out += R"(,"after":)";
    after(out);
}
/// The same of a change without a row before it.
template<typename Key, typename After>
void append_images(std::string& out, Key&& key, After&& after) {
    out += R"({"key":)";
    key(out);
    out += R"(,"before":null,"after":)";
    after(out);
}

/// The lines of a source's transactions, cdc-event(5): what all databases have in common is
/// written here, and their ChangeBuilders add keys, rows and the members of `source` that only they
/// have. No allocation per row once the buffers have grown.
class ChangeWriter {
public:
    struct Settings {
        std::string connector;     ///< source.connector
        std::string name;          ///< source.name
        bool transactions = false; ///< lines at begin and end, and a member in each change
    };
    explicit ChangeWriter(Settings settings);

    /// What `ts_ms` says from now on.
    void set_time(std::int64_t now_ms);
    std::int64_t now_ms() const { return m_now_ms; }

    /// `start` is where its changes stand in the order, its index being 0; `id` is told by the
    /// lines of --transactions.
    void begin_transaction(Order start, std::int64_t commit_ts_ms, std::string_view id);
    /// Writes the END line when the transaction brought lines.
    void end_transaction(std::string& out);
    bool in_transaction() const { return m_in_transaction; }
    /// Of the transaction begun last; 0 before the first.
    std::int64_t commit_ts_ms() const { return m_commit_ts_ms; }

    /// The index in its order that the transaction's next change has, the first being 1.
    std::uint64_t next_index() const { return m_next_index; }
    /// Gives `count` indexes away, and returns the first of them.
    std::uint64_t take_indexes(std::uint64_t count) {
        const std::uint64_t first = m_next_index;
        m_next_index += count;
        return first;
    }

    /// Must come before the first change line of a transaction: writes its BEGIN line.
    void begin_lines(std::string& out) {
        if (m_settings.transactions && !m_begin_written) {
            write_begin(out);
        }
    }

    /// `source` of changes in this transaction up to the members of the database, as
    /// append_source_start() has it.
    const std::string& source_start() const { return m_source_start; }
    /// `source` as a whole of a line about a table, which stands where change `index` does;
    /// `members` are those that name the table, such as `"db":"shop","table":"orders"`.
    std::string table_source(std::string_view members, std::uint64_t index) const;
    void append_table(std::string& out, const Table& shape, std::string_view source) const;
    void append_stale_mark(std::string& out, std::string_view why, std::string_view source);

    /// Continues `source` of a change line: `,"order":"…"`. Members may follow.
    void append_order(std::string& out, std::uint64_t index) const {
        out += R"(,"order":")";
        out += m_order_start;
        append_index(out, index);
        out += '"';
    }
    /// Ends `source` and the line, and counts it. `table`: null for a change of no table.
    void end_change(std::string& out, char op, ChangeCounts::Table* table);

    /// Change lines made so far.
    std::uint64_t changes() const { return m_changes; }
    /// The lines made since then were taken back.
    void set_changes(std::uint64_t changes) { m_changes = changes; }
    /// Change lines, by table.
    ChangeCounts& changes_by_table() { return m_counts; }
    /// Mark lines made so far.
    std::uint64_t marks() const { return m_marks; }

private:
    /// A table that a transaction brought lines of.
    struct Collection {
        const ChangeCounts::Table* table = nullptr;
        std::uint64_t changes = 0;
    };

    static void append_index(std::string& out, std::uint64_t index);
    void write_begin(std::string& out);
    void write_end(std::string& out);
    void append_line_end(std::string& out) const { out += m_line_end; }
    void append_transaction(std::string& out, const ChangeCounts::Table* table);

    Settings m_settings;
    std::string m_source_name; ///< what source_start() begins with for all transactions

    bool m_in_transaction = false;
    std::int64_t m_commit_ts_ms = 0;
    std::uint64_t m_next_index = 1;
    std::string m_order_start;  ///< epoch and position
    std::string m_source_start; ///< see source_start()

    std::string m_id; ///< in quotes
    bool m_begin_written = false;
    std::uint64_t m_total_order = 0; ///< change lines of this transaction
    std::vector<Collection> m_collections;

    std::int64_t m_now_ms = 0;
    std::string m_line_end; ///< `,"ts_ms":N}` and '\n'
    std::uint64_t m_changes = 0;
    std::uint64_t m_marks = 0;
    ChangeCounts m_counts;
};

} // namespace cdc::event

#endif
