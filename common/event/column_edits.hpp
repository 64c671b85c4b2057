#ifndef CDC_EVENT_COLUMN_EDITS_HPP
#define CDC_EVENT_COLUMN_EDITS_HPP

#include "base/error.hpp"
#include "event/column_cipher.hpp"
#include "event/pattern_check.hpp"
#include "event/table.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// What --leave-out, --mask and --encrypt are given.
struct ColumnEditOptions {
    std::vector<std::string> leave_out; ///< columns
    std::vector<std::string> masks;     ///< COLUMN=HOW
    std::string mask_key;               ///< file
    std::vector<std::string> encrypted; ///< COLUMN or COLUMN=siv|gcm
    std::string encrypt_key;            ///< file
};

/// What --leave-out, --mask and --encrypt do to columns before their values leave the process. A
/// column is given as TABLE.COLUMN, TABLE being a pattern of TableFilter and COLUMN a glob, or a
/// name in double quotes.
class ColumnEdits {
public:
    enum class Kind {
        keep,
        leave_out,
        hash, ///< hexadecimal HMAC-SHA-256 of the value's text (without a key: SHA-256); NULL stays
        encrypt,        ///< by ColumnCipher, equal ones equal; NULL stays
        encrypt_random, ///< by ColumnCipher, each another value; NULL stays
        fixed           ///< one text for every value; NULL stays
    };
    struct Edit {
        Kind kind = Kind::keep;
        std::string text; ///< fixed

        /// The value is computed from the one that it replaces.
        bool is_computed() const {
            return kind == Kind::hash || kind == Kind::encrypt || kind == Kind::encrypt_random;
        }
        /// Of a value that is said of the table and not of a row, such as the default of old rows:
        /// it is the same one each time.
        Edit of_table() const {
            return kind == Kind::encrypt_random ? Edit{Kind::encrypt, ""} : *this;
        }
    };

    ColumnEdits() = default;
    /// `masks`: COLUMN=hash or COLUMN=fixed:TEXT. `key` of the hash; "": none. The first that
    /// matches counts, leaving out before masks. Throws Error (usage).
    ColumnEdits(const std::vector<std::string>& leave_out, const std::vector<std::string>& masks,
                std::string key);
    /// Reads the files of keys too.
    explicit ColumnEdits(const ColumnEditOptions& options);

    bool empty() const { return m_rules.empty(); }
    Edit of(std::string_view schema, std::string_view table, std::string_view column) const;
    /// Holds each column against what is there.
    void check(PatternCheck& check) const;
    /// What stands for the label of an enum with masked values, so that a change of it is seen.
    void append_label(std::string& out, std::string_view label) const;
    /// What `edit`, which is_computed(), makes of a value's text.
    void append_computed(std::string& out, std::string_view text, const Edit& edit) const;
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
    void append_hash(std::string& out, std::string_view text) const;

    std::vector<Rule> m_rules;
    std::string m_key;
    std::optional<ColumnCipher> m_cipher;
};

/// A key, or a table without one, of which a column is encrypted anew each time: why not, and the
/// way out. `table` as people name it.
base::Error random_key(std::string_view column, const std::string& table);
base::Error random_row(std::string_view column, const std::string& table);

/// A masked value is a text, whatever its column was.
void mask_column(Column& column);

/// The key of --mask-key: the bytes of a file, without a newline at its end. "" for no file. Throws
/// Error (usage) when it cannot be read or is empty.
std::string read_mask_key(const std::string& file);

} // namespace cdc::event

#endif
