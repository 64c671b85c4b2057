#include "mysql/epoch.hpp"

#include "base/time.hpp"

#include <algorithm>

namespace cdc::mysql {

std::uint16_t first_epoch() {
    constexpr std::int64_t kDayMs = 86400000;
    constexpr std::int64_t kFirstDay = 18262;
    return static_cast<std::uint16_t>(
        std::clamp<std::int64_t>(base::now_ms() / kDayMs - kFirstDay, 1, 0xffff));
}

} // namespace cdc::mysql
