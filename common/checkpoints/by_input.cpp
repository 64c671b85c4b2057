#include "checkpoints/by_input.hpp"

#include "base/error.hpp"
#include "checkpoints/file.hpp"
#include "event/checkpoint.hpp"

#include <algorithm>
#include <map>

namespace cdc::checkpoints {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

bool is_input_name(std::string_view text) {
    return !text.empty() && is_letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
           });
}

NamedFile named_file(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || !is_input_name(std::string_view{text}.substr(0, equals))) {
        return {"", text};
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<NamedFile> named_files(const std::vector<std::string>& texts) {
    std::vector<NamedFile> out;
    for (const std::string& text : texts) {
        out.push_back(named_file(text));
    }
    return out;
}

void check_files(const std::vector<std::string>& texts) {
    std::map<std::string, std::string> inputs; // by path
    for (const NamedFile& file : named_files(texts)) {
        if (file.path.empty()) {
            throw Error{ExitCode::usage,
                        fmt::format("--checkpoint {}=: the file is missing", file.input)};
        }
        if (file.path == "-" && !file.input.empty()) {
            throw Error{
                ExitCode::usage,
                fmt::format("--checkpoint {}=-: '-' is not of one input", file.input),
                "--checkpoint - prints the lines of all inputs, each with its member input."};
        }
        const auto [known, is_new] = inputs.emplace(file.path, file.input);
        if (!is_new && known->second != file.input) {
            throw Error{
                ExitCode::usage,
                fmt::format("--checkpoint: {} is the file of two inputs", in_quotes(file.path)),
                "Each source goes on from a file of its own."};
        }
    }
}

void LastLines::add(std::string_view line) {
    const std::string input = event::input_of_checkpoint(line);
    const auto same = std::find_if(m_lines.begin(), m_lines.end(), [&](const std::string& other) {
        return event::input_of_checkpoint(other) == input;
    });
    if (same != m_lines.end()) {
        std::rotate(same, same + 1, m_lines.end());
        m_lines.back().assign(line);
    } else {
        m_lines.emplace_back(line);
    }
}

std::vector<std::string> Writer::paths_of(const std::string& input) const {
    std::vector<std::string> out;
    for (const NamedFile& file : m_files) {
        if (file.input == input || (file.input.empty() && file.path == "-")) {
            out.push_back(file.path);
        }
    }
    return out;
}

void Writer::check(std::string_view line) const {
    const std::string input = event::input_of_checkpoint(line);
    if (m_files.empty() || !paths_of(input).empty()) {
        return;
    }
    if (input.empty()) {
        throw Error{
            ExitCode::usage,
            "a checkpoint line is of no input of cdc-transform, and all files of --checkpoint are",
            "Name the file without an input: --checkpoint FILE"};
    }
    throw Error{ExitCode::usage,
                fmt::format("no file of --checkpoint is for the checkpoint lines of input {}",
                            in_quotes(input)),
                fmt::format("Each input of cdc-transform needs one: --checkpoint {}=FILE", input)};
}

void Writer::write(const LastLines& lines) const {
    for (const std::string& line : lines.lines()) {
        check(line);
        checkpoints::write(paths_of(event::input_of_checkpoint(line)), line);
    }
}

} // namespace cdc::checkpoints
