#ifndef CDC_VERIFY_CHANGED_KEYS_HPP
#define CDC_VERIFY_CHANGED_KEYS_HPP

#include "cdc-verify/source.hpp"
#include "cdc-verify/table.hpp"
#include "event/line_decoder.hpp"

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cdc::verify {

/// Keys that change lines name, by the source's table. Memory: one text a key.
class ChangedKeys {
public:
    struct OfTable {
        TableName name;
        std::unordered_set<std::string> keys; ///< as JSON, {"id":7}
        bool keyless = false;                 ///< a line had no key
        bool truncated = false;               ///< then any row may have changed
    };

    explicit ChangedKeys(const Source& source) : m_source{source} {}

    /// "-": standard input. Throws Error: bad_data with the line's number.
    void read(const std::string& path);
    /// Lines of other databases are passed over. Throws Error (bad_data).
    void take(std::string_view line);
    /// By Table::name(); nullptr: no line was of it.
    const OfTable* find(const std::string& table) const;
    const std::map<std::string, OfTable, std::less<>>& tables() const { return m_tables; }

private:
    const Source& m_source;
    event::LineDecoder m_decoder;
    std::map<std::string, OfTable, std::less<>> m_tables;
};

/// The image of a key as lines have it. Throws Error (bad_data) when it lacks a column of the
/// table's key.
std::string key_image(const Table& table, std::string_view json);

/// So that keys that lie near each other in a table are asked for together: by the value, where
/// columns are integers, else by bytes. Each key once.
void sort_keys(const Table& table, std::vector<std::string>& keys);

} // namespace cdc::verify

#endif
