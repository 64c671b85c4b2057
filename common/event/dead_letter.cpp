#include "event/dead_letter.hpp"

#include "base/base64.hpp"
#include "base/time.hpp"
#include "event/json_writer.hpp"
#include "io/append_file.hpp"

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
    io::append_lines_durably(path, line);
}

} // namespace cdc::event
