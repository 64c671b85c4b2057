#include "cdc-transform/cut_lines.hpp"

#include "base/error.hpp"
#include "io/line_reader.hpp"

#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::transform {

using base::ExitCode;
using base::fail;

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

} // namespace

CutLines::CutLines(const std::string& folder) {
    const std::string path = folder + "/cut.lines";
    m_file = io::FileDescriptor{
        ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)};
    if (!m_file) {
        fail(ExitCode::failed, "cannot open {}: {}", base::in_quotes(path), std::strerror(errno));
    }
    ::unlink(path.c_str());
}

void CutLines::append(std::string_view line) {
    m_buffer += line;
    m_buffer += '\n';
    if (m_buffer.size() >= kBufferBytes) {
        write_out();
    }
}

void CutLines::write_out() {
    if (const int code = io::write_all(m_file.get(), m_buffer); code != 0) {
        fail(ExitCode::failed, "cannot keep the lines of a cut: {}", std::strerror(code));
    }
    m_buffer.clear();
}

void CutLines::clear() {
    m_buffer.clear();
    if (::ftruncate(m_file.get(), 0) != 0) {
        fail(ExitCode::failed, "cannot empty the lines of a cut: {}", std::strerror(errno));
    }
}

void CutLines::each(const std::function<void(std::string_view)>& take) {
    write_out();
    if (::lseek(m_file.get(), 0, SEEK_SET) != 0) {
        fail(ExitCode::failed, "cannot read the lines of a cut: {}", std::strerror(errno));
    }
    io::LineReader reader{m_file.get()};
    std::string_view line;
    while (reader.next(line) == io::LineReader::Result::line) {
        take(line);
    }
}

} // namespace cdc::transform
