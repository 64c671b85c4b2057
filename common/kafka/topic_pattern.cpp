#include "kafka/topic_pattern.hpp"

#include "base/error.hpp"
#include "base/near_names.hpp"

#include <algorithm>
#include <regex.h>
#include <utility>

namespace cdc::kafka {

using base::in_quotes;

namespace {

bool is_expression(std::string_view text) {
    return !text.empty() && text[0] == '^';
}

/// "shop.*" as "^shop[.].*$".
std::string expression_of(const std::string& glob) {
    std::string out{"^"};
    for (std::size_t i = 0; i < glob.size(); ++i) {
        const auto end = glob[i] == '[' ? glob.find(']', i + 2) : std::string::npos;
        if (glob[i] == '*') {
            out += ".*";
        } else if (glob[i] == '?') {
            out += '.';
        } else if (end != std::string::npos) {
            out += glob[i + 1] == '!' ? "[^" + glob.substr(i + 2, end - i - 1)
                                      : glob.substr(i, end - i + 1);
            i = end;
        } else if (glob[i] == '.') {
            out += "[.]";
        } else {
            out += glob[i];
        }
    }
    return out + "$";
}

/// The client's engine is POSIX's, to which `\d` is the letter: classes that only ours knows are
/// written out.
std::string with_plain_classes(std::string_view expression) {
    static constexpr std::pair<char, const char*> kClasses[] = {
        {'d', "0-9"}, {'w', "A-Za-z0-9_"}, {'s', "[:space:]"}};
    std::string out;
    bool inside = false;
    bool hyphen = false;
    for (std::size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (c == '\\' && i + 1 < expression.size()) {
            const char next = expression[++i];
            const bool inverse = !inside && next >= 'A' && next <= 'Z';
            const auto* found =
                std::find_if(std::begin(kClasses), std::end(kClasses), [&](const auto& one) {
                    return one.first == (inverse ? next - 'A' + 'a' : next);
                });
            if (found != std::end(kClasses)) {
                out += inside ? found->second
                              : std::string{inverse ? "[^" : "["} + found->second + "]";
            } else if (!inside) {
                out.append("\\").append(1, next);
            } else if (next == '-') {
                hyphen = true;        // at the end it is no range
            } else if (next != ']') { // which no topic has
                out += next;
            }
            continue;
        }
        if (inside && c == '[' && i + 1 < expression.size() && expression[i + 1] == ':') {
            const auto end = expression.find(":]", i + 2);
            if (end != std::string_view::npos) {
                out += expression.substr(i, end + 2 - i);
                i = end + 1;
                continue;
            }
        }
        if (inside && c == ']' && std::exchange(hyphen, false)) {
            out += '-';
        }
        inside = c == '[' || (inside && c != ']');
        out += c;
    }
    return out;
}

/// The client and we have each our own engine: both must take it.
void check_expression(const TopicPattern& pattern) {
    const auto refuse = [&](const std::string& why) {
        throw base::Error{base::ExitCode::usage,
                          fmt::format("--topics {}: {}", in_quotes(pattern.given), why),
                          "globs look like 'shop.*', regular expressions like '^shop[.]'"};
    };
    regex_t compiled;
    if (const int error = ::regcomp(&compiled, pattern.wanted.c_str(), REG_EXTENDED | REG_NOSUB);
        error != 0) {
        char text[200];
        ::regerror(error, &compiled, text, sizeof(text));
        refuse(text);
    }
    ::regfree(&compiled);
    try {
        const std::regex check{pattern.wanted};
    } catch (const std::regex_error& error) {
        refuse(error.what());
    }
}

void add(std::vector<TopicPattern>& out, const std::string& text) {
    const bool glob = text.find_first_of("*?[") != std::string::npos;
    out.push_back({text, is_expression(text) ? with_plain_classes(text)
                         : glob              ? expression_of(text)
                                             : text});
    if (is_expression(out.back().wanted)) {
        check_expression(out.back());
    }
}

} // namespace

TopicMatcher::TopicMatcher(const std::string& wanted) : m_name{wanted} {
    if (is_expression(wanted)) {
        m_expression.emplace(wanted);
    }
}

bool TopicMatcher::operator()(const std::string& topic) const {
    if (!m_expression) {
        return topic == m_name;
    }
    return topic.rfind("__", 0) != 0 && std::regex_search(topic, *m_expression);
}

std::vector<TopicPattern> parse_topics(const std::vector<std::string>& texts) {
    std::vector<TopicPattern> out;
    for (const std::string& text : texts) {
        if (is_expression(text)) {
            add(out, text); // commas may be part of it
            continue;
        }
        for (std::size_t at = 0; at <= text.size();) {
            const auto comma = std::min(text.find(',', at), text.size());
            if (comma > at) {
                add(out, text.substr(at, comma - at));
            }
            at = comma + 1;
        }
    }
    return out;
}

std::vector<std::string> wanted_topics(const std::vector<TopicPattern>& patterns) {
    std::vector<std::string> out;
    for (const TopicPattern& pattern : patterns) {
        out.push_back(pattern.wanted);
    }
    return out;
}

std::string unmet_text(const TopicPattern& pattern) {
    return fmt::format("{} {}",
                       is_expression(pattern.wanted) ? "no topic matches" : "there is no topic",
                       in_quotes(pattern.given));
}

std::string near_topic(const TopicPattern& pattern, const std::vector<std::string>& topics) {
    const std::vector<std::string_view> names(topics.begin(), topics.end());
    return base::nearest(pattern.given, names);
}

} // namespace cdc::kafka
