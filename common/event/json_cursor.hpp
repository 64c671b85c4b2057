#ifndef CDC_EVENT_JSON_CURSOR_HPP
#define CDC_EVENT_JSON_CURSOR_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace cdc::event {

/// Walks over one JSON text (RFC 8259) from left to right and gives spans of it; nothing is copied.
/// Every byte passed is checked for grammar (UTF-8 is checked by the line decoder, at once for the
/// whole line). All functions return false or an empty view on broken input and then stay broken:
/// check failed() at the end.
class JsonCursor {
public:
    explicit JsonCursor(std::string_view text)
        : m_begin{text.data()}, m_at{text.data()}, m_end{text.data() + text.size()} {}

    bool failed() const noexcept { return m_failed; }
    /// What is wrong ("expected ':'"), if failed(), and where (bytes from the start).
    const char* error() const noexcept { return m_error; }
    std::size_t offset() const noexcept { return static_cast<std::size_t>(m_at - m_begin); }

    /// The next byte that is not white space; 0 at the end. Not consumed.
    char peek();
    bool at_end() { return peek() == '\0' && m_at == m_end; }
    bool consume(char expected);
    /// Consumes `c` if it is next.
    bool accept(char c);

    /// `"name":` of an object's member; the view lies between the quotes, escapes and all.
    std::string_view member_name();
    /// A string; the view lies between the quotes, escapes and all.
    std::string_view string();
    /// Any value; the view is its whole text.
    std::string_view value();

    /// for (bool more = cursor.open('{'); more; more = cursor.next('}')) { … }
    bool open(char bracket);
    bool next(char closing);

    bool fail(const char* what);

private:
    bool scan_string();
    bool scan_number();
    bool scan_literal(std::string_view word);
    bool scan_value(int depth);

    const char* m_begin;
    const char* m_at;
    const char* m_end;
    const char* m_error = "";
    bool m_failed = false;
};

/// The value of an object's member; empty where it has none of this name, or is broken before it.
std::string_view json_member(std::string_view object, std::string_view name);

/// Appends the text that the inside of a JSON string means. False when an escape is broken (also a
/// lone surrogate); `out` is then unspecified.
bool append_json_unescaped(std::string& out, std::string_view inside);
/// The same to `to`, where `inside.size()` bytes fit: where the text ends; nullptr: broken.
char* write_json_unescaped(char* to, std::string_view inside);

} // namespace cdc::event

#endif
