// Lines of cdc-event(5), one behind the other, through one LinePredictor: whatever the bytes and
// whatever it has learnt from earlier lines, it says of each line what LineDecoder says.
#include "line_text.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cdc::event;
    LinePredictor predictor;
    LineDecoder decoder;
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const Padded padded{std::string{rest.substr(0, end)}};
        const std::string wanted = verdict(decoder, padded.line());
        const std::string got = verdict(predictor, padded.line());
        if (got != wanted) {
            std::fprintf(stderr, "line: %s\nwanted: %s\ngot: %s\n",
                         std::string{padded.line()}.c_str(), wanted.c_str(), got.c_str());
            std::abort();
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return 0;
}
