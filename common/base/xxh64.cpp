#include "base/xxh64.hpp"

#define XXH_INLINE_ALL // half of the callers hash a few bytes, and nothing has to be linked
#include <xxhash.h>

namespace cdc::base {

std::uint64_t xxh64_of_any(std::string_view bytes) {
    // Said for the analyzer: nothing is read from nowhere.
    const char* const at = bytes.data() == nullptr ? "" : bytes.data();
    return XXH64(at, bytes.size(), 0);
}

} // namespace cdc::base
