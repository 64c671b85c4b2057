#include "mysql/row_query.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "mysql/byte_reader.hpp"
#include "mysql/temporal.hpp"

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

constexpr unsigned kPrepare = 22;
constexpr unsigned kExecute = 23;
constexpr unsigned kClose = 25;
constexpr char kEnd = '\xfe';
constexpr std::size_t kEndSize = 9; ///< a packet that begins so and is not shorter is none
constexpr int kWaitMs = 200;
constexpr std::size_t kFixedPart = 12; ///< of a column's definition
constexpr int kNamesBefore = 4;        ///< a column's name

/// Of values in the binary protocol; 0: a packed length stands before them.
std::uint8_t fixed_size(ColumnType type) {
    switch (type) {
    case ColumnType::tiny:
        return 1;
    case ColumnType::short_:
    case ColumnType::year:
        return 2;
    case ColumnType::long_:
    case ColumnType::int24:
    case ColumnType::float_:
        return 4;
    case ColumnType::longlong:
    case ColumnType::double_:
        return 8;
    default:
        return 0;
    }
}

std::string little(std::uint32_t value) {
    std::string out;
    for (int i = 0; i < 4; ++i) {
        out += static_cast<char>(value >> (8 * i));
    }
    return out;
}

bool is_end(std::string_view packet) {
    return !packet.empty() && packet[0] == kEnd && packet.size() < kEndSize;
}

} // namespace

RowQuery::RowQuery(Connection& connection, const std::string& sql,
                   const std::function<void()>& on_wait)
    : m_connection{connection} {
    connection.send_command(kPrepare, sql);
    ByteReader prepared{connection.read_packet()};
    prepared.skip(1);
    m_statement = prepared.u32();
    const std::uint16_t columns = prepared.u16();
    for (std::uint16_t i = 0; i < columns; ++i) {
        m_columns.push_back(column_of(connection.read_packet()));
    }
    skip_definitions(0);
    connection.send_command(kExecute, little(m_statement) + '\0' + little(1));
    while (on_wait && !connection.wait_packet(kWaitMs)) {
        on_wait();
    }
    ByteReader result{connection.read_packet()};
    const std::uint64_t count = result.packed();
    // MariaDB may leave out the definitions, which it has sent, and says so.
    skip_definitions(result.empty() || result.u8() != 0 ? count : 0);
}

RowQuery::Column RowQuery::column_of(std::string_view definition) {
    ByteReader reader{definition};
    for (int i = 0; i < kNamesBefore; ++i) {
        reader.packed_bytes();
    }
    std::string name{reader.packed_bytes()};
    if (definition.size() < kFixedPart) {
        fail(ExitCode::bad_data, "a column's definition of {} bytes", definition.size());
    }
    reader = ByteReader{definition.substr(definition.size() - kFixedPart)};
    const std::uint16_t collation = reader.u16();
    reader.skip(4);
    const auto type = static_cast<ColumnType>(reader.u8());
    return {std::move(name), fixed_size(type), result_charset(type, collation), {}};
}

/// `count` definitions and the packet that ends them.
void RowQuery::skip_definitions(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        m_connection.read_packet();
    }
    if (!is_end(m_connection.read_packet())) {
        fail(ExitCode::bad_data, "{}: the columns of a result do not end",
             m_connection.description());
    }
}

bool RowQuery::next(std::vector<ResultField>& fields) {
    if (m_done) {
        return false;
    }
    const std::string_view packet = m_connection.read_packet();
    if (is_end(packet)) {
        m_done = true;
        m_connection.send_command(kClose, little(m_statement));
        return false;
    }
    fields.resize(m_columns.size());
    ByteReader reader{packet};
    reader.skip(1);
    const std::string_view nulls = reader.bytes((m_columns.size() + 9) / 8);
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        Column& column = m_columns[i];
        ResultField& field = fields[i];
        const std::size_t bit = i + 2;
        field.null = (static_cast<std::uint8_t>(nulls[bit / 8]) >> (bit % 8) & 1) != 0;
        field.bytes = field.null         ? std::string_view{}
                      : column.size != 0 ? reader.bytes(column.size)
                                         : reader.packed_bytes();
        if (!field.null && column.charset != nullptr) {
            column.text.clear();
            convert_text(column.text, *column.charset, field.bytes, column.name);
            field.bytes = column.text;
        }
    }
    return true;
}

void append_result_value(std::string& out, const ValueCodec& codec, std::string_view bytes) {
    switch (codec.kind) {
    case ValueKind::integer:
    case ValueKind::bit:
    case ValueKind::float32:
    case ValueKind::float64:
    case ValueKind::bytes:
    case ValueKind::vector:
        append_value(out, codec, bytes);
        return;
    case ValueKind::year:
        base::append_integer(out, ByteReader{bytes}.u16());
        return;
    case ValueKind::decimal: { // zeros in front are those of ZEROFILL
        const std::size_t first = bytes.find_first_not_of('0');
        const bool zero = first == std::string_view::npos || bytes[first] == '.';
        out += '"';
        out += zero ? "0" : "";
        out += first == std::string_view::npos ? std::string_view{} : bytes.substr(first);
        out += '"';
        return;
    }
    case ValueKind::date:
    case ValueKind::time:
    case ValueKind::datetime:
    case ValueKind::timestamp:
        out += '"';
        append_result_time(out, codec.kind, codec.scale, parse_result_time(codec.kind, bytes));
        out += '"';
        return;
    default:
        event::append_json_string(out, bytes);
    }
}

} // namespace cdc::mysql
