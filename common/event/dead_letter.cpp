#include "event/dead_letter.hpp"

#include "base/base64.hpp"
#include "base/time.hpp"
#include "event/json_writer.hpp"
#include "io/file_descriptor.hpp"

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

void append_dead_letter(const std::string& path, std::string line) {
    line += '\n';
    const io::FileDescriptor fd{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
    int code = fd ? io::write_all(fd.get(), line) : errno;
    if (code == 0 && ::fdatasync(fd.get()) != 0 && errno != EINVAL) {
        code = errno;
    }
    if (code != 0) {
        base::fail(base::ExitCode::failed, "cannot write dead letters to {}: {}",
                   base::in_quotes(path), std::strerror(code));
    }
}

} // namespace cdc::event
