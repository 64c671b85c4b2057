#include "mysql/rows_event.hpp"

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

bool bit(std::string_view bitmap, std::size_t i) {
    return (static_cast<std::uint8_t>(bitmap[i / 8]) & (1U << (i % 8))) != 0;
}

std::size_t decimal_size(unsigned precision, unsigned scale) {
    constexpr std::uint8_t kRest[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
    if (precision == 0 || scale > precision) {
        fail(ExitCode::bad_data, "a decimal of {} digits, {} behind the point", precision, scale);
    }
    const unsigned whole = precision - scale;
    return whole / 9 * 4 + kRest[whole % 9] + scale / 9 * 4 + kRest[scale % 9];
}

std::uint32_t fraction_size(unsigned digits) {
    if (digits > 6) {
        fail(ExitCode::bad_data, "a time with {} digits of a second", digits);
    }
    return (digits + 1) / 2;
}

} // namespace

RowLayout::RowLayout(const TableMap& map) {
    m_columns.reserve(map.columns.size());
    for (const TableMap::Column& column : map.columns) {
        Column layout;
        const unsigned first = column.metadata >> 8;
        const unsigned second = column.metadata & 0xff;
        switch (column.type) {
        case ColumnType::tiny:
        case ColumnType::year:
            layout.fixed = 1;
            break;
        case ColumnType::short_:
            layout.fixed = 2;
            break;
        case ColumnType::int24:
        case ColumnType::date:
        case ColumnType::newdate:
        case ColumnType::time:
            layout.fixed = 3;
            break;
        case ColumnType::long_:
        case ColumnType::float_:
        case ColumnType::timestamp:
            layout.fixed = 4;
            break;
        case ColumnType::longlong:
        case ColumnType::double_:
        case ColumnType::datetime:
            layout.fixed = 8;
            break;
        case ColumnType::newdecimal:
            layout.fixed = static_cast<std::uint32_t>(decimal_size(first, second));
            break;
        case ColumnType::timestamp2:
            layout.fixed = 4 + fraction_size(column.metadata);
            break;
        case ColumnType::datetime2:
            layout.fixed = 5 + fraction_size(column.metadata);
            break;
        case ColumnType::time2:
            layout.fixed = 3 + fraction_size(column.metadata);
            break;
        case ColumnType::bit: // whole bytes in the second, bits beyond them in the first
            layout.fixed = second + (first > 0 ? 1 : 0);
            break;
        case ColumnType::enum_:
        case ColumnType::set:
            layout.fixed = column.metadata;
            if (layout.fixed > 8) {
                fail(ExitCode::bad_data, "an enum or set of {} bytes", layout.fixed);
            }
            break;
        case ColumnType::string:
        case ColumnType::varchar:
        case ColumnType::var_string:
        case ColumnType::mariadb_varchar_compressed:
            layout.length = column.metadata > 255 ? 2 : 1;
            break;
        case ColumnType::blob:
        case ColumnType::geometry:
        case ColumnType::json:
        case ColumnType::vector:
        case ColumnType::mariadb_blob_compressed:
            if (column.metadata < 1 || column.metadata > 4) {
                fail(ExitCode::bad_data, "a blob with a length of {} bytes", column.metadata);
            }
            layout.length = static_cast<std::uint8_t>(column.metadata);
            break;
        default:
            fail(ExitCode::bad_data, "a column of unknown type {}",
                 static_cast<unsigned>(column.type));
        }
        if (layout.fixed == 0 && layout.length == 0) {
            fail(ExitCode::bad_data, "a column of type {} without bytes",
                 static_cast<unsigned>(column.type));
        }
        layout.json = column.type == ColumnType::json;
        m_json_columns += layout.json ? 1 : 0;
        m_columns.push_back(layout);
    }
}

void RowLayout::read(ByteReader& reader, std::string_view present, bool diffs,
                     std::vector<Cell>& row) const {
    constexpr std::uint64_t kPartialJson = 1;
    std::string_view partial; // by JSON columns of the table
    if (diffs) {
        const std::uint64_t options = reader.packed();
        if ((options & ~kPartialJson) != 0) {
            fail(ExitCode::bad_data, "an update with unknown options {}", options);
        }
        if ((options & kPartialJson) != 0) {
            partial = reader.bytes((m_json_columns + 7) / 8);
        }
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        count += bit(present, i) ? 1 : 0;
    }
    const std::string_view nulls = reader.bytes((count + 7) / 8);
    row.resize(m_columns.size());
    std::size_t place = 0;
    std::size_t json_place = 0;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        const Column& column = m_columns[i];
        Cell& cell = row[i];
        const bool diff = column.json && !partial.empty() && bit(partial, json_place);
        json_place += column.json ? 1 : 0;
        if (!bit(present, i)) {
            cell = {};
            continue;
        }
        if (bit(nulls, place++)) {
            cell = {Cell::State::null, {}};
            continue;
        }
        cell.state = diff ? Cell::State::diff : Cell::State::value;
        cell.bytes = reader.bytes(column.fixed != 0 ? column.fixed : reader.little(column.length));
    }
}

bool RowsEvent::is_rows(EventType type) {
    switch (type) {
    case EventType::write_rows_v1:
    case EventType::update_rows_v1:
    case EventType::delete_rows_v1:
    case EventType::write_rows:
    case EventType::update_rows:
    case EventType::delete_rows:
    case EventType::partial_update_rows:
    case EventType::mariadb_write_rows_compressed_v1:
    case EventType::mariadb_update_rows_compressed_v1:
    case EventType::mariadb_delete_rows_compressed_v1:
    case EventType::mariadb_write_rows_compressed:
    case EventType::mariadb_update_rows_compressed:
    case EventType::mariadb_delete_rows_compressed:
        return true;
    default:
        return false;
    }
}

RowsEvent::RowsEvent(const Event& event) {
    bool version2 = true;
    bool compressed = false;
    switch (event.type) {
    case EventType::mariadb_write_rows_compressed_v1:
    case EventType::mariadb_update_rows_compressed_v1:
    case EventType::mariadb_delete_rows_compressed_v1:
        compressed = true;
        version2 = false;
        break;
    case EventType::write_rows_v1:
    case EventType::update_rows_v1:
    case EventType::delete_rows_v1:
        version2 = false;
        break;
    case EventType::mariadb_write_rows_compressed:
    case EventType::mariadb_update_rows_compressed:
    case EventType::mariadb_delete_rows_compressed:
        compressed = true;
        break;
    default:
        break;
    }
    switch (event.type) {
    case EventType::partial_update_rows:
        m_diffs = true;
        m_kind = Kind::update;
        break;
    case EventType::update_rows_v1:
    case EventType::update_rows:
    case EventType::mariadb_update_rows_compressed_v1:
    case EventType::mariadb_update_rows_compressed:
        m_kind = Kind::update;
        break;
    case EventType::delete_rows_v1:
    case EventType::delete_rows:
    case EventType::mariadb_delete_rows_compressed_v1:
    case EventType::mariadb_delete_rows_compressed:
        m_kind = Kind::remove;
        break;
    default:
        m_kind = Kind::insert;
        break;
    }
    ByteReader reader{event.body};
    m_table_id = reader.little(6);
    m_flags = reader.u16();
    if (version2) {
        const std::uint16_t more = reader.u16();
        if (more < 2) {
            fail(ExitCode::bad_data, "rows with {} bytes of more data", more);
        }
        reader.skip(more - 2U);
    }
    m_width = reader.packed();
    m_present = reader.bytes((m_width + 7) / 8);
    m_present_after = m_kind == Kind::update ? reader.bytes((m_width + 7) / 8) : m_present;
    if (compressed) {
        m_memory = mariadb_uncompress(reader.rest());
        reader = ByteReader{m_memory};
    }
    m_rows = reader;
}

bool RowsEvent::lacks_new_values() const {
    for (std::size_t i = 0; m_kind == Kind::update && i < m_width; ++i) {
        if (!bit(m_present_after, i)) {
            return true;
        }
    }
    return false;
}

bool RowsEvent::next(const RowLayout& layout, std::vector<Cell>& before, std::vector<Cell>& after) {
    if (m_rows.empty()) {
        return false;
    }
    if (m_width != layout.width()) {
        fail(ExitCode::bad_data, "rows of {} columns, but the table was described with {}", m_width,
             layout.width());
    }
    const char* const start = m_rows.at();
    if (m_kind != Kind::insert) {
        layout.read(m_rows, m_present, false, before);
    }
    if (m_kind != Kind::remove) {
        layout.read(m_rows, m_present_after, m_diffs, after);
    }
    if (m_rows.at() == start) {
        fail(ExitCode::bad_data, "a row without bytes");
    }
    return true;
}

} // namespace cdc::mysql
