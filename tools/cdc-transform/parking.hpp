#ifndef CDC_TRANSFORM_PARKING_HPP
#define CDC_TRANSFORM_PARKING_HPP

#include "base/error.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>

namespace cdc::transform {

/// Keys of a view, by their places in the order of keys.
struct KeyRange {
    std::int64_t begin = 0;
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

/// Keys as SQL literals, and why their rows cannot be computed.
using ParkedKeys = std::map<std::string, std::string>;

/// A row of a view cannot be computed (bad_data). It is the row of `key`, or one of `range`.
class RowFailed : public base::Error {
public:
    RowFailed(const std::string& view, const std::string& words, KeyRange range, std::string key);

    const std::string& view() const noexcept { return m_view; }
    const std::string& words() const noexcept { return m_words; }
    const KeyRange& range() const noexcept { return m_range; }
    const std::string& key() const noexcept { return m_key; }

private:
    std::string m_view;
    std::string m_words;
    KeyRange m_range;
    std::string m_key;
};

/// --on-error park: which rows of a cut cannot be computed. The engine ends the transaction in
/// which a statement fails, so that the cut is attempted again from its lines, each time with a
/// narrower range of keys, until one key is found. It is left out from then on, and the search
/// begins anew where the cut still fails.
class Parking {
public:
    /// After a failed attempt. Throws it where too many keys of one cut fail.
    void failed(const RowFailed& failure);
    /// The cut is committed.
    void done();

    /// Whether rows of the view are left out or looked for in this attempt.
    bool concerns(const std::string& view) const;
    /// Keys that this cut leaves out.
    const ParkedKeys& of(const std::string& view) const;
    /// Where the next failing key of the view is looked for; nullopt: nowhere.
    std::optional<KeyRange> range(const std::string& view) const;

private:
    std::map<std::string, ParkedKeys> m_parked; ///< by view
    std::string m_view;                         ///< "": nothing is looked for
    KeyRange m_range;
};

} // namespace cdc::transform

#endif
