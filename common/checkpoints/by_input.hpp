#ifndef CDC_CHECKPOINTS_BY_INPUT_HPP
#define CDC_CHECKPOINTS_BY_INPUT_HPP

#include <string>
#include <string_view>
#include <vector>

/// A pipe behind cdc-transform --input has the checkpoint lines of several sources, and a
/// checkpoint file for each.
namespace cdc::checkpoints {

/// A value of --checkpoint: FILE, or NAME=FILE for the lines of the input NAME.
struct NamedFile {
    std::string input; ///< "": of lines that are of no input
    std::string path;

    friend bool operator==(const NamedFile&, const NamedFile&) = default;
};

/// Whether the text may name an input: a letter, then letters, digits, '_' and '-'.
bool is_input_name(std::string_view text);

/// "./a=b" is a file.
NamedFile named_file(const std::string& text);
std::vector<NamedFile> named_files(const std::vector<std::string>& texts);

/// Throws Error (usage) where one file is of two inputs.
void check_files(const std::vector<std::string>& texts);

/// The last checkpoint line of each input. Lines have no '\n'.
class LastLines {
public:
    void add(std::string_view line);
    void clear() { m_lines.clear(); }
    bool empty() const noexcept { return m_lines.empty(); }
    /// In the order in which they came.
    const std::vector<std::string>& lines() const noexcept { return m_lines; }
    /// Of all inputs.
    const std::string& newest() const { return m_lines.back(); }

private:
    std::vector<std::string> m_lines;
};

/// Says that all before a checkpoint line is durable: in the files of its input, and on stdout for
/// "-".
class Writer {
public:
    explicit Writer(const std::vector<std::string>& texts) : m_files{named_files(texts)} {}

    /// Throws Error (usage) where there are files, and none of the line's input.
    void check(std::string_view line) const;
    /// Throws Error (failed), and what check() throws.
    void write(const LastLines& lines) const;

private:
    std::vector<std::string> paths_of(const std::string& input) const;

    std::vector<NamedFile> m_files;
};

} // namespace cdc::checkpoints

#endif
