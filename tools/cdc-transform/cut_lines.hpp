#ifndef CDC_TRANSFORM_CUT_LINES_HPP
#define CDC_TRANSFORM_CUT_LINES_HPP

#include "io/file_descriptor.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace cdc::transform {

/// The lines since the last cut, in a file without a name: a cut that fails is attempted again
/// from them.
class CutLines {
public:
    /// In this folder. Throws Error (failed).
    explicit CutLines(const std::string& folder);

    void append(std::string_view line);
    void clear();
    void each(const std::function<void(std::string_view)>& take);

private:
    void write_out();

    io::FileDescriptor m_file;
    std::string m_buffer;
};

} // namespace cdc::transform

#endif
