#include "http/url.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <curl/curl.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace cdc::http {

using base::ExitCode;
using base::in_quotes;

namespace {

[[noreturn]] void bad_port(const UrlSubject& subject) {
    subject.fail(fmt::format("the port of {} is no number from 1 to 65535", subject.noun));
}

/// A URL taken apart by libcurl. A password with '@', '/', '?' or '#' has to be percent-encoded.
class UrlParts {
public:
    UrlParts(std::string_view url, const UrlSubject& subject)
        : m_url{curl_url(), curl_url_cleanup}, m_subject{subject} {
        const CURLUcode code = curl_url_set(m_url.get(), CURLUPART_URL, std::string{url}.c_str(),
                                            CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
        if (code == CURLUE_BAD_PORT_NUMBER) {
            bad_port(subject);
        }
        if (code != CURLUE_OK) {
            subject.fail(
                fmt::format("{} cannot be read: {}", subject.noun, curl_url_strerror(code)));
        }
    }

    /// Empty where the URL does not have it.
    std::string get(CURLUPart part, unsigned flags = 0) const {
        char* text = nullptr;
        const CURLUcode code = curl_url_get(m_url.get(), part, &text, flags);
        const std::unique_ptr<char, void (*)(void*)> owner{text, curl_free};
        if (code == CURLUE_URLDECODE) {
            m_subject.fail(m_subject.noun + " has a control character in its login");
        }
        return code == CURLUE_OK ? std::string{text} : std::string{};
    }

private:
    std::unique_ptr<CURLU, void (*)(CURLU*)> m_url;
    const UrlSubject& m_subject;
};

/// "passfile=…&sslrootcert=…"
void parse_parameters(std::string_view text, Url& url, const UrlSubject& subject) {
    const std::pair<std::string_view, std::string*> known[] = {{"passfile", &url.passfile},
                                                               {"tokenfile", &url.tokenfile},
                                                               {"sslrootcert", &url.sslrootcert},
                                                               {"sslcert", &url.sslcert},
                                                               {"sslkey", &url.sslkey}};
    const auto& allowed = subject.parameters;
    while (!text.empty()) {
        const std::string_view parameter = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), parameter.size() + 1));
        const std::string_view name = parameter.substr(0, parameter.find('='));
        const auto* found = std::find_if(std::begin(known), std::end(known),
                                         [name](const auto& k) { return k.first == name; });
        if (found == std::end(known) || name.size() + 1 >= parameter.size() ||
            std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
            subject.fail(fmt::format("{} has the parameter {}, which is not one of {}, or has no "
                                     "value",
                                     subject.noun, in_quotes(name), fmt::join(allowed, ", ")));
        }
        *found->second = decode_percent(parameter.substr(name.size() + 1));
    }
    if (url.scheme != "https" && !(url.sslrootcert + url.sslcert + url.sslkey).empty()) {
        subject.fail(subject.noun + " names certificates, but is not https://");
    }
    if (url.sslcert.empty() != url.sslkey.empty()) {
        subject.fail("sslcert and sslkey belong together in " + subject.noun);
    }
}

} // namespace

void UrlSubject::fail(const std::string& why) const {
    throw base::Error{ExitCode::usage, option + ": " + why, hint};
}

std::string decode_percent(std::string_view text) {
    int size = 0;
    const std::unique_ptr<char, void (*)(void*)> bytes{
        curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size), curl_free};
    return bytes == nullptr ? std::string{}
                            : std::string{bytes.get(), static_cast<std::size_t>(size)};
}

std::string encode_percent(std::string_view text) {
    if (text.empty()) {
        return {}; // to curl a length of 0 means up to the end
    }
    const std::unique_ptr<char, void (*)(void*)> bytes{
        curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), curl_free};
    return bytes == nullptr ? std::string{} : bytes.get();
}

std::string first_line_of(const std::string& path, const char* what) {
    std::ifstream file{path};
    if (!file) {
        base::fail(ExitCode::refused, "cannot read the {} {}: {}", what, in_quotes(path),
                   std::strerror(errno));
    }
    std::string line;
    if (!std::getline(file, line)) {
        base::fail(ExitCode::refused, "the {} {} is empty", what, in_quotes(path));
    }
    if (!line.empty() && line.back() == '\r') {
        line.pop_back();
    }
    return line;
}

Url parse_url(std::string_view url, const UrlSubject& subject) {
    const UrlParts parts{url, subject};
    Url result;
    result.scheme = parts.get(CURLUPART_SCHEME);
    result.host = parts.get(CURLUPART_HOST);
    if (const std::string zone = parts.get(CURLUPART_ZONEID); !zone.empty()) {
        result.host.insert(result.host.rfind(']'), "%25" + zone);
    }
    result.user = parts.get(CURLUPART_USER, CURLU_URLDECODE);
    result.password = parts.get(CURLUPART_PASSWORD, CURLU_URLDECODE);
    if (const std::string text = parts.get(CURLUPART_PORT); !text.empty()) {
        result.port = base::parse_integer<int>(text).value_or(0);
        if (result.port < 1) {
            bad_port(subject);
        }
    }
    if (url.find('#') != std::string_view::npos) {
        subject.fail(subject.noun + " has a '#'");
    }
    result.path = parts.get(CURLUPART_PATH);
    while (!result.path.empty() && result.path.back() == '/') {
        result.path.pop_back();
    }
    parse_parameters(parts.get(CURLUPART_QUERY), result, subject);
    return result;
}

} // namespace cdc::http
