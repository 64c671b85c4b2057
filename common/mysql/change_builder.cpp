#include "mysql/change_builder.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"
#include "mysql/completed_map.hpp"

#include <algorithm>

#include <simdjson.h>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::size_t kMapShape = 8; ///< bytes of a table map before the table's shape

} // namespace

ChangeBuilder::ChangeBuilder(Settings settings, event::TableFilter filter, SourceLookup& lookup,
                             Position start)
    : m_settings{std::move(settings)}, m_filter{std::move(filter)}, m_lookup{&lookup},
      m_reader{m_settings.checksum}, m_cursor{start}, m_complete{std::move(start)},
      m_writer{{connector_name(m_settings.mariadb), m_settings.name, m_settings.transactions}} {}

void ChangeBuilder::set_gtids(const std::optional<std::string>& text) {
    m_gtids_known = text.has_value();
    if (!m_gtids_known) {
        return;
    }
    if (m_settings.mariadb) {
        m_mariadb_gtids = MariadbGtidList{*text};
    } else {
        m_gtids = GtidSet{*text};
    }
}

std::optional<std::string> ChangeBuilder::gtids() const {
    if (!m_gtids_known) {
        return std::nullopt;
    }
    return m_settings.mariadb ? m_mariadb_gtids.text() : m_gtids.text();
}

bool ChangeBuilder::executed(const std::string& gtids) const {
    return m_gtids_known && (m_settings.mariadb ? m_mariadb_gtids.contains(MariadbGtidList{gtids})
                                                : m_gtids.contains(GtidSet{gtids}));
}

void ChangeBuilder::apply(std::string_view bytes, std::string& out) {
    m_payload.reset(); // of an event that failed, and whose bytes are gone
    m_committed_xa.reset();
    Event event;
    try {
        event = m_reader.read(bytes);
    } catch (const Error& error) {
        throw Error{error.code(),
                    fmt::format("event at {}: {}", m_cursor.next().text(), error.what()),
                    error.hint()};
    }
    guarded(event, out);
}

void ChangeBuilder::apply_more(std::string& out) {
    if (m_committed_xa != nullptr) {
        apply_committed_xa(out);
        return;
    }
    Event event;
    try {
        const std::string_view bytes = m_payload->next();
        if (bytes.empty()) {
            m_payload.reset();
            if (m_in_transaction) {
                fail(ExitCode::bad_data, "a compressed transaction without its end");
            }
            m_complete = m_cursor.next();
            return;
        }
        event = EventReader::read_inner(bytes);
    } catch (const Error& error) {
        throw Error{
            error.code(),
            fmt::format("event at {}:{}: {}", m_cursor.next().file, m_event_start, error.what()),
            error.hint()};
    }
    guarded(event, out);
}

void ChangeBuilder::guarded(const Event& event, std::string& out) {
    const std::size_t start = out.size();
    const std::uint64_t changes = m_writer.changes();
    m_in_work = nullptr;
    try {
        if (!has_more()) {
            const bool heartbeat =
                event.type == EventType::heartbeat || event.type == EventType::heartbeat_v2;
            if (heartbeat) {
                return;
            }
            if (m_before_start && stands_before_start(event)) {
                return;
            }
            m_event_start = m_cursor.follow(event);
        }
        apply_event(event, out);
        if (!simdjson::validate_utf8(out.data() + start, out.size() - start)) {
            throw Error{ExitCode::bad_data, "a text that is not UTF-8",
                        "the server stored bytes in a utf8 column without looking at them"};
        }
    } catch (const Error& error) {
        out.resize(start);
        m_writer.set_changes(changes);
        const std::string table =
            m_in_work == nullptr
                ? ""
                : fmt::format(" of table '{}.{}'", m_in_work->map().db, m_in_work->map().table);
        throw Error{error.code(),
                    fmt::format("event at {}:{}{}: {}", m_cursor.next().file, m_event_start, table,
                                error.what()),
                    error.hint()};
    }
}

void ChangeBuilder::apply_event(const Event& event, std::string& out) {
    if (m_xa != nullptr && keep_xa(event)) {
        return;
    }
    if (RowsEvent::is_rows(event.type)) {
        rows(event, out);
        return;
    }
    switch (event.type) {
    case EventType::table_map:
        table_map(event);
        return;
    case EventType::gtid:
    case EventType::gtid_tagged:
    case EventType::anonymous_gtid:
        m_gtid = parse_gtid(event);
        m_gtid_json = m_gtid->number == 0 ? "null" : '"' + m_gtid->text() + '"';
        m_gtids_known &= m_gtid->number != 0;
        begin_group(event, static_cast<std::int64_t>(m_gtid->commit_time_us / 1000));
        return;
    case EventType::mariadb_gtid:
        m_mariadb_gtid = parse_mariadb_gtid(event);
        m_gtid_json = '"' + m_mariadb_gtid->text() + '"';
        begin_group(event, 0);
        if ((m_mariadb_gtid->flags & MariadbGtid::kPreparedXa) != 0) {
            begin_xa();
        } else {
            constexpr unsigned kOneEvent = MariadbGtid::kStandalone | MariadbGtid::kCompletedXa;
            m_in_transaction = (m_mariadb_gtid->flags & kOneEvent) == 0;
        }
        return;
    case EventType::query:
    case EventType::mariadb_query_compressed:
    case EventType::execute_load_query:
        query(event, out);
        return;
    case EventType::xid:
        end_transaction(out);
        return;
    case EventType::transaction_payload:
        if (m_payload != nullptr) {
            fail(ExitCode::bad_data, "a compressed transaction inside another");
        }
        m_payload = std::make_unique<TransactionPayload>(event.body);
        return;
    case EventType::rotate:
        rotate(event);
        return;
    case EventType::format_description:
        m_cursor_created = event.timestamp;
        if (m_reader.format().server_start) {
            m_effects.temporary_tables.clear();
        }
        if (m_complete == m_cursor.next() || m_complete.file == m_cursor.next().file) {
            m_file_created = event.timestamp;
        }
        m_maps.clear();
        return;
    case EventType::xa_prepare:
        xa_prepare(event, out);
        return;
    case EventType::incident: {
        const Incident incident = parse_incident(event.body);
        throw Error{ExitCode::bad_data,
                    fmt::format("the server reports that changes may be missing in its log: {}",
                                in_quotes(incident.message)),
                    "Read the tables again with a snapshot behind it"};
    }
    case EventType::previous_gtids:
    case EventType::mariadb_gtid_list:
        executed_before(event);
        [[fallthrough]];
    case EventType::stop:
    case EventType::rows_query:
    case EventType::transaction_context:
    case EventType::view_change:
    case EventType::ignorable:
    case EventType::intvar: // they belong to statements, which are looked at themselves
    case EventType::rand:
    case EventType::user_var:
    case EventType::begin_load_query: // LOAD DATA's file, before its statement
    case EventType::append_block:
    case EventType::delete_file:
    case EventType::mariadb_annotate_rows:
    case EventType::mariadb_binlog_checkpoint:
        if (!m_in_transaction && !m_in_group) {
            m_complete = m_cursor.next();
            m_file_created = m_cursor_created;
        }
        return;
    case EventType::mariadb_start_encryption:
        return; // the server decrypts what it sends
    default:
        if ((event.flags & Event::kIgnorable) != 0) {
            return;
        }
        fail(ExitCode::bad_data, "an event of unknown type {}", static_cast<unsigned>(event.type));
    }
}

void ChangeBuilder::rotate(const Event& event) {
    const Rotate next = parse_rotate(event.body);
    m_cursor.rotate(next);
    m_before_start =
        !m_in_group && next.file == m_complete.file && next.position < m_complete.offset;
    if (m_before_start) {
        return;
    }
    if (!m_in_transaction && !m_in_group) {
        const bool same = m_complete.file == m_cursor.next().file;
        m_complete = m_cursor.next();
        if (!same) {
            m_file_created = 0; // its description follows
        }
    }
}

/// Whether the event stands in the start's file before the start: it was read before, or describes
/// the file.
bool ChangeBuilder::stands_before_start(const Event& event) {
    switch (event.type) {
    case EventType::format_description:
        apply_event(event, m_source); // writes no line
        return true;
    case EventType::previous_gtids:
    case EventType::mariadb_gtid_list:
        executed_before(event);
        break;
    case EventType::mariadb_binlog_checkpoint: // MariaDB writes one at any time
    case EventType::mariadb_start_encryption:
        break;
    case EventType::rotate:
        m_before_start = false;
        return false;
    default:
        // What was executed is left out. A transaction that comes can still stand before the
        // start: MySQL writes it to the log before it counts as executed, and a place in the log
        // that was asked for in between lies behind it.
        if (m_settings.by_gtid) {
            m_cursor.skip_to(event, m_complete.offset);
        }
    }
    m_before_start = m_cursor.follow(event) < m_complete.offset;
    const bool global_id = event.type == EventType::gtid || event.type == EventType::gtid_tagged;
    if (m_before_start && global_id) {
        m_gtids.add(parse_gtid(event));
    }
    return m_before_start;
}

/// The event at the front of a file that says what was executed before it; the stream had all that
/// by then, or began there.
void ChangeBuilder::executed_before(const Event& event) {
    if ((event.flags & Event::kArtificial) != 0) {
        return;
    }
    if (m_settings.mariadb) {
        m_mariadb_gtids.add(MariadbGtidList::decode(event.body));
    } else {
        m_gtids.add(GtidSet::decode(event.body));
    }
    m_gtids_known = true;
}

/// A group of events that is a transaction, or one statement.
void ChangeBuilder::begin_group(const Event& event, std::int64_t commit_ts_ms) {
    if (m_in_transaction) {
        fail(ExitCode::bad_data, "a transaction begins inside another");
    }
    m_group_start = m_event_start;
    const Position start{m_cursor.next().file, m_group_start};
    m_written.clear();
    m_passes_over = was_emitted(start.order_position());
    m_writer.begin_transaction(event::Order::make(m_settings.epoch, start.order_position(), 0),
                               commit_ts_ms != 0 ? commit_ts_ms
                                                 : std::int64_t{event.timestamp} * 1000,
                               m_settings.transactions ? transaction_id(start) : std::string{});
    m_in_group = true;
}

/// The global id; where there is none, the place.
std::string ChangeBuilder::transaction_id(const Position& start) const {
    if (m_gtid_json != "null") {
        return m_gtid_json.substr(1, m_gtid_json.size() - 2);
    }
    return fmt::format("file={},pos={}", start.file, start.offset);
}

void ChangeBuilder::end_transaction(std::string& out) {
    if (!m_in_group) {
        fail(ExitCode::bad_data, "a transaction ends that did not begin");
    }
    m_writer.end_transaction(out);
    m_in_transaction = false;
    m_in_group = false;
    m_maps.clear();
    ++m_transactions;
    if (m_gtid) {
        m_gtids.add(*m_gtid);
        m_gtid.reset();
    }
    if (m_mariadb_gtid) {
        m_mariadb_gtids.add(*m_mariadb_gtid);
        m_mariadb_gtid.reset();
    }
    if (m_payload == nullptr) {
        m_complete = m_cursor.next();
        m_file_created = m_cursor_created;
    }
}

/// The server's own databases are never captured.
bool ChangeBuilder::captures(const std::string& db, const std::string& table) const {
    static constexpr std::string_view kInternal[] = {"mysql", "sys", "performance_schema",
                                                     "information_schema"};
    return std::find(std::begin(kInternal), std::end(kInternal), db) == std::end(kInternal) &&
           (m_settings.database.empty() || m_settings.database == db) &&
           m_filter.matches(db, table);
}

ChangeBuilder::TableState& ChangeBuilder::state_of(const std::string& db,
                                                   const std::string& table) {
    std::string name = db;
    name += '\0';
    name += table;
    return m_states[std::move(name)];
}

ChangeBuilder::Shape ChangeBuilder::captured_shape(TableMap map) {
    TableState& state = state_of(map.db, map.table);
    if (!map.has_names && m_settings.minimal_metadata) {
        const auto catalog = m_lookup->shape(map.db, map.table);
        map = completed_map(std::move(map), catalog);
        check_names_of_now(map);
        state.names_from = m_lookup->end_of_log();
    }
    check_edited(map);
    TablePlan plan{std::move(map), *m_lookup, m_settings.mariadb, m_settings.edits,
                   m_settings.encoding};
    refuse_hidden(plan);
    if (const auto constants = m_effects.constants.find({plan.map().db, plan.map().table});
        constants != m_effects.constants.end()) {
        for (const auto& [column, value] : constants->second) {
            plan.set_old_rows(column, value);
        }
    }
    plan.changes = m_writer.changes_by_table().of(plan.map().db, plan.map().table);
    return {std::move(plan), &state};
}

/// A snapshot by this user lacks what the catalog does not show.
void ChangeBuilder::refuse_hidden(const TablePlan& plan) {
    std::vector<std::string> names;
    for (const TablePlan::Column& column : plan.columns()) {
        if (!column.left_out()) {
            names.push_back(column.name);
        }
    }
    const TableMap& map = plan.map();
    if (const std::string what = m_lookup->hidden(map.db, map.table, names); !what.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("the user may not read {}, which snapshots lack", what),
                    fmt::format("GRANT SELECT ON {}.* to the user on the source, and read the "
                                "table by a snapshot; or leave it out (--exclude)",
                                map.db)};
    }
}

/// The log's number of a table is another one behind each statement that makes or alters it, and
/// whenever the server opens it anew: what the catalog says of it may have changed.
void ChangeBuilder::look_again(const std::string& key, std::uint64_t table_id, TableMap map) {
    Shape now = captured_shape(std::move(map));
    Shape& then = m_shapes.at(key);
    then.table_id = table_id;
    if (!now.plan.same_as(then.plan)) {
        put_aside(key);
        now.table_id = table_id;
        m_shapes.emplace(key, std::move(now));
    }
}

/// Rows in work may still hold the shape: it only leaves the place where it is found.
void ChangeBuilder::put_aside(const std::string& key) {
    auto node = m_shapes.extract(key);
    node.key() = "former " + std::to_string(m_former_shapes++);
    m_shapes.insert(std::move(node));
}

void ChangeBuilder::table_map(const Event& event) {
    const std::uint64_t id = table_map_id(event.body);
    if (event.body.size() < kMapShape) {
        fail(ExitCode::bad_data, "a table map of {} bytes", event.body.size());
    }
    m_map_time = event.timestamp;
    std::string key{event.body.substr(kMapShape)};
    auto found = m_shapes.find(key);
    if (found != m_shapes.end() && found->second.table_id != 0 && found->second.table_id != id) {
        look_again(key, id, parse_table_map(event.body, m_settings.mariadb));
        found = m_shapes.find(key);
    }
    if (found == m_shapes.end()) {
        TableMap map = parse_table_map(event.body, m_settings.mariadb);
        Shape shape = captures(map.db, map.table) ? captured_shape(std::move(map))
                                                  : Shape{TablePlan::skipped(std::move(map))};
        shape.table_id = shape.plan.of_catalog() && !m_settings.minimal_metadata ? id : 0;
        found = m_shapes.emplace(std::move(key), std::move(shape)).first;
    }
    m_maps[id] = &found->second;
}

} // namespace cdc::mysql
