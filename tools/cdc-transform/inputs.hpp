#ifndef CDC_TRANSFORM_INPUTS_HPP
#define CDC_TRANSFORM_INPUTS_HPP

#include "io/file_descriptor.hpp"
#include "io/line_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::transform {

/// A value of --input: NAME=FILE. "-" is stdin.
struct NamedInput {
    std::string name; ///< "": stdin without --input
    std::string path;
};

/// Throws Error (usage) unless the text is NAME=FILE.
NamedInput parse_input(const std::string& text);

/// The lines of several inputs. An input that has none does not keep those of others waiting, and
/// one that has many gives up its turn after some.
class Inputs {
public:
    using Result = io::LineReader::Result;

    /// Opens them; a FIFO may have no writer yet. Throws Error (failed).
    explicit Inputs(const std::vector<NamedInput>& inputs);

    /// Waits up to `timeout_ms` for a line of any. `end`: all have ended; `torn`: that of current()
    /// has ended in the midst of a line, others may go on. Throws what LineReader::next() throws.
    Result next(std::string_view& line, int timeout_ms);
    /// The input of the last line, by its place in what the constructor took.
    std::size_t current() const noexcept { return m_current; }
    /// The first line of the current input that begins so and waits in memory.
    std::optional<std::string_view> find_waiting(std::string_view start) const {
        return m_inputs[m_current].reader.find_buffered(start);
    }
    /// The next line comes from another input, if one has any.
    void yield() noexcept { m_turn = 0; }

    std::uint64_t line_number() const { return m_inputs[m_current].reader.line_number(); }
    std::uint64_t lines() const;
    std::uint64_t bytes() const;

private:
    struct Input {
        std::string name;
        io::FileDescriptor file;
        io::LineReader reader;
        bool ended = false;
    };
    bool give(std::string_view& line, Result& result);
    void end(Input& input) const;
    bool wait(int timeout_ms) const;

    std::vector<Input> m_inputs;
    std::size_t m_current = 0;
    int m_turn = 0; ///< lines that the current input may give before others are asked
};

} // namespace cdc::transform

#endif
