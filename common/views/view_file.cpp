#include "views/view_file.hpp"

#include "views/names.hpp"
#include "views/refused.hpp"
#include "views/view_tokens.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace cdc::views {

namespace {

constexpr const char* kViewForm = "write: CREATE VIEW name KEY (columns) AS SELECT …;";
constexpr const char* kKeepForm = "write: KEEP '30 days' ON table.column;";
constexpr const char* kTypeForm = "write: TYPE table.column decimal(12,2);";

/// Of the type float, which is double precision in PostgreSQL and real in the engine: behind `::`,
/// in CAST(… AS float), or before a text. Not that of float(n), which both read alike.
std::vector<std::size_t> places_of_float(std::string_view select, const std::string& file) {
    std::vector<std::size_t> places;
    std::vector<bool> casts; // of each open bracket
    TokenReader reader{select, file};
    Token before;
    Token last;
    while (reader.peek().kind != Token::Kind::end) {
        const Token token = reader.take();
        const Token& next = reader.peek();
        if (token.is('(')) {
            casts.push_back(last.is_word("cast"));
        } else if (token.is(')') && !casts.empty()) {
            casts.pop_back();
        }
        const bool is_type = (last.is(':') && before.is(':')) ||
                             (last.is_word("as") && !casts.empty() && casts.back()) ||
                             next.kind == Token::Kind::string;
        if (token.is_word("float") && is_type && !next.is('(')) {
            places.push_back(token.start);
        }
        before = std::move(last);
        last = token;
    }
    return places;
}

class Parser {
public:
    Parser(std::string_view text, const std::string& file)
        : m_text{text}, m_tokens{text, file}, m_file{file} {}

    ViewFile parse() {
        ViewFile result;
        while (m_tokens.peek().kind != Token::Kind::end) {
            const Token& first = m_tokens.peek();
            if (first.is_word("create")) {
                add_view(result, create_view());
            } else if (first.is_word("keep")) {
                result.keeps.push_back(keep());
            } else if (first.is_word("type")) {
                result.types.push_back(column_type());
            } else {
                m_tokens.fail(first, fmt::format("{} begins no statement", first.shown()),
                              "a view file has CREATE VIEW, KEEP and TYPE, each ended by ';'");
            }
        }
        return result;
    }

private:
    void add_view(ViewFile& result, View view) {
        const auto same =
            std::find_if(result.views.begin(), result.views.end(),
                         [&](const View& other) { return same_name(other.name, view.name); });
        if (same != result.views.end()) {
            throw Refused{m_file, view.line,
                          fmt::format("view {} is there already, in line {}",
                                      base::in_quotes(view.name), same->line),
                          "give one of them another name"};
        }
        result.views.push_back(std::move(view));
    }

    View create_view() {
        View view;
        view.file = m_file;
        view.line = m_tokens.take().line;
        m_tokens.expect_word("view", kViewForm);
        view.name = m_tokens.expect_name("the view's name", kViewForm);
        while (!m_tokens.peek().is_word("as")) {
            clause(view);
        }
        m_tokens.take();
        check(view);
        const Token& body = m_tokens.peek();
        view.select_line = body.line;
        const std::size_t start = body.start;
        view.select = m_tokens.take_statement();
        view.written = m_text.substr(start, view.select.size());
        if (view.select.empty()) {
            throw Refused{m_file, body.line, "no SELECT behind AS", kViewForm};
        }
        const std::vector<std::size_t> floats = places_of_float(view.select, m_file);
        for (auto place = floats.rbegin(); place != floats.rend(); ++place) {
            constexpr std::size_t kFloat = 5;
            view.select.insert(*place + kFloat, "8");
            view.written.insert(*place + kFloat, "8");
        }
        return view;
    }

    void clause(View& view) {
        const Token word = m_tokens.take();
        if (word.is_word("key") && !view.has_key) {
            view.has_key = true;
            view.key = names();
        } else if (word.is_word("partition") && view.partition.empty()) {
            view.partition = names();
        } else if (word.is_word("full")) {
            view.full = true;
        } else if (word.is_word("checked")) {
            view.checked = true;
        } else if (word.is_word("freeze")) {
            view.freeze = true;
        } else {
            m_tokens.fail(
                word, fmt::format("{} in CREATE VIEW", word.shown()),
                "before AS stand KEY (…) or PARTITION (…), FULL, CHECKED, FREEZE, each once");
        }
    }

    void check(const View& view) const {
        const auto refuse = [&](const char* construct, const char* advice) {
            throw Refused{m_file, view.line,
                          fmt::format("view {}: {}", base::in_quotes(view.name), construct),
                          advice};
        };
        if (view.has_key && !view.partition.empty()) {
            refuse("KEY and PARTITION together", "PARTITION is for views that have no key");
        }
        if (!view.has_key && view.partition.empty() && !view.full) {
            refuse("neither KEY nor PARTITION",
                   "add KEY (columns); for rows without a key PARTITION (columns) or FULL");
        }
        if (view.checked && !view.has_key) {
            refuse("CHECKED without KEY", "rows without a key need not differ: leave CHECKED out");
        }
    }

    Keep keep() {
        Keep keep;
        keep.line = m_tokens.take().line;
        const Token interval = m_tokens.take();
        if (interval.kind != Token::Kind::string) {
            m_tokens.fail(interval, fmt::format("{} is no interval", interval.shown()), kKeepForm);
        }
        keep.interval = interval.text;
        m_tokens.expect_word("on", kKeepForm);
        std::tie(keep.table, keep.column) = table_column(kKeepForm);
        m_tokens.expect(';', kKeepForm);
        return keep;
    }

    ColumnType column_type() {
        ColumnType type;
        type.line = m_tokens.take().line;
        std::tie(type.table, type.column) = table_column(kTypeForm);
        const Token& first = m_tokens.peek();
        type.type = m_tokens.take_statement();
        if (type.type.empty()) {
            m_tokens.fail(first, "no type", kTypeForm);
        }
        return type;
    }

    std::pair<std::string, std::string> table_column(const char* form) {
        std::string table = m_tokens.expect_name("a table's name", form);
        m_tokens.expect('.', form);
        std::string column = m_tokens.expect_name("a column's name", form);
        while (m_tokens.peek().is('.')) { // table, schema.table, input.schema.table
            m_tokens.take();
            table += '.' + column;
            column = m_tokens.expect_name("a column's name", form);
        }
        return {std::move(table), std::move(column)};
    }

    /// (a, "B", c), also ()
    std::vector<std::string> names() {
        std::vector<std::string> result;
        m_tokens.expect('(', kViewForm);
        if (!m_tokens.peek().is(')')) {
            result.push_back(m_tokens.expect_name("a column's name", kViewForm));
            while (m_tokens.peek().is(',')) {
                m_tokens.take();
                result.push_back(m_tokens.expect_name("a column's name", kViewForm));
            }
        }
        m_tokens.expect(')', kViewForm);
        return result;
    }

    std::string_view m_text;
    TokenReader m_tokens;
    const std::string& m_file;
};

} // namespace

ViewFile parse_view_file(std::string_view text, const std::string& file) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
    }
    return Parser{text, file}.parse();
}

} // namespace cdc::views
