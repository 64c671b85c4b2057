#include "cdc-verify/source.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cdc-verify/snapshot_point.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "postgres/exported_snapshot.hpp"

#include <algorithm>
#include <unordered_set>

namespace cdc::verify {

namespace {

constexpr std::int64_t kFlushWaitMs = 2000; ///< more than three times wal_writer_delay
constexpr std::uint64_t kRowsBetweenLooks = 10000;
constexpr int kTidRangeScan = 140000; ///< first version that reads a range of ctids alone

std::string join_conditions(const std::string& a, const std::string& b) {
    return a.empty() ? b : b.empty() ? a : "(" + a + ") AND (" + b + ")";
}

std::string hex_text(std::string_view bytes) {
    std::string out = "\\x";
    for (const char c : bytes) {
        base::append_hex(out, static_cast<unsigned char>(c), 2);
    }
    return out;
}

} // namespace

std::string key_condition(const Table& table, const std::vector<std::string>& keys,
                          const std::function<std::string(const Column&)>& name,
                          const std::function<std::string(const Column&, const Value&)>& literal) {
    std::string names;
    for (const std::size_t column : table.key) {
        names += (names.empty() ? "" : ", ") + name(table.columns[column]);
    }
    std::string list;
    for (const std::string& key : keys) {
        const std::vector<Value> values = split_image(key, table.key.size());
        std::string tuple;
        for (std::size_t i = 0; i < values.size(); ++i) {
            tuple += (i == 0 ? "" : ", ") + literal(table.columns[table.key[i]], values[i]);
        }
        list += (list.empty() ? "(" : ", (") + tuple + ")";
    }
    return table.key.size() == 1 ? names + " IN (" + list + ")"
                                 : "(" + names + ") IN (" + list + ")";
}

Source::Source(const std::string& url, Activity& activity)
    : m_url{url}, m_activity{activity}, m_connection{url, postgres::Connection::Kind::plain},
      m_standby{m_connection.query("SELECT pg_is_in_recovery()").text(0, 0) == "t"} {
    m_connection.set_on_wait([this] { check_stop(); });
}

void Source::check_stop() const {
    m_activity.show();
    if (io::stop_signal::requested()) {
        throw io::Stopped{"the source worked on a query"};
    }
    if (m_end != 0 && base::steady_ms() >= m_end) {
        throw TimeUp{};
    }
}

std::string Source::from(const Table& table) const {
    return std::string{table.facts.partitioned ? "" : "ONLY "} +
           m_connection.quoted_name(table.facts.schema) + "." +
           m_connection.quoted_name(table.facts.table);
}

std::string Source::keys_sql(const Table& table, const std::vector<std::string>& keys) const {
    return key_condition(
        table, keys, [](const Column& column) { return column.source_name; },
        [&](const Column& column, const Value& value) {
            if (column.source_id == 17) { // bytea
                return m_connection.quoted_text(hex_text(value.bytes)) + "::bytea";
            }
            return m_connection.quoted_text(text_of(column.type, value)) +
                   "::" + column.source_type;
        });
}

template<typename Visitor>
void Source::scan(const Table& table, const std::string& condition, const Selection& selection,
                  Visitor&& visit) {
    std::string sql = "SELECT ";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        sql += (i == 0 ? "" : ", ") + table.columns[i].source_select;
    }
    sql += " FROM " + from(table);
    if (const std::string where = join_conditions(table.where, condition); !where.empty()) {
        sql += " WHERE " + where;
    }
    std::vector<std::uint64_t> weights;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        weights.push_back(column_weight(i));
    }
    std::vector<Scratch> scratch(table.columns.size());
    std::vector<Value> values(table.columns.size());
    std::vector<postgres::BinaryField> fields;
    postgres::BinaryCopy copy{m_connection, sql};
    std::uint64_t rows = 0;
    while (copy.next(fields)) {
        if (++rows % kRowsBetweenLooks == 0) {
            m_activity.add_rows(kRowsBetweenLooks);
            check_stop();
        }
        std::uint64_t row_sum = 0;
        std::uint64_t key_sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = encode(table.columns[i], fields[i], scratch[i]);
            const std::uint64_t hash = value_hash(values[i]) * weights[i];
            row_sum += hash;
            key_sum += table.columns[i].key ? hash : 0;
        }
        const std::uint64_t row_hash = final_hash(row_sum);
        const std::uint64_t key_hash = table.keyed() ? final_hash(key_sum) : row_hash;
        if (selection.sample_limit == 0 || key_hash < selection.sample_limit) {
            visit(values, row_hash, key_hash);
        }
    }
}

void Source::sums(const Table& table, const Selection& selection, int part, int parts,
                  Buckets& out) {
    std::string condition;
    if (parts > 1 && m_connection.server_version() >= kTidRangeScan) {
        const auto page = [&](int n) {
            return fmt::format("'({},0)'::tid", table.facts.pages * n / parts);
        };
        condition = part == 0 ? "" : "ctid >= " + page(part);
        if (part + 1 < parts) {
            condition = join_conditions(condition, "ctid < " + page(part + 1));
        }
    } else if (part > 0) {
        return;
    }
    const int shift = 64 - selection.bucket_bits;
    scan(table, condition, selection,
         [&](const std::vector<Value>&, std::uint64_t row_hash, std::uint64_t key_hash) {
             Bucket& bucket = out[key_hash >> shift];
             ++bucket.count;
             bucket.sum += row_hash;
         });
}

Rows Source::rows(const Table& table, const Selection& selection) {
    std::string condition;
    std::unordered_set<std::string> wanted; // of what SQL cannot find
    if (table.masked_key) {
        wanted.insert(selection.keys.begin(), selection.keys.end());
    } else if (!selection.keys.empty()) {
        condition = keys_sql(table, selection.keys);
    }
    Rows rows;
    const int shift = 64 - selection.bucket_bits;
    std::string key;
    std::string image;
    scan(table, condition, selection,
         [&](const std::vector<Value>& values, std::uint64_t row_hash, std::uint64_t key_hash) {
             if (!selection.buckets.empty() && !selection.buckets[key_hash >> shift]) {
                 return;
             }
             key.clear();
             for (std::size_t i = 0; i < values.size(); ++i) {
                 if (!table.keyed() || table.columns[i].key) {
                     append_image(key, values[i]);
                 }
             }
             if (!wanted.empty() && !wanted.contains(key)) {
                 return;
             }
             image.clear();
             if (table.keyed() && !selection.whole_rows) {
                 image.assign(reinterpret_cast<const char*>(&row_hash), sizeof(row_hash));
             } else if (table.keyed()) {
                 for (const Value& value : values) {
                     append_image(image, value);
                 }
             }
             add_row(rows[key], image);
         });
    return rows;
}

std::optional<RowsAtPosition>
Source::rows_at_position(const Table& table, const Selection& selection, std::int64_t wait_ms) {
    std::optional<SnapshotPoint> point;
    try {
        point.emplace(m_url, wait_ms);
    } catch (const base::Error& error) {
        if (io::stop_signal::requested()) {
            throw;
        }
        base::log::debug("{}: cannot be compared at one position: {}", table.name(), error.what());
        return std::nullopt;
    }
    postgres::begin_in_snapshot(m_connection, point->snapshot());
    try {
        RowsAtPosition found{rows(table, selection), point->position(), point->order()};
        m_connection.query("COMMIT");
        return found;
    } catch (const base::Error&) {
        m_connection.query("ROLLBACK"); // the session goes on with other tables
        throw;
    }
}

std::uint64_t Source::count(const Table& table) {
    const postgres::Result result =
        m_connection.query("SELECT count(*) FROM " + from(table) +
                           (table.where.empty() ? "" : " WHERE " + table.where));
    return base::parse_integer<std::uint64_t>(result.text(0, 0)).value_or(0);
}

postgres::Lsn Source::ask(const char* function) {
    return postgres::parse_lsn(m_connection.query(fmt::format("SELECT {}()", function)).text(0, 0))
        .value_or(0);
}

postgres::Lsn Source::insert_position() {
    return ask(m_standby ? "pg_last_wal_replay_lsn" : "pg_current_wal_insert_lsn");
}

std::optional<event::Order> Source::order_now() {
    constexpr const char* kOfPrimary =
        "SELECT ('x' || substring(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)"
        "::bigint, pg_current_wal_insert_lsn()";
    constexpr const char* kOfStandby =
        "SELECT coalesce((SELECT received_tli FROM pg_stat_wal_receiver), "
        "(SELECT timeline_id FROM pg_control_checkpoint())), pg_last_wal_replay_lsn()";
    try {
        const postgres::Result result = m_connection.query(m_standby ? kOfStandby : kOfPrimary);
        const auto timeline = base::parse_integer<std::uint16_t>(result.text(0, 0));
        const auto position = postgres::parse_lsn(result.text(0, 1));
        if (timeline && position) {
            return event::Order::make(*timeline, *position, 0);
        }
    } catch (const postgres::ServerError& error) {
        base::log::debug("the source's timeline is not known: {}", error.what());
    }
    return std::nullopt;
}

postgres::Lsn Source::position_after() {
    const postgres::Lsn inserted = insert_position();
    if (m_standby) {
        return inserted;
    }
    // With synchronous_commit=off a change is seen before it is on disk, but not for long.
    const std::int64_t deadline = base::steady_ms() + kFlushWaitMs;
    postgres::Lsn flushed = ask("pg_current_wal_flush_lsn");
    while (flushed < inserted && base::steady_ms() < deadline) {
        io::wait_readable(io::stop_signal::wake_fd(), 50);
        flushed = ask("pg_current_wal_flush_lsn");
    }
    return std::min(inserted, flushed);
}

} // namespace cdc::verify
