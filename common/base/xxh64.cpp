#include "base/xxh64.hpp"

#include <bit>
#include <cstring>

namespace cdc::base {

namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87U;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FU;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9U;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63U;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5U;

template<typename T>
std::uint64_t load(const char* at) {
    T value{};
    std::memcpy(&value, at, sizeof(value));
    return value;
}

std::uint64_t round(std::uint64_t lane, std::uint64_t input) {
    return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

std::uint64_t merge(std::uint64_t hash, std::uint64_t lane) {
    return (hash ^ round(0, lane)) * kPrime1 + kPrime4;
}

} // namespace

std::uint64_t xxh64(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    std::uint64_t hash = kPrime5;
    if (bytes.size() >= 32) {
        std::uint64_t a = kPrime1 + kPrime2;
        std::uint64_t b = kPrime2;
        std::uint64_t c = 0;
        std::uint64_t d = 0 - kPrime1;
        for (; end - at >= 32; at += 32) {
            a = round(a, load<std::uint64_t>(at));
            b = round(b, load<std::uint64_t>(at + 8));
            c = round(c, load<std::uint64_t>(at + 16));
            d = round(d, load<std::uint64_t>(at + 24));
        }
        hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    }
    hash += bytes.size();
    for (; end - at >= 8; at += 8) {
        hash = std::rotl(hash ^ round(0, load<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
    }
    if (end - at >= 4) {
        hash = std::rotl(hash ^ load<std::uint32_t>(at) * kPrime1, 23) * kPrime2 + kPrime3;
        at += 4;
    }
    for (; at != end; ++at) {
        hash = std::rotl(hash ^ static_cast<unsigned char>(*at) * kPrime5, 11) * kPrime1;
    }
    hash = (hash ^ hash >> 33) * kPrime2;
    hash = (hash ^ hash >> 29) * kPrime3;
    return hash ^ hash >> 32;
}

} // namespace cdc::base
