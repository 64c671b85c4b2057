#include "io/spool.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::io {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

std::string folder() {
    const char* given = std::getenv("TMPDIR");
    return given != nullptr && *given != '\0' ? given : "/tmp";
}

FileDescriptor nameless_file() {
    std::string path = folder() + "/cdc-spool-XXXXXX";
    FileDescriptor out{::mkostemp(path.data(), O_CLOEXEC)};
    if (!out) {
        fail(ExitCode::failed, "cannot make a file in {}: {}", in_quotes(folder()),
             std::strerror(errno));
    }
    ::unlink(path.c_str());
    return out;
}

} // namespace

void Spool::append(std::string_view record) {
    const auto size = static_cast<std::uint32_t>(record.size());
    m_memory.append(reinterpret_cast<const char*>(&size), sizeof(size));
    m_memory += record;
    if (m_memory.size() > kMemory) {
        write_out();
    }
}

void Spool::write_out() {
    if (!m_file) {
        m_file = nameless_file();
    }
    if (const int code = write_all(m_file.get(), m_memory); code != 0) {
        fail(ExitCode::failed, "cannot write a file in {}: {}", in_quotes(folder()),
             std::strerror(code));
    }
    m_written += m_memory.size();
    m_memory.clear();
}

bool Spool::next(std::string& record) {
    if (m_read == m_written + m_memory.size()) {
        return false;
    }
    std::uint32_t size = 0;
    read(reinterpret_cast<char*>(&size), sizeof(size));
    record.resize(size);
    read(record.data(), size);
    return true;
}

void Spool::read(char* out, std::size_t size) {
    if (m_file && !m_memory.empty()) {
        write_out();
    }
    if (!m_file) {
        std::memcpy(out, m_memory.data() + m_read, size);
    }
    for (std::size_t done = 0; m_file && done < size;) {
        const ssize_t got =
            ::pread(m_file.get(), out + done, size - done, static_cast<off_t>(m_read + done));
        if (got <= 0) {
            fail(ExitCode::failed, "cannot read a file in {}: {}", in_quotes(folder()),
                 got == 0 ? "it was cut" : std::strerror(errno));
        }
        done += static_cast<std::size_t>(got);
    }
    m_read += size;
}

} // namespace cdc::io
