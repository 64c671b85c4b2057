#ifndef CDC_BASE_XXH64_HPP
#define CDC_BASE_XXH64_HPP

#include <cstdint>
#include <string_view>

namespace cdc::base {

/// XXH64 with seed 0: what ClickHouse's xxHash64() gives for the same bytes. Not cryptographic.
std::uint64_t xxh64(std::string_view bytes);

} // namespace cdc::base

#endif
