#include "event/dead_letter.hpp"

#include "base/base64.hpp"
#include "base/time.hpp"
#include "event/json_writer.hpp"
#include "io/file_descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::event {

std::string dead_letter_line(const base::Error& error, std::string_view tool,
                             std::optional<std::uint64_t> line_number, std::string_view topic,
                             std::string_view bytes) {
    std::string line = R"({"dead_letter":{"reason":)";
    append_json_string(line, error.what());
    line += fmt::format(R"(,"code":{},"tool":"{}","line_number":{},"topic":)",
                        static_cast<int>(error.code()), tool,
                        line_number ? std::to_string(*line_number) : "null");
    if (topic.empty()) {
        line += "null";
    } else {
        append_json_string(line, topic);
    }
    line += R"(,"bytes":")";
    base::append_base64(line, bytes);
    line += fmt::format(R"("}},"ts_ms":{}}})", base::now_ms());
    return line;
}

namespace {

/// Cuts off a last line that has no end: its writer was killed before it was durable.
int cut_torn_line(int fd) {
    const off_t size = ::lseek(fd, 0, SEEK_END);
    char bytes[4096];
    off_t whole = size;
    while (whole > 0) {
        const auto want = static_cast<std::size_t>(std::min<off_t>(whole, sizeof(bytes)));
        if (::pread(fd, bytes, want, whole - static_cast<off_t>(want)) !=
            static_cast<ssize_t>(want)) {
            return 0; // not a file, or not to be read: it is only written to
        }
        std::size_t end = want;
        while (end > 0 && bytes[end - 1] != '\n') {
            --end;
        }
        whole -= static_cast<off_t>(want - end);
        if (end > 0) {
            break;
        }
    }
    return size < 0 || whole == size || ::ftruncate(fd, whole) == 0 ? 0 : errno;
}

} // namespace

void append_dead_letter(const std::string& path, std::string line) {
    line += '\n';
    const io::FileDescriptor fd{
        ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
    int code = fd ? cut_torn_line(fd.get()) : errno;
    if (code == 0) {
        code = io::write_all(fd.get(), line);
    }
    if (code == 0 && ::fdatasync(fd.get()) != 0 && errno != EINVAL) {
        code = errno;
    }
    if (code != 0) {
        base::fail(base::ExitCode::failed, "cannot write dead letters to {}: {}",
                   base::in_quotes(path), std::strerror(code));
    }
}

} // namespace cdc::event
