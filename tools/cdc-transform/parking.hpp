#ifndef CDC_TRANSFORM_PARKING_HPP
#define CDC_TRANSFORM_PARKING_HPP

#include "base/error.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cdc::transform {

/// Keys of a view, by their places in the order of keys.
struct KeyRange {
    std::int64_t begin = 0;
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

/// Why a row cannot be computed, and when it is tried again.
struct ParkedRow {
    std::string words;
    bool again = false; ///< at each cut that may change the view; else when its key is found

    bool operator==(const ParkedRow&) const = default;
};

/// By the key, as SQL literals. kWholeView stands for all rows of the view.
using ParkedKeys = std::map<std::string, ParkedRow>;
constexpr const char* kWholeView = "";

/// A row of a view cannot be computed (bad_data).
class RowFailed : public base::Error {
public:
    enum class What {
        finding, ///< the keys that a change can touch
        range,   ///< a row of `range`
        key,     ///< the row of `key`; `again`: maybe because of other rows
        other,   ///< a key that was tried beside the one that fails
        found,   ///< not one row: keys that have nothing to do with each other fail
        view     ///< there are no keys to look for
    };
    RowFailed(What what, const std::string& view, const std::string& words);
    RowFailed(const std::string& view, const std::string& words, KeyRange range);
    RowFailed(const std::string& view, const std::string& words, std::string key, bool again);

    What what_failed() const noexcept { return m_what; }
    const std::string& view() const noexcept { return m_view; }
    const std::string& words() const noexcept { return m_words; }
    const KeyRange& range() const noexcept { return m_range; }
    const std::string& key() const noexcept { return m_key; }
    bool again() const noexcept { return m_again; }

private:
    What m_what;
    std::string m_view;
    std::string m_words;
    KeyRange m_range;
    std::string m_key;
    bool m_again = false;
};

/// --on-error park: which rows of a cut cannot be computed. The engine ends the transaction in
/// which a statement fails, so that the cut is attempted again from its lines, each time with more
/// left out:
///
/// ```
/// keys cannot be found     they are found without the SELECT's conditions, then the whole view
/// rows cannot be computed  a narrower range of keys, until one key is found
/// not because of one key   all keys that were found, then the whole view
/// ```
///
/// A key is left out from then on, and the search begins anew where the cut still fails.
class Parking {
public:
    /// After a failed attempt. Throws it where too many keys of one cut fail.
    void failed(const RowFailed& failure);
    /// The cut is committed.
    void done();

    /// What an attempt does otherwise for a view.
    struct Attempt {
        ParkedKeys keys;                  ///< that this cut leaves out
        bool wide = false;                ///< keys are found without the SELECT's conditions
        std::vector<std::string> others;  ///< why keys failed that were tried beside one
        std::optional<std::string> found; ///< all keys that are found are left out: why
        std::optional<std::string> view;  ///< the whole view is: why
    };
    const Attempt& of(const std::string& view) const;
    /// Where the next failing key of the view is looked for; nullopt: nowhere.
    std::optional<KeyRange> range(const std::string& view) const;

private:
    std::map<std::string, Attempt> m_attempts; ///< by view
    std::string m_view;                        ///< "": nothing is looked for
    KeyRange m_range;
};

/// How many keys of a view a cut parks, at most.
constexpr std::size_t kMostParkedKeys = 1000;

} // namespace cdc::transform

#endif
