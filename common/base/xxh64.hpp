#ifndef CDC_BASE_XXH64_HPP
#define CDC_BASE_XXH64_HPP

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cdc::base {

/// Of any size; see xxh64().
std::uint64_t xxh64_of_any(std::string_view bytes);

/// XXH64 of one word of 4 or 8 bytes (xxHash's specification, "XXH64 algorithm description", the
/// steps for what is left over).
template<typename Word>
constexpr std::uint64_t xxh64_of_word(Word word) {
    constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87U;
    constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FU;
    constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9U;
    constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63U;
    constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5U;
    std::uint64_t hash = kPrime5 + sizeof(Word);
    if constexpr (sizeof(Word) == 8) {
        hash ^= std::rotl(word * kPrime2, 31) * kPrime1;
        hash = std::rotl(hash, 27) * kPrime1 + kPrime4;
    } else {
        static_assert(sizeof(Word) == 4);
        hash ^= word * kPrime1;
        hash = std::rotl(hash, 23) * kPrime2 + kPrime3;
    }
    hash = (hash ^ hash >> 33) * kPrime2;
    hash = (hash ^ hash >> 29) * kPrime3;
    return hash ^ hash >> 32;
}

/// XXH64 with seed 0: what ClickHouse's xxHash64() gives for the same bytes. Not cryptographic.
inline std::uint64_t xxh64(std::string_view bytes) {
    const auto of_word = [bytes]<typename Word>(Word word) {
        std::memcpy(&word, bytes.data(), sizeof(Word));
        return xxh64_of_word(word);
    };
    switch (bytes.size()) { // most columns have one of these
    case sizeof(std::uint32_t):
        return of_word(std::uint32_t{});
    case sizeof(std::uint64_t):
        return of_word(std::uint64_t{});
    default:
        return xxh64_of_any(bytes);
    }
}

} // namespace cdc::base

#endif
