#ifndef CDC_CONSUME_SIDE_RECORDS_HPP
#define CDC_CONSUME_SIDE_RECORDS_HPP

#include <optional>
#include <string_view>

namespace cdc::consume {

/// A record that is no change: of our side topics, or of Debezium's.
struct SideRecord {
    enum class Kind {
        none,
        passed_over, ///< heartbeats, marks, positions, schema-changes, statements
        line,        ///< a line of ours
        status,      ///< Debezium's begin or end of a transaction
    };
    Kind kind = Kind::none;
    std::string_view value; ///< without Connect's wrapped form
};

/// They are told by the members of key and value, for a row may have columns of any name. Each in
/// Connect's wrapped form or bare; what is broken anywhere is none of them.
SideRecord side_record(std::optional<std::string_view> key, std::string_view value);

/// Whether the text is one JSON object, to its end, in UTF-8.
bool is_whole_object(std::string_view json);

} // namespace cdc::consume

#endif
