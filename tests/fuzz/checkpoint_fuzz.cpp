// A line of a checkpoint file: whatever the bytes, it is refused as bad_data, or what it says
// survives being written and read again.
#include "base/error.hpp"
#include "event/checkpoint.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cdc;
    const std::string_view line{reinterpret_cast<const char*>(data), size};
    std::string written;
    try {
        written = event::parse_checkpoint(line, "fuzz").encode();
    } catch (const base::Error& error) {
        if (error.code() != base::ExitCode::bad_data) {
            std::abort();
        }
        return 0;
    }
    if (event::parse_checkpoint(written, "fuzz").encode() != written) {
        std::abort();
    }
    return 0;
}
