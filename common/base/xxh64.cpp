#include "base/xxh64.hpp"

#define XXH_INLINE_ALL // half of the callers hash a few bytes, and nothing has to be linked
#include <xxhash.h>

namespace cdc::base {

std::uint64_t xxh64(std::string_view bytes) {
    return XXH64(bytes.data(), bytes.size(), 0);
}

} // namespace cdc::base
