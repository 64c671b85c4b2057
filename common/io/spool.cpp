#include "io/spool.hpp"

#include "base/error.hpp"

#include <algorithm>
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

FileDescriptor nameless_file(const std::string& folder) {
    std::string path = folder + "/cdc-spool-XXXXXX";
    FileDescriptor out{::mkostemp(path.data(), O_CLOEXEC)};
    if (!out) {
        fail(ExitCode::failed, "cannot make a file in {}: {}", in_quotes(folder),
             std::strerror(errno));
    }
    ::unlink(path.c_str());
    return out;
}

} // namespace

std::string Spool::folder() const {
    if (!m_folder.empty()) {
        return m_folder;
    }
    const char* given = std::getenv("TMPDIR");
    return given != nullptr && *given != '\0' ? given : "/tmp";
}

void Spool::append(std::string_view head, std::string_view body) {
    const auto size = static_cast<std::uint32_t>(head.size() + body.size());
    m_memory.append(reinterpret_cast<const char*>(&size), sizeof(size));
    m_memory += head;
    if (body.size() > kMemory) { // without another copy of it
        write_out();
        write(body);
        return;
    }
    m_memory += body;
    if (m_memory.size() > kMemory) {
        write_out();
    }
}

void Spool::write_out() {
    write(m_memory);
    m_memory.clear();
}

void Spool::write(std::string_view bytes) {
    if (!m_file) {
        m_file = nameless_file(folder());
    }
    if (const int code = write_all(m_file.get(), bytes); code != 0) {
        fail(ExitCode::failed, "cannot write a file in {}: {}", in_quotes(folder()),
             std::strerror(code));
    }
    m_written += bytes.size();
}

bool Spool::next(std::string& record) {
    if (m_file && !m_memory.empty()) {
        write_out();
    }
    if (m_block_at == m_block.size() && m_read == size()) {
        return false;
    }
    std::uint32_t length = 0;
    read(reinterpret_cast<char*>(&length), sizeof(length));
    record.resize(length);
    read(record.data(), length);
    return true;
}

void Spool::read(char* out, std::size_t size) {
    if (!m_file) {
        std::memcpy(out, m_memory.data() + m_read, size);
        m_read += size;
        return;
    }
    while (size > 0) {
        if (m_block_at == m_block.size()) {
            fill_block();
        }
        const std::size_t part = std::min(size, m_block.size() - m_block_at);
        std::memcpy(out, m_block.data() + m_block_at, part);
        m_block_at += part;
        out += part;
        size -= part;
    }
}

void Spool::fill_block() {
    m_block.resize(kMemory);
    const ssize_t got =
        ::pread(m_file.get(), m_block.data(), m_block.size(), static_cast<off_t>(m_read));
    if (got <= 0) {
        fail(ExitCode::failed, "cannot read a file in {}: {}", in_quotes(folder()),
             got == 0 ? "it was cut" : std::strerror(errno));
    }
    m_block.resize(static_cast<std::size_t>(got));
    m_block_at = 0;
    m_read += static_cast<std::uint64_t>(got);
}

} // namespace cdc::io
