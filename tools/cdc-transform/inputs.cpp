#include "cdc-transform/inputs.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "checkpoints/by_input.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr int kLinesInARow = 1024;

io::FileDescriptor open_input(const NamedInput& input) {
    if (input.path == "-") {
        return io::FileDescriptor{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)};
    }
    // Without O_NONBLOCK the writer of one FIFO would be waited for before the next one is opened.
    io::FileDescriptor file{::open(input.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    if (!file) {
        base::fail(ExitCode::failed, "cannot open --input {}={}: {}", input.name, input.path,
                   std::strerror(errno));
    }
    return file;
}

} // namespace

NamedInput parse_input(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals + 1 == text.size() ||
        !checkpoints::is_input_name(std::string_view{text}.substr(0, equals))) {
        throw Error{ExitCode::usage, fmt::format("--input {} is not NAME=FILE", in_quotes(text)),
                    "A name is a letter, then letters, digits, '_' and '-'."};
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

Inputs::Inputs(const std::vector<NamedInput>& inputs) {
    for (const NamedInput& input : inputs) {
        io::FileDescriptor file = open_input(input);
        io::LineReader reader{file.get()};
        m_inputs.push_back({input.name, std::move(file), std::move(reader)});
    }
}

void Inputs::end(Input& input) const {
    input.ended = true;
    const bool last = std::all_of(m_inputs.begin(), m_inputs.end(),
                                  [](const Input& other) { return other.ended; });
    if (!last && !io::stop_signal::requested()) {
        base::log::warning("input {} has ended: its tables stay as they are, and others go on",
                           input.name);
    }
}

/// False: the current input has nothing now.
bool Inputs::give(std::string_view& line, Result& result) {
    Input& input = m_inputs[m_current];
    if (input.ended) {
        return false;
    }
    result = input.reader.next(line, 0);
    if (result == Result::end || result == Result::torn) {
        end(input);
    }
    return result == Result::line || result == Result::torn;
}

bool Inputs::wait(int timeout_ms) const {
    std::vector<pollfd> fds{{io::stop_signal::second_wake_fd(), POLLIN, 0}};
    for (const Input& input : m_inputs) {
        if (!input.ended) {
            fds.push_back({input.file.get(), POLLIN, 0});
        }
    }
    const int ready = ::poll(fds.data(), fds.size(), timeout_ms);
    if (ready < 0 && errno != EINTR) {
        base::fail(ExitCode::failed, "cannot wait for input: {}", std::strerror(errno));
    }
    return ready > 0 && fds.front().revents == 0;
}

Inputs::Result Inputs::next(std::string_view& line, int timeout_ms) {
    for (bool waited = false;; waited = true) {
        Result result{};
        if (m_turn > 0 && give(line, result)) {
            --m_turn;
            return result;
        }
        for (std::size_t i = 0; i < m_inputs.size(); ++i) {
            m_current = (m_current + 1) % m_inputs.size();
            if (give(line, result)) {
                m_turn = kLinesInARow;
                return result;
            }
        }
        if (std::all_of(m_inputs.begin(), m_inputs.end(),
                        [](const Input& input) { return input.ended; })) {
            return Result::end;
        }
        if (waited || !wait(timeout_ms)) {
            return Result::waiting;
        }
    }
}

std::uint64_t Inputs::lines() const {
    std::uint64_t lines = 0;
    for (const Input& input : m_inputs) {
        lines += input.reader.line_number();
    }
    return lines;
}

std::uint64_t Inputs::bytes() const {
    std::uint64_t bytes = 0;
    for (const Input& input : m_inputs) {
        bytes += input.reader.bytes();
    }
    return bytes;
}

} // namespace cdc::transform
