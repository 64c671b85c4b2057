#include "http/client.hpp"

#include "base/version.hpp"
#include "io/stop_signal.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace cdc::http {

using base::ExitCode;

namespace {

constexpr long kConnectTimeoutMs = 10'000;
constexpr std::int64_t kWaitStepMs = 1000;

std::size_t append_bytes(char* bytes, std::size_t size, std::size_t count, void* target) {
    static_cast<std::string*>(target)->append(bytes, size * count);
    return size * count;
}

/// The request's body: pieces that stay where they are.
struct Body {
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
    curl_off_t size() const {
        curl_off_t sum = 0;
        for (const std::string_view part : pieces) {
            sum += static_cast<curl_off_t>(part.size());
        }
        return sum;
    }
};

/// For curl, as long as it lives.
class HeaderList {
public:
    explicit HeaderList(const std::vector<std::string>& headers) {
        // "Expect: 100-continue" costs a round trip, and some proxies never answer it.
        m_list = curl_slist_append(nullptr, "Expect:");
        for (const std::string& header : headers) {
            m_list = curl_slist_append(m_list, header.c_str());
        }
    }
    ~HeaderList() { curl_slist_free_all(m_list); }
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    curl_slist* get() const { return m_list; }

private:
    curl_slist* m_list = nullptr;
};

} // namespace

std::string_view Answer::header(std::string_view name) const {
    std::string_view found;
    for (std::string_view rest = headers; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t colon = line.find(':');
        if (colon != name.size() ||
            !std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
                return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b | 0x20) : b);
            })) {
            continue;
        }
        found = line.substr(colon + 1);
        found.remove_prefix(std::min(found.find_first_not_of(' '), found.size()));
        found = found.substr(0, found.find('\r'));
    }
    return found;
}

struct Client::Handle {
    CURL* curl = nullptr;
    CURLM* multi = nullptr; ///< keeps the connection
    char error[CURL_ERROR_SIZE] = "";

    Handle() = default;
    ~Handle() {
        curl_easy_cleanup(curl);
        curl_multi_cleanup(multi);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    CURLcode perform(const std::string& doing) const;
};

/// As curl_easy_perform(), and a signal ends it, wherever the request is. Throws io::Stopped.
CURLcode Client::Handle::perform(const std::string& doing) const {
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
            throw io::Stopped{doing};
        }
        const std::int64_t wait = patience < 0 ? kWaitStepMs : std::min(patience, kWaitStepMs);
        curl_multi_poll(multi, &signal, signal.fd >= 0 ? 1 : 0, static_cast<int>(wait), nullptr);
    }
}

Client::Client(ClientOptions options)
    : m_options{std::move(options)}, m_handle{std::make_unique<Handle>()} {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    m_handle->curl = curl_easy_init();
    m_handle->multi = curl_multi_init();
    if (m_handle->curl == nullptr || m_handle->multi == nullptr) {
        base::fail(ExitCode::failed, "cannot set up libcurl");
    }
}

Client::~Client() = default;

Answer Client::send(const Request& request, const Url& tls) {
    CURL* curl = m_handle->curl;
    curl_easy_reset(curl);
    Answer answer;
    Body body{request.body};
    const HeaderList headers{request.headers};
    m_handle->error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    if (request.method != "GET") {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, body.size());
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, Body::read);
        curl_easy_setopt(curl, CURLOPT_READDATA, &body);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, Body::seek);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, &body);
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 20);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, append_bytes);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, m_handle->error);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(m_options.timeout_ms));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); // not waiting for a resolver that is stuck
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT,
                     fmt::format("cdc-toolkit/{}", base::version()).c_str());
    const std::pair<CURLoption, const std::string*> files[] = {{CURLOPT_CAINFO, &tls.sslrootcert},
                                                               {CURLOPT_SSLCERT, &tls.sslcert},
                                                               {CURLOPT_SSLKEY, &tls.sslkey}};
    for (const auto& [option, file] : files) {
        if (!file->empty()) {
            curl_easy_setopt(curl, option, file->c_str());
        }
    }
    const CURLcode result = m_handle->perform(m_options.doing);
    if (result != CURLE_OK) {
        const bool forever = result == CURLE_UNSUPPORTED_PROTOCOL ||
                             result == CURLE_PEER_FAILED_VERIFICATION ||
                             result == CURLE_SSL_CACERT_BADFILE || result == CURLE_SSL_CERTPROBLEM;
        throw Unreachable{m_handle->error[0] != '\0' ? m_handle->error : curl_easy_strerror(result),
                          forever};
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

} // namespace cdc::http
