#ifndef CDC_VIEWS_VIEW_FILE_HPP
#define CDC_VIEWS_VIEW_FILE_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::views {

/// One CREATE VIEW of a view file.
struct View {
    std::string name;
    std::vector<std::string> key;       ///< KEY (columns); empty for KEY () and for a bag
    bool has_key = false;               ///< KEY was given, also as KEY ()
    std::vector<std::string> partition; ///< PARTITION (columns), of a view without a key
    bool full = false;                  ///< FULL: recomputed whole
    bool checked = false;        ///< CHECKED: two rows of one key are looked for, not excluded
    bool freeze = false;         ///< FREEZE: old rows stay when KEEP removes what they came from
    std::string select;          ///< the text between AS and the semicolon, its words folded, and
                                 ///< `float8` for the type `float`
    std::string written;         ///< the same with its words as they are
    std::string file;            ///< as given to parse_view_file(), for messages
    std::size_t line = 1;        ///< of CREATE
    std::size_t select_line = 1; ///< of the first byte of `select`

    /// The columns by which rows of the view are found and recomputed: the key, else the partition.
    const std::vector<std::string>& found_by() const { return has_key ? key : partition; }
};

/// KEEP interval ON table.column: rows of an input table leave the state with time.
struct Keep {
    std::string interval; ///< as written, without its quotes
    std::string table;
    std::string column;
    std::size_t line = 1;
};

/// TYPE table.column decimal(p,s): the type of a column that has none, as PostgreSQL's numeric.
struct ColumnType {
    std::string table;
    std::string column;
    std::string type; ///< as written
    std::size_t line = 1;
};

/// A view file is a list of statements, each ended by a semicolon:
///
/// ```
/// CREATE VIEW name [KEY (columns) | PARTITION (columns)] [FULL] [CHECKED] [FREEZE] AS SELECT …;
/// KEEP 'interval' ON table.column;
/// TYPE table.column decimal(p,s);
/// ```
///
/// Words are read in any case; names follow PostgreSQL's rules ("quoted", else lower case).
/// Comments are `--` to the end of the line and nested block comments. A table's name in KEEP and
/// TYPE may have a schema (`shop.orders.total`); `table` is then `shop.orders`.
struct ViewFile {
    std::vector<View> views; ///< as they stand in the file
    std::vector<Keep> keeps;
    std::vector<ColumnType> types;
};

/// Throws Refused, which names `file` and the line.
ViewFile parse_view_file(std::string_view text, const std::string& file);

} // namespace cdc::views

#endif
