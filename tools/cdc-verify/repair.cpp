#include "cdc-verify/repair.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cdc-verify/lineage.hpp"
#include "cdc-verify/source.hpp"
#include "checkpoints/file.hpp"
#include "event/checkpoint.hpp"
#include "event/json_writer.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <cstring>

#include <unistd.h>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using clickhouse::Kind;

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
        if (column.bytes) {
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

/// Those of the differences from number `first` on that one query takes.
std::vector<std::string> keys_from(const std::vector<Difference>& found, std::size_t first) {
    std::vector<std::string> keys;
    for (std::size_t i = first; i < std::min(found.size(), first + kKeysPerQuery); ++i) {
        keys.push_back(found[i].key);
    }
    return keys;
}

/// `,"source":{…},"op":"r","ts_ms":N}` and a line end.
void append_tail(std::string& out, const RepairPoint& point, char op, std::uint64_t index) {
    out += ",\"source\":";
    point.append_source(out, index);
    out += ",\"op\":\"";
    out += op;
    out += "\",\"ts_ms\":";
    base::append_integer(out, base::now_ms());
    out += "}\n";
}

} // namespace

void Repairer::repair(const Table& table, const std::vector<Difference>& found) {
    if (table.masked_key) {
        throw base::Error{
            ExitCode::refused,
            fmt::format("{}: its key is masked or an array, so that the source's rows "
                        "cannot be found by the target's keys, and not be repaired",
                        table.name()),
            "cdc-snapshot --tables reads the table again."};
    }
    auto point = m_source.repair_point(table);
    check_lineage(*point);
    if (table.keyed() && remove_impossible(table, found, *point)) {
        // What the stream brought behind the point lost against these rows in every merge, and is
        // gone with them.
        point.reset(); // its slot, before there is another one
        point = m_source.repair_point(table);
        check_lineage(*point);
    }
    std::string source;
    point->append_source(source, 0);
    event::append_table_line(m_out, point->shape(), source, base::now_ms());
    if (table.keyed()) {
        write_keyed(table, found, *point);
    } else {
        write_keyless(table, found, *point);
    }
    write();
}

void Repairer::write_keyed(const Table& table, const std::vector<Difference>& found,
                           RepairPoint& point) {
    for (std::size_t i = 0; i < found.size(); i += kKeysPerQuery) {
        const std::vector<std::string> keys = keys_from(found, i);
        Selection selection;
        selection.bucket_bits = 10;
        selection.keys = keys;
        const Rows there = point.rows(selection);
        m_lines += point.append_rows(
            m_out, keys, [&point](std::string& out) { append_tail(out, point, 'r', 0); });
        for (const std::string& key : keys) {
            if (there.contains(key)) {
                continue;
            }
            std::string object;
            append_object(object, table, table.key, split_image(key, table.key.size()));
            m_out += "{\"key\":" + object + ",\"before\":" + object + ",\"after\":null";
            append_tail(m_out, point, 'd', 0);
            ++m_lines;
        }
        write();
    }
}

bool Repairer::remove_impossible(const Table& table, const std::vector<Difference>& found,
                                 RepairPoint& point) {
    std::uint64_t removed = 0;
    for (std::size_t i = 0; i < found.size(); i += kKeysPerQuery) {
        removed += remove_impossible(table, keys_from(found, i), point);
    }
    if (removed > 0) {
        base::log::warning("{}: {} rows of the target had versions beyond the end of the source's "
                           "log; they were deleted from it",
                           table.name(), removed);
    }
    return removed > 0;
}

std::uint64_t Repairer::remove_impossible(const Table& table, const std::vector<std::string>& keys,
                                          RepairPoint& point) {
    const std::vector<event::Order> versions =
        m_target.versions_above(table, keys, point.order(event::Order::kMaxIndex));
    if (versions.empty()) {
        return 0;
    }
    // Asked for after the target was read: what was there and lies beyond cannot come from the log.
    const LogPosition end = point.end();
    const std::uint16_t epoch = point.order(0).epoch();
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
    check_lineage(point);
    return m_target.remove_versions(table, keys, impossible);
}

void Repairer::check_lineage(RepairPoint& point) {
    auto loaded = highest_order(clickhouse::read_target_state(m_target.transport()), m_source,
                                m_options.slot, true);
    if (!m_options.checkpoint.empty()) {
        if (const auto file = checkpoints::read(m_options.checkpoint)) {
            loaded = std::max(loaded.value_or(event::Order{}), file->order);
        }
    }
    point.check_lineage(loaded);
}

void Repairer::write_keyless(const Table& table, const std::vector<Difference>& found,
                             RepairPoint& point) {
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
            append_tail(m_out, point, 'c', ++index);
            ++m_lines;
        }
        for (std::uint64_t n = item.source.count; n < item.target.count; ++n) {
            m_out += "{\"key\":null,\"before\":" + object + ",\"after\":null";
            append_tail(m_out, point, 'd', ++index);
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
