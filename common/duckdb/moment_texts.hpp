#ifndef CDC_DUCKDB_MOMENT_TEXTS_HPP
#define CDC_DUCKDB_MOMENT_TEXTS_HPP

#include <optional>
#include <string>
#include <string_view>

namespace cdc::duckdb {

/// Without the white space around it that PostgreSQL passes over.
std::string_view trimmed(std::string_view text);

/// The parts of a text that PostgreSQL and the engine read as one date or time.
struct MomentText {
    std::string_view date;
    std::string_view time; ///< with what stands behind the second's point
    std::string_view zone; ///< an offset, or a name that both know alike
    bool before_era = false;
};

/// Nothing where one of them reads the text otherwise, or not at all. A date has a year of three
/// digits or more in front; a zone's abbreviation means an offset of its own in PostgreSQL.
std::optional<MomentText> parse_moment_text(std::string_view text);

/// `infinity`, `-infinity` and `epoch`, in any case.
bool is_special_moment(std::string_view text);

/// Appends them as the engine wants them.
void append_moment(std::string& out, const MomentText& moment);

enum class MomentKind {
    date,
    time,
    time_of_zone,
    timestamp,
    timestamp_of_zone,
};

enum class MomentProblem {
    none,
    form,
    rounds_up, ///< more than 6 digits behind the second, which would make the next one
};

/// The one reader of texts that become dates and times, constants of a view and values alike:
/// appends the text of which the engine makes what PostgreSQL makes of this one.
MomentProblem append_moment_text(std::string& out, std::string_view text, MomentKind kind);

} // namespace cdc::duckdb

#endif
