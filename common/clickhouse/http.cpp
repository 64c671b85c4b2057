#include "clickhouse/http.hpp"

#include "base/numbers.hpp"
#include "base/version.hpp"
#include "clickhouse/retry.hpp"
#include "io/stop_signal.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <utility>

namespace cdc::clickhouse {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr long kConnectTimeoutMs = 10'000;
constexpr std::int64_t kWaitStepMs = 1000;

/// What is depended on is said with every request: defaults differ between versions and profiles.
constexpr std::string_view kSettings =
    "&wait_end_of_query=1&async_insert=0&insert_deduplicate=0&max_query_size=67108864"
    "&date_time_overflow_behavior=throw&max_execution_time=0";
constexpr std::string_view kSettingsOfOldServers = "&wait_end_of_query=1";

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

[[noreturn]] void bad_url(const std::string& why) {
    throw Error{ExitCode::usage, "--target: " + why,
                "Give chdb:DIR or http(s)://user:password@host:8123/database."};
}

[[noreturn]] void bad_port() {
    bad_url("the port of the target's URL is no number from 1 to 65535");
}

/// A URL taken apart by libcurl. A password with '@', '/', '?' or '#' has to be percent-encoded.
class UrlParts {
public:
    explicit UrlParts(std::string_view url) : m_url{curl_url(), curl_url_cleanup} {
        const CURLUcode code = curl_url_set(m_url.get(), CURLUPART_URL, std::string{url}.c_str(),
                                            CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
        if (code == CURLUE_BAD_PORT_NUMBER) {
            bad_port();
        }
        if (code != CURLUE_OK) {
            bad_url(fmt::format("the target's URL cannot be read: {}", curl_url_strerror(code)));
        }
    }

    /// Empty where the URL does not have it.
    std::string get(CURLUPart part, unsigned flags = 0) const {
        char* text = nullptr;
        const CURLUcode code = curl_url_get(m_url.get(), part, &text, flags);
        const std::unique_ptr<char, void (*)(void*)> owner{text, curl_free};
        if (code == CURLUE_URLDECODE) {
            bad_url("the target's URL has a control character in its login");
        }
        return code == CURLUE_OK ? std::string{text} : std::string{};
    }

private:
    std::unique_ptr<CURLU, void (*)(CURLU*)> m_url;
};

/// "passfile=…&sslrootcert=…"
void parse_parameters(std::string_view text, HttpUrl& url) {
    const std::pair<std::string_view, std::string*> known[] = {{"passfile", &url.passfile},
                                                               {"sslrootcert", &url.sslrootcert},
                                                               {"sslcert", &url.sslcert},
                                                               {"sslkey", &url.sslkey}};
    while (!text.empty()) {
        const std::string_view parameter = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), parameter.size() + 1));
        const std::string_view name = parameter.substr(0, parameter.find('='));
        const auto* found = std::find_if(std::begin(known), std::end(known),
                                         [name](const auto& k) { return k.first == name; });
        if (found == std::end(known) || name.size() + 1 >= parameter.size()) {
            bad_url(fmt::format("the target's URL has the parameter {}, which is not one of "
                                "passfile, sslrootcert, sslcert, sslkey, or has no value",
                                in_quotes(name)));
        }
        *found->second = decode_percent(parameter.substr(name.size() + 1));
    }
    if (url.scheme != "https" && !(url.sslrootcert + url.sslcert + url.sslkey).empty()) {
        bad_url("the target's URL names certificates, but is not https://");
    }
    if (url.sslcert.empty() != url.sslkey.empty()) {
        bad_url("sslcert and sslkey belong together in the target's URL");
    }
}

std::string first_line_of(const std::string& path) {
    std::ifstream file{path};
    if (!file) {
        base::fail(ExitCode::refused, "cannot read the password file {}: {}", in_quotes(path),
                   std::strerror(errno));
    }
    std::string line;
    if (!std::getline(file, line)) {
        base::fail(ExitCode::refused, "the password file {} is empty", in_quotes(path));
    }
    if (!line.empty() && line.back() == '\r') {
        line.pop_back();
    }
    return line;
}

std::size_t append_answer(char* bytes, std::size_t size, std::size_t count, void* target) {
    static_cast<std::string*>(target)->append(bytes, size * count);
    return size * count;
}

std::size_t read_exception_code(char* bytes, std::size_t size, std::size_t count, void* target) {
    constexpr std::string_view kName = "x-clickhouse-exception-code:";
    std::string_view line{bytes, size * count};
    if (line.size() > kName.size() &&
        std::equal(kName.begin(), kName.end(), line.begin(), [](char a, char b) {
            return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b | 0x20) : b);
        })) {
        line.remove_prefix(kName.size());
        line = line.substr(line.find_first_not_of(' '));
        line = line.substr(0, line.find_first_of("\r\n"));
        *static_cast<int*>(target) = base::parse_integer<int>(line).value_or(0);
    }
    return size * count;
}

} // namespace

struct Http::Handle {
    CURL* curl = nullptr;
    CURLM* multi = nullptr; ///< keeps the connection
    curl_slist* headers = nullptr;
    ~Handle() {
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
        curl_multi_cleanup(multi);
    }

    CURLcode perform() const;
};

/// As curl_easy_perform(), and a signal ends it, wherever the request is. Throws io::Stopped.
CURLcode Http::Handle::perform() const {
    struct Added {
        const Handle& handle;
        explicit Added(const Handle& h) : handle{h} { curl_multi_add_handle(h.multi, h.curl); }
        ~Added() { curl_multi_remove_handle(handle.multi, handle.curl); }
        Added(const Added&) = delete;
        Added& operator=(const Added&) = delete;
    };
    const Added added{*this};
    while (true) {
        int running = 0;
        if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK) {
            base::fail(ExitCode::failed, "libcurl: {}", curl_multi_strerror(code));
        }
        if (running == 0) {
            int left = 0;
            const CURLMsg* message = curl_multi_info_read(multi, &left);
            return message != nullptr ? message->data.result : CURLE_GOT_NOTHING;
        }
        curl_waitfd signal{io::stop_signal::next_wake_fd(), CURL_WAIT_POLLIN, 0};
        const std::int64_t patience = io::stop_signal::patience_ms();
        if (patience == 0) {
            throw io::Stopped{"the target worked on a request"};
        }
        const std::int64_t wait = patience < 0 ? kWaitStepMs : std::min(patience, kWaitStepMs);
        curl_multi_poll(multi, &signal, signal.fd >= 0 ? 1 : 0, static_cast<int>(wait), nullptr);
    }
}

/// The request's body: pieces that stay where they are.
struct Http::Body {
    std::span<const std::string_view> pieces;
    std::size_t piece = 0;
    std::size_t offset = 0;

    static std::size_t read(char* out, std::size_t size, std::size_t count, void* self) {
        Body& body = *static_cast<Body*>(self);
        std::size_t room = size * count;
        std::size_t given = 0;
        while (room > 0 && body.piece < body.pieces.size()) {
            const std::string_view piece = body.pieces[body.piece].substr(body.offset);
            const std::size_t step = std::min(room, piece.size());
            std::memcpy(out + given, piece.data(), step);
            given += step;
            room -= step;
            body.offset += step;
            if (step == piece.size()) {
                ++body.piece;
                body.offset = 0;
            }
        }
        return given;
    }
    static int seek(void* self, curl_off_t offset, int origin) {
        Body& body = *static_cast<Body*>(self);
        if (offset != 0 || origin != SEEK_SET) {
            return CURL_SEEKFUNC_CANTSEEK;
        }
        body.piece = body.offset = 0;
        return CURL_SEEKFUNC_OK;
    }
};

std::string HttpUrl::shown() const {
    return fmt::format("{}://{}@{}:{}/{}", scheme, user, host, port, database);
}

HttpUrl parse_http_url(std::string_view url) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        bad_url("the target is neither chdb:DIR nor a URL with http:// or https://");
    }
    const UrlParts parts{url};
    HttpUrl result;
    result.scheme = parts.get(CURLUPART_SCHEME);
    result.host = parts.get(CURLUPART_HOST);
    if (const std::string zone = parts.get(CURLUPART_ZONEID); !zone.empty()) {
        result.host.insert(result.host.rfind(']'), "%25" + zone);
    }
    if (std::string user = parts.get(CURLUPART_USER, CURLU_URLDECODE); !user.empty()) {
        result.user = std::move(user);
    }
    result.password = parts.get(CURLUPART_PASSWORD, CURLU_URLDECODE);
    result.port = result.scheme == "https" ? 8443 : 8123;
    if (const std::string text = parts.get(CURLUPART_PORT); !text.empty()) {
        result.port = base::parse_integer<int>(text).value_or(0);
        if (result.port < 1) {
            bad_port();
        }
    }
    if (url.find('#') != std::string_view::npos) {
        bad_url("the target's URL has a '#'");
    }
    std::string path = parts.get(CURLUPART_PATH);
    while (!path.empty() && path.back() == '/') {
        path.pop_back();
    }
    if (path.find('/', 1) != std::string::npos) {
        bad_url("the target's URL names more than a database behind the host");
    }
    if (!path.empty()) {
        result.database = decode_percent(path.substr(1));
    }
    parse_parameters(parts.get(CURLUPART_QUERY), result);
    return result;
}

Http::Http(HttpUrl url, const TransportOptions& options)
    : m_url{std::move(url)}, m_name{m_url.shown()}, m_timeout_ms{options.request_timeout_ms},
      m_handle{std::make_unique<Handle>()}, m_error{new char[CURL_ERROR_SIZE]()} {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    m_handle->curl = curl_easy_init();
    m_handle->multi = curl_multi_init();
    if (m_handle->curl == nullptr || m_handle->multi == nullptr) {
        base::fail(ExitCode::failed, "cannot set up libcurl");
    }
    if (!m_url.passfile.empty()) {
        m_url.password = first_line_of(m_url.passfile);
    }
    set_headers();
}

Http::~Http() = default;

void Http::set_headers() {
    curl_slist_free_all(std::exchange(m_handle->headers, nullptr));
    // "Expect: 100-continue" costs a round trip, and some proxies never answer it.
    for (const std::string& header : {std::string{"Expect:"}, "X-ClickHouse-User: " + m_url.user,
                                      "X-ClickHouse-Key: " + m_url.password}) {
        if (!header.ends_with(": ")) {
            m_handle->headers = curl_slist_append(m_handle->headers, header.c_str());
        }
    }
}

bool Http::read_password_again() {
    std::string password = first_line_of(m_url.passfile);
    if (password == m_url.password) {
        return false;
    }
    m_url.password = std::move(password);
    set_headers();
    return true;
}

std::string Http::request(std::string_view sql, std::string_view format,
                          std::span<const std::string_view> rows, bool has_rows) {
    while (true) {
        try {
            std::string answer = send(sql, format, rows, has_rows);
            m_let_in = true;
            return answer;
        } catch (const ServerError& error) {
            if (m_url.passfile.empty() || !is_wrong_password(error.server_code())) {
                throw;
            }
            if (read_password_again()) {
                continue;
            }
            throw ServerError{m_let_in ? ExitCode::failed : ExitCode::refused, error.what(),
                              error.hint(), error.server_code(), m_let_in};
        }
    }
}

std::string Http::send(std::string_view sql, std::string_view format,
                       std::span<const std::string_view> rows, bool has_rows) {
    CURL* curl = m_handle->curl;
    curl_easy_reset(curl);
    std::string url = fmt::format("{}://{}:{}/?database={}{}", m_url.scheme, m_url.host, m_url.port,
                                  encode_percent(m_url.database),
                                  sql == "SELECT version()" ? kSettingsOfOldServers : kSettings);
    if (!format.empty()) {
        url += "&default_format=" + std::string{format};
    }
    Body body{{&sql, 1}};
    curl_off_t size = static_cast<curl_off_t>(sql.size());
    if (has_rows) {
        url += "&query=" + encode_percent(sql);
        body = Body{rows};
        size = 0;
        for (const std::string_view piece : rows) {
            size += static_cast<curl_off_t>(piece.size());
        }
    }
    std::string answer;
    int code = 0;
    m_error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, size);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, Body::read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &body);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, Body::seek);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, &body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, m_handle->headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, read_exception_code);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &code);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, m_error.get());
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(m_timeout_ms));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); // not waiting for a resolver that is stuck
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 20);
    curl_easy_setopt(curl, CURLOPT_USERAGENT,
                     fmt::format("cdc-toolkit/{}", base::version()).c_str());
    const std::pair<CURLoption, const std::string*> files[] = {{CURLOPT_CAINFO, &m_url.sslrootcert},
                                                               {CURLOPT_SSLCERT, &m_url.sslcert},
                                                               {CURLOPT_SSLKEY, &m_url.sslkey}};
    for (const auto& [option, file] : files) {
        if (!file->empty()) {
            curl_easy_setopt(curl, option, file->c_str());
        }
    }
    const CURLcode result = m_handle->perform();
    if (result != CURLE_OK) {
        const bool forever = result == CURLE_UNSUPPORTED_PROTOCOL ||
                             result == CURLE_PEER_FAILED_VERIFICATION ||
                             result == CURLE_SSL_CACERT_BADFILE || result == CURLE_SSL_CERTPROBLEM;
        throw ServerError{
            forever ? ExitCode::refused : ExitCode::failed,
            fmt::format("cannot reach {}: {}", in_quotes(m_name),
                        m_error[0] != '\0' ? m_error.get() : curl_easy_strerror(result)),
            "", 0, !forever};
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    // An exception after the first bytes of an answer comes inside the body, under status 200.
    const bool inside = has_rows && answer.find("DB::Exception") != std::string::npos;
    if (inside) {
        answer.erase(0, std::min(answer.find("Code: "), answer.find("DB::Exception")));
    }
    if (status != 200 || code != 0 || inside) {
        const bool named = code != 0 || exception_code(answer) != 0;
        const std::string words =
            named ? answer
                  : fmt::format("HTTP status {}{}{}", status, answer.empty() ? "" : ": ", answer);
        throw server_error(
            fmt::format("{} refuses {}", in_quotes(m_name), in_quotes(sql.substr(0, 100))), words,
            code != 0 ? code : exception_code(answer), status);
    }
    return answer;
}

void Http::execute(std::string_view sql) {
    request(sql, "", {}, false);
}

std::string Http::query(std::string_view sql, std::string_view format) {
    return request(sql, format, {}, false);
}

void Http::insert(std::string_view into, std::string_view format,
                  std::span<const std::string_view> rows) {
    request(fmt::format("{} FORMAT {}", into, format), "", rows, true);
}

} // namespace cdc::clickhouse
