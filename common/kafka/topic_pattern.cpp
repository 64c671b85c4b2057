#include "kafka/topic_pattern.hpp"

#include "base/error.hpp"
#include "base/near_names.hpp"

#include <algorithm>
#include <regex.h>

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
    out.push_back({text, is_expression(text) || !glob ? text : expression_of(text)});
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
