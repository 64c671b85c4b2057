#ifndef CDC_MYSQL_ROWS_EVENT_HPP
#define CDC_MYSQL_ROWS_EVENT_HPP

#include "mysql/binlog_event.hpp"
#include "mysql/byte_reader.hpp"
#include "mysql/table_map.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// One value of a row as the log has it.
struct Cell {
    enum class State : std::uint8_t {
        absent, ///< the row image leaves the column out
        null,
        value,
        diff, ///< of a JSON column: what changed in it
    } state = State::absent;
    std::string_view bytes; ///< without the length before it
};

/// How long the values of a table's columns are, worked out once.
class RowLayout {
public:
    RowLayout() = default;
    /// Throws Error (bad_data) for a type that it does not know.
    explicit RowLayout(const TableMap& map);

    std::size_t width() const { return m_columns.size(); }
    std::size_t json_columns() const { return m_json_columns; }

    /// Reads one image: `present` is the event's bitmap of columns. `diffs`: the image begins with
    /// the options of a partial update. `row` has all columns afterwards.
    void read(ByteReader& reader, std::string_view present, bool diffs,
              std::vector<Cell>& row) const;

private:
    struct Column {
        std::uint32_t fixed = 0; ///< bytes; 0: a length of `length` bytes stands before them
        std::uint8_t length = 0;
        bool json = false;
    };
    std::vector<Column> m_columns;
    std::size_t m_json_columns = 0;
};

/// The rows of one event:
///     table id (6), flags u16, from version 2 on more data u16 (its size, with these 2 bytes),
///     column count (packed), a bitmap of the columns present, for updates another for the new
///     image; then rows: a bitmap of NULLs among the present columns, the values.
class RowsEvent {
public:
    enum class Kind : std::uint8_t { insert, update, remove };

    /// `event` is one of the kinds that is_rows() knows. Throws Error (bad_data).
    explicit RowsEvent(const Event& event);
    RowsEvent(const RowsEvent&) = delete;
    RowsEvent& operator=(const RowsEvent&) = delete;
    ~RowsEvent() = default;

    static bool is_rows(EventType type);

    Kind kind() const { return m_kind; }
    std::uint64_t table_id() const { return m_table_id; }
    /// The last rows of their statement: the table maps before them are void behind it.
    bool statement_end() const { return (m_flags & 1) != 0; }
    /// An update whose new images lack columns.
    bool lacks_new_values() const;
    /// An event that carries only the flag above.
    bool is_dummy() const { return m_table_id == 0xffffff; }

    /// The next row; for an update both images, for an insert only `after`, for a delete only
    /// `before`. The cells point into the event. Throws Error (bad_data).
    bool next(const RowLayout& layout, std::vector<Cell>& before, std::vector<Cell>& after);

private:
    Kind m_kind = Kind::insert;
    bool m_diffs = false;
    std::uint64_t m_table_id = 0;
    std::uint16_t m_flags = 0;
    std::uint64_t m_width = 0;
    std::string_view m_present;
    std::string_view m_present_after;
    ByteReader m_rows;
    std::string m_memory; ///< of rows that were compressed
};

} // namespace cdc::mysql

#endif
