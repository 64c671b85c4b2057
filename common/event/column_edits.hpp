#ifndef CDC_EVENT_COLUMN_EDITS_HPP
#define CDC_EVENT_COLUMN_EDITS_HPP

#include "event/pattern_check.hpp"
#include "event/table.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// What --leave-out and --mask do to columns before their values leave the process. A column is
/// given as TABLE.COLUMN, TABLE being a pattern of TableFilter and COLUMN a glob, or a name
/// in double quotes.
class ColumnEdits {
public:
    enum class Kind {
        keep,
        leave_out,
        hash, ///< hexadecimal HMAC-SHA-256 of the value's text (without a key: SHA-256); NULL stays
        fixed ///< one text for every value; NULL stays
    };
    struct Edit {
        Kind kind = Kind::keep;
        std::string text; ///< fixed
    };

    ColumnEdits() = default;
    /// `masks`: COLUMN=hash or COLUMN=fixed:TEXT. `key` of the hash; "": none. The first that
    /// matches counts, leaving out before masks. Throws Error (usage).
    ColumnEdits(const std::vector<std::string>& leave_out, const std::vector<std::string>& masks,
                std::string key);

    bool empty() const { return m_rules.empty(); }
    Edit of(std::string_view schema, std::string_view table, std::string_view column) const;
    /// Holds each column against what is there.
    void check(PatternCheck& check) const;
    void append_hash(std::string& out, std::string_view text) const;
    /// Replaces the JSON value that stands from `start` on in `out`, which is not null, by what the
    /// edit makes of its text.
    void edit_value(std::string& out, std::size_t start, const Edit& edit) const;

private:
    struct Rule {
        std::vector<TablePattern> tables;
        std::string column; ///< for fnmatch
        std::string text;   ///< TABLE.COLUMN, as given
        Edit edit;
    };
    void add(std::string_view column, Edit edit);

    std::vector<Rule> m_rules;
    std::string m_key;
};

/// A masked value is a text, whatever its column was.
void mask_column(Column& column);

/// The key of --mask-key: the bytes of a file, without a newline at its end. "" for no file. Throws
/// Error (usage) when it cannot be read or is empty.
std::string read_mask_key(const std::string& file);

} // namespace cdc::event

#endif
