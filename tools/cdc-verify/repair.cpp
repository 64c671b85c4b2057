#include "cdc-verify/repair.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "cdc-verify/lineage.hpp"
#include "cdc-verify/snapshot_point.hpp"
#include "cdc-verify/source.hpp"
#include "event/checkpoint.hpp"
#include "event/json_writer.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "postgres/catalog.hpp"
#include "postgres/row_json.hpp"

#include <algorithm>
#include <cstring>

#include <unistd.h>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using clickhouse::Kind;
using postgres::Connection;

namespace {

constexpr std::size_t kKeysPerQuery = 1000;
/// In which a loader that has stored rows says in `_cdc_state` which log they are of: it does at
/// most once a second.
constexpr std::int64_t kStateWaitMs = 3000;

/// Lines of tables without key need orders of their own that no change of the log can have: a
/// transaction never has so many changes.
constexpr std::uint64_t kRepairIndex = std::uint64_t{1} << 47;

/// A value as a line has it, for lines that only the target's type has to understand.
void append_json(std::string& out, const Column& column, const Value& value) {
    if (value.null) {
        out += "null";
        return;
    }
    if (column.array) {
        base::fail(base::ExitCode::refused, "column {}: an array cannot be repaired in this table",
                   base::in_quotes(column.name));
    }
    std::string text = text_of(column.type, value);
    switch (column.type.kind) {
    case Kind::boolean:
        out += text;
        return;
    case Kind::float32:
    case Kind::float64:
        event::append_json_float_text(out, text);
        return;
    case Kind::decimal:
    case Kind::date32:
    case Kind::uuid:
        break;
    case Kind::datetime64:
        if (!value.odd && text.find(" BC") == std::string::npos) { // those are the server's own
            text[text.find(' ')] = 'T';
            text += column.source_id == 1184 ? "Z" : "";
        }
        break;
    case Kind::string:
        if (column.source_id == 17) { // bytea
            out += '"';
            base::append_base64(out, value.bytes);
            out += '"';
            return;
        }
        break;
    default:
        event::append_json_integer_text(out, text);
        return;
    }
    event::append_json_string(out, text);
}

void append_object(std::string& out, const Table& table, const std::vector<std::size_t>& columns,
                   const std::vector<Value>& values) {
    char separator = '{';
    for (std::size_t i = 0; i < columns.size(); ++i) {
        out += separator;
        event::append_json_string(out, table.columns[columns[i]].name);
        out += ':';
        append_json(out, table.columns[columns[i]], values[i]);
        separator = ',';
    }
    out += '}';
}

} // namespace

/// The source at one point: its rows over a plain connection, and its exact position.
struct Repairer::Snapshot {
    Snapshot(const std::string& url, const Table& of, Activity& activity)
        : point{url, -1}, reader{url, activity}, plain{reader.connection()}, table{of} {
        // A row for which the condition has ceased to hold is there all the same.
        table.where.clear();
        postgres::begin_in_snapshot(plain, point.snapshot());
        describe();
    }

    void describe() {
        const postgres::Result columns = plain.query(
            "SELECT attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid = $1::oid AND "
            "attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            {std::to_string(table.facts.id)});
        postgres::pgoutput::Relation relation;
        relation.id = table.facts.id;
        relation.schema = table.facts.schema;
        relation.name = table.facts.table;
        relation.identity = table.facts.identity;
        for (int row = 0; row < columns.rows(); ++row) {
            postgres::pgoutput::RelationColumn column;
            column.name = columns.text(row, 0);
            column.type = base::parse_integer<std::uint32_t>(columns.text(row, 1)).value_or(0);
            column.modifier = base::parse_integer<std::int32_t>(columns.text(row, 2)).value_or(-1);
            for (const postgres::FactColumn& fact : table.facts.columns) {
                column.identity |= fact.name == column.name && fact.in_identity;
            }
            select += (row == 0 ? "" : ", ") + plain.quoted_name(column.name);
            relation.columns.push_back(column);
        }
        postgres::Catalog catalog{plain};
        plan = std::make_unique<postgres::RelationPlan>(relation, plain.database(),
                                                        catalog.describe(relation), *table.edits);
    }

    /// `,"source":{…},"op":"r","ts_ms":N}` and a line end.
    void append_tail(std::string& out, char op, std::uint64_t index) const {
        out += ",\"source\":";
        append_source(out, index);
        out += ",\"op\":\"";
        out += op;
        out += "\",\"ts_ms\":";
        base::append_integer(out, base::now_ms());
        out += "}\n";
    }

    void append_source(std::string& out, std::uint64_t index) const {
        out += "{\"version\":";
        event::append_json_string(out, base::version());
        out += ",\"connector\":\"postgresql\",\"name\":";
        event::append_json_string(out, plain.database());
        out += ",\"ts_ms\":";
        base::append_integer(out, base::now_ms());
        out += ",\"snapshot\":\"true\",\"db\":";
        event::append_json_string(out, plain.database());
        out += ',' + plan->source_members() + ",\"lsn\":";
        event::append_json_integer(out, point.position());
        out += ",\"xmin\":null,\"order\":\"" + point.order(index).text();
        out += "\"}";
    }

    SnapshotPoint point;
    Source reader;
    Connection& plain; ///< the reader's
    Table table;
    std::string select;
    std::unique_ptr<postgres::RelationPlan> plan;
};

void Repairer::repair(const Table& table, const std::vector<Difference>& found) {
    if (table.masked_key) {
        throw base::Error{
            ExitCode::refused,
            fmt::format("{}: its key is masked or an array, so that the source's rows "
                        "cannot be found by the target's keys, and not be repaired",
                        table.name()),
            "cdc-snapshot --tables reads the table again."};
    }
    Snapshot snapshot{m_options.source, table, m_activity};
    check_lineage(snapshot);
    std::string source;
    snapshot.append_source(source, 0);
    event::append_table_line(m_out, snapshot.plan->shape(), source, base::now_ms());
    if (table.keyed()) {
        write_keyed(table, found, snapshot);
    } else {
        write_keyless(table, found, snapshot);
    }
    write();
}

void Repairer::write_keyed(const Table& table, const std::vector<Difference>& found,
                           Snapshot& snapshot) {
    std::uint64_t removed = 0;
    for (std::size_t i = 0; i < found.size(); i += kKeysPerQuery) {
        std::vector<std::string> keys;
        for (std::size_t j = i; j < std::min(found.size(), i + kKeysPerQuery); ++j) {
            keys.push_back(found[j].key);
        }
        removed += remove_impossible(table, keys, snapshot);
        Selection selection;
        selection.bucket_bits = 10;
        selection.keys = keys;
        const Rows there = snapshot.reader.rows(snapshot.table, selection);
        const postgres::Result rows = snapshot.plain.query("SELECT " + snapshot.select + " FROM " +
                                                           snapshot.reader.from(table) + " WHERE " +
                                                           snapshot.reader.keys_sql(table, keys));
        std::vector<std::size_t> missing;
        postgres::RelationPlan::EditedRow memory;
        for (int row = 0; row < rows.rows(); ++row) {
            postgres::pgoutput::Tuple tuple;
            for (int column = 0; column < rows.columns(); ++column) {
                const bool null = rows.is_null(row, column);
                tuple.push_back({null ? 'n' : 't', rows.text(row, column)});
            }
            const postgres::pgoutput::Tuple& edited = snapshot.plan->edit(tuple, memory);
            m_out += "{\"key\":";
            postgres::append_key(m_out, *snapshot.plan, edited);
            m_out += ",\"before\":null,\"after\":";
            postgres::append_row(m_out, *snapshot.plan, edited, missing);
            snapshot.append_tail(m_out, 'r', 0);
            ++m_lines;
        }
        for (const std::string& key : keys) {
            if (there.contains(key)) {
                continue;
            }
            std::string object;
            append_object(object, table, table.key, split_image(key, table.key.size()));
            m_out += "{\"key\":" + object + ",\"before\":" + object + ",\"after\":null";
            snapshot.append_tail(m_out, 'd', 0);
            ++m_lines;
        }
        write();
    }
    if (removed > 0) {
        base::log::warning("{}: {} rows of the target had versions beyond the end of the source's "
                           "log; they were deleted from it",
                           table.name(), removed);
    }
}

std::uint64_t Repairer::remove_impossible(const Table& table, const std::vector<std::string>& keys,
                                          Snapshot& snapshot) {
    const std::vector<event::Order> versions =
        m_target.versions_above(table, keys, snapshot.point.order(event::Order::kMaxIndex));
    if (versions.empty()) {
        return 0;
    }
    // Asked for after the target was read: what was there and lies beyond cannot come from the log.
    const postgres::Lsn end = snapshot.reader.insert_position();
    const std::uint16_t epoch = snapshot.point.order().epoch();
    std::vector<event::Order> impossible;
    bool later_epoch = false;
    for (const event::Order version : versions) {
        if (version > event::Order::make(epoch, end, event::Order::kMaxIndex)) {
            impossible.push_back(version);
            later_epoch |= version.epoch() > epoch;
        }
    }
    if (impossible.empty()) {
        return 0;
    }
    // They may be what a new primary wrote. Its loader stores rows before it says whose they are.
    if (later_epoch && !io::sleep_ms(kStateWaitMs)) {
        throw io::Stopped{"it was not certain whose rows of the target are"};
    }
    check_lineage(snapshot);
    return m_target.remove_versions(table, keys, impossible);
}

void Repairer::check_lineage(Snapshot& snapshot) {
    const postgres::SystemIdentity& system = snapshot.point.system();
    auto loaded = highest_order(clickhouse::read_target_state(m_target.transport()),
                                system.identifier, snapshot.plain.database(), m_options.slot, true);
    if (!m_options.checkpoint.empty()) {
        if (const auto file = event::read_checkpoint_file(m_options.checkpoint)) {
            loaded = std::max(loaded.value_or(event::Order{}), file->order);
        }
    }
    refuse_repair_from(loaded, system.timelines, snapshot.reader.insert_position(),
                       snapshot.reader.is_standby());
}

void Repairer::write_keyless(const Table& table, const std::vector<Difference>& found,
                             Snapshot& snapshot) {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        all.push_back(i);
    }
    std::uint64_t index = kRepairIndex;
    for (const Difference& item : found) {
        std::string object;
        append_object(object, table, all, split_image(item.key, all.size()));
        for (std::uint64_t n = item.target.count; n < item.source.count; ++n) {
            m_out += "{\"key\":null,\"before\":null,\"after\":" + object;
            snapshot.append_tail(m_out, 'c', ++index);
            ++m_lines;
        }
        for (std::uint64_t n = item.source.count; n < item.target.count; ++n) {
            m_out += "{\"key\":null,\"before\":" + object + ",\"after\":null";
            snapshot.append_tail(m_out, 'd', ++index);
            ++m_lines;
        }
    }
}

void Repairer::write() {
    if (const int error = io::write_all(STDOUT_FILENO, m_out); error != 0) {
        fail(ExitCode::failed, "cannot write the repair: {}", std::strerror(error));
    }
    m_out.clear();
}

void Repairer::finish() {
    write();
    base::log::info("{} lines of repair were written", m_lines);
}

} // namespace cdc::verify
