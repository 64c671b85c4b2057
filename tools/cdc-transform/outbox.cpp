#include "cdc-transform/outbox.hpp"

#include "base/error.hpp"
#include "event/json_document.hpp"
#include "io/atomic_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::transform {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::uint64_t kSegmentBytes = std::uint64_t{64} << 20;
constexpr std::string_view kCheckpointBegin = "{\"checkpoint\":";

[[noreturn]] void fail_on(const std::string& path, const char* what) {
    fail(ExitCode::failed, "cannot {} {}: {}", what, in_quotes(path), std::strerror(errno));
}

/// How far a snapshot came: its progress' number, and the highest where there is none.
std::int64_t snapshot_place(const event::Checkpoint& checkpoint) {
    return checkpoint.snapshot.is_object()
               ? event::integer_member(checkpoint.snapshot, "seq", std::int64_t{0})
               : std::numeric_limits<std::int64_t>::max();
}

/// Calls `f(line, end)` for each whole line of a file up to `bytes`; `end` lies behind its '\n'.
template<typename F>
void for_each_line(const std::string& path, std::uint64_t bytes, F&& f) {
    const io::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) {
        fail_on(path, "read");
    }
    std::string rest;
    std::vector<char> piece(kBufferBytes);
    std::uint64_t at = 0;
    while (at < bytes) {
        const auto want =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes - at));
        const ssize_t got = ::pread(file.get(), piece.data(), want, static_cast<off_t>(at));
        if (got <= 0) {
            fail_on(path, "read");
        }
        std::uint64_t begin = at - rest.size();
        rest.append(piece.data(), static_cast<std::size_t>(got));
        at += static_cast<std::uint64_t>(got);
        std::string_view left = rest;
        for (auto end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
            begin += end + 1;
            f(left.substr(0, end), begin);
            left.remove_prefix(end + 1);
        }
        rest.erase(0, rest.size() - left.size());
    }
}

} // namespace

bool covers(const event::Checkpoint& file, const event::Checkpoint& at) {
    // A stream that goes on at another server has a higher epoch, and what left before it is below.
    const bool same_server = file.server == at.server || file.order.epoch() > at.order.epoch();
    if (file.kind == "kafka" || file.kind != at.kind || !same_server || file.slot != at.slot ||
        file.beside_stream() != at.beside_stream()) {
        return false; // what a snapshot beside a stream says is no place of the stream
    }
    return at.order < file.order ||
           (at.order == file.order && snapshot_place(at) <= snapshot_place(file));
}

Outbox::Outbox(std::string folder, const OutboxEnd& end) : m_folder{std::move(folder)}, m_end{end} {
    std::error_code error;
    std::filesystem::create_directories(m_folder, error);
    if (error) {
        fail(ExitCode::failed, "cannot make the folder {}: {}", in_quotes(m_folder),
             error.message());
    }
    for (const auto& entry : std::filesystem::directory_iterator{m_folder}) {
        const auto number = base::parse_integer<std::uint64_t>(entry.path().stem().string());
        if (number && *number > m_end.segment) {
            std::filesystem::remove(entry.path()); // of a batch that was not committed
        }
    }
    open_segment(m_end.segment);
    if (::ftruncate(m_file.get(), static_cast<off_t>(m_end.bytes)) != 0) {
        fail_on(path_of(m_end.segment), "cut");
    }
    m_begin = m_end;
    read_batches();
    drop_arrived();
}

std::string Outbox::path_of(std::uint64_t segment) const {
    return fmt::format("{}/{:08}.lines", m_folder, segment);
}

void Outbox::open_segment(std::uint64_t segment) {
    const std::string path = path_of(segment);
    m_file =
        io::FileDescriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
    if (!m_file) {
        fail_on(path, "open");
    }
    io::sync_folder_of(path);
}

void Outbox::read_batches() {
    for (std::uint64_t segment = 1; segment <= m_end.segment; ++segment) {
        const std::string path = path_of(segment);
        std::error_code none;
        const std::uint64_t size =
            segment == m_end.segment ? m_end.bytes : std::filesystem::file_size(path, none);
        if (none || size == 0) {
            continue; // acknowledged and removed
        }
        std::uint64_t begin = 0;
        for_each_line(path, size, [&](std::string_view line, std::uint64_t end) {
            if (line.substr(0, kCheckpointBegin.size()) == kCheckpointBegin) {
                m_batches.push_back(
                    {std::string{line}, OutboxEnd{segment, begin}, OutboxEnd{segment, end}});
                begin = end;
            }
        });
    }
    m_sent = m_batches.size();
}

void Outbox::write_out() {
    if (const int code = io::write_all(m_file.get(), m_buffer); code != 0) {
        errno = code;
        fail_on(path_of(m_end.segment), "write");
    }
    m_buffer.clear();
}

void Outbox::append(std::string_view lines) {
    if (m_begin == m_end && m_buffer.empty() && m_end.bytes > kSegmentBytes) {
        m_end = {m_end.segment + 1, 0};
        m_begin = m_end;
        open_segment(m_end.segment);
    }
    m_buffer += lines;
    m_end.bytes += lines.size();
    if (m_buffer.size() >= kBufferBytes) {
        write_out();
    }
}

void Outbox::forget() {
    m_buffer.clear();
    m_end = m_begin;
    if (::ftruncate(m_file.get(), static_cast<off_t>(m_end.bytes)) != 0) {
        fail_on(path_of(m_end.segment), "cut");
    }
}

OutboxEnd Outbox::sync(std::string_view checkpoint) {
    append(checkpoint);
    append("\n");
    write_out();
    if (::fdatasync(m_file.get()) != 0) {
        fail_on(path_of(m_end.segment), "sync");
    }
    m_batches.push_back({std::string{checkpoint}, m_begin, m_end});
    m_begin = m_end;
    return m_end;
}

std::shared_ptr<const io::FileDescriptor> Outbox::opened(const Batch& batch) const {
    const std::string path = path_of(batch.begin.segment);
    auto file =
        std::make_shared<const io::FileDescriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!*file) {
        fail_on(path, "read");
    }
    return file;
}

void Outbox::send(const Give& give) {
    for (; m_sent < m_batches.size(); ++m_sent) {
        const Batch& batch = m_batches[m_sent];
        give({opened(batch), batch.begin.bytes, batch.end.bytes});
    }
}

void Outbox::send_again(const Give& give) {
    for (const Batch& batch : m_batches) {
        give({opened(batch), batch.begin.bytes, batch.end.bytes - batch.checkpoint.size() - 1});
    }
}

std::optional<std::uint64_t> Outbox::first_waiting() const {
    const auto highest = m_batches.empty()
                             ? std::nullopt
                             : event::highest_of_checkpoint(m_batches.front().checkpoint);
    return highest ? std::optional{highest->position()} : std::nullopt;
}

void Outbox::acknowledged(const event::Checkpoint& checkpoint, const std::string& input) {
    const std::string line = checkpoint.encode();
    const auto last = std::find_if(m_batches.rbegin(), m_batches.rend(), [&](const Batch& batch) {
        if (event::input_of_checkpoint(batch.checkpoint) != input) {
            return false;
        }
        const auto at = event::parse_checkpoint(batch.checkpoint, "outbox");
        return at.encode() == line || covers(checkpoint, at);
    });
    const auto count = static_cast<std::size_t>(m_batches.rend() - last);
    drop(std::min(count, m_sent));
}

void Outbox::acknowledged_all() {
    if (m_sent > 0) {
        drop(m_sent);
        keep_arrived();
    }
}

/// Not durable: what a crash takes of it is written again.
void Outbox::keep_arrived() const {
    const OutboxEnd& end = m_batches.empty() ? m_end : m_batches.front().begin;
    const std::string path = m_folder + "/arrived";
    const io::FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)};
    const std::string text = fmt::format("{:020} {:020}\n", end.segment, end.bytes);
    if (!file || ::pwrite(file.get(), text.data(), text.size(), 0) < 0) {
        fail_on(path, "write");
    }
}

void Outbox::drop_arrived() {
    OutboxEnd end;
    std::ifstream file{m_folder + "/arrived"};
    if (!(file >> end.segment >> end.bytes)) {
        return;
    }
    const auto waiting = std::find_if(m_batches.begin(), m_batches.end(), [&](const Batch& batch) {
        return batch.begin.segment > end.segment ||
               (batch.begin.segment == end.segment && batch.begin.bytes >= end.bytes);
    });
    drop(static_cast<std::size_t>(waiting - m_batches.begin()));
}

void Outbox::drop(std::size_t batches) {
    m_batches.erase(m_batches.begin(), m_batches.begin() + static_cast<std::ptrdiff_t>(batches));
    m_sent -= batches;
    const std::uint64_t first = m_batches.empty() ? m_end.segment : m_batches.front().begin.segment;
    std::error_code none;
    for (std::uint64_t segment = first; segment-- > 1;) {
        if (!std::filesystem::remove(path_of(segment), none)) {
            break; // and so are those before it
        }
    }
}

} // namespace cdc::transform
