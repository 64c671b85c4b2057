#include "clickhouse/http.hpp"

#include "base/numbers.hpp"
#include "clickhouse/retry.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cdc::clickhouse {

using base::ExitCode;
using base::in_quotes;

namespace {

/// What is depended on is said with every request: defaults differ between versions and profiles.
/// A limit of the user's profile is an error, and never an answer that is cut.
constexpr std::string_view kSettings =
    "&wait_end_of_query=1&async_insert=0&insert_deduplicate=0&max_query_size=67108864"
    "&max_execution_time=0&result_overflow_mode=throw&read_overflow_mode=throw"
    "&read_overflow_mode_leaf=throw&group_by_overflow_mode=throw&sort_overflow_mode=throw"
    "&set_overflow_mode=throw&distinct_overflow_mode=throw&join_overflow_mode=throw"
    "&transfer_overflow_mode=throw&skip_unavailable_shards=0&limit=0&offset=0&extremes=0&final=0"
    "&use_query_cache=0&aggregate_functions_null_for_empty=0&data_type_default_nullable=0"
    "&empty_result_for_aggregation_by_empty_set=0&additional_result_filter="
    "&additional_table_filters=%7B%7D&join_default_strictness=ALL&join_use_nulls=0"
    "&transform_null_in=0&cast_keep_nullable=0&optimize_move_to_prewhere_if_final=0"
    "&do_not_merge_across_partitions_select_final=0&parallel_distributed_insert_select=0"
    "&distributed_ddl_output_mode=throw&send_progress_in_http_headers=0"
    "&format_tsv_null_representation=%5CN&date_time_output_format=simple"
    "&output_format_decimal_trailing_zeros=0"
    "&output_format_tsv_crlf_end_of_line=0&input_format_with_names_use_header=1"
    "&input_format_with_types_use_header=1&max_partitions_per_insert_block=0";
/// Of these, each as the oldest servers do not know it.
struct NewSetting {
    std::string_view name;
    std::string_view value;
};
constexpr NewSetting kNewSettings[] = {
    {"date_time_overflow_behavior", "throw"},
    {"input_format_binary_decode_types_in_binary_format", "0"},
    {"output_format_binary_encode_types_in_binary_format", "0"},
};
constexpr std::string_view kSettingsOfOldServers = "&wait_end_of_query=1";
constexpr std::string_view kVersion = "SELECT version()";
constexpr int kUnknownSetting = 115;
constexpr long kNoServer = 503;

const http::UrlSubject& subject() {
    static const http::UrlSubject kSubject{
        "--target",
        "the target's URL",
        "Give chdb:DIR or http(s)://user:password@host:8123/database.",
        {"passfile", "sslrootcert", "sslcert", "sslkey"}};
    return kSubject;
}

constexpr const char* kPasswordFile = "password file";

/// All answers of ClickHouse have one that begins so.
bool has_own_header(std::string_view headers) {
    constexpr std::string_view kStart = "\nx-clickhouse-";
    return std::search(headers.begin(), headers.end(), kStart.begin(), kStart.end(),
                       [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; }) !=
           headers.end();
}

} // namespace

std::string HttpUrl::shown() const {
    return fmt::format("{}://{}@{}:{}/{}", scheme, user, host, port, database);
}

HttpUrl parse_http_url(std::string_view url) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        subject().fail("the target is neither chdb:DIR nor a URL with http:// or https://");
    }
    HttpUrl result{http::parse_url(url, subject())};
    if (result.user.empty()) {
        result.user = "default";
    }
    if (result.port == 0) {
        result.port = result.scheme == "https" ? 8443 : 8123;
    }
    if (result.path.find('/', 1) != std::string::npos) {
        subject().fail("the target's URL names more than a database behind the host");
    }
    if (!result.path.empty()) {
        result.database = http::decode_percent(result.path.substr(1));
    }
    return result;
}

Http::Http(HttpUrl url, const TransportOptions& options)
    : m_url{std::move(url)}, m_name{m_url.shown()}, m_options{options},
      m_client{{options.request_timeout_ms, "the target worked on a request"}} {
    if (!m_url.passfile.empty()) {
        m_url.password = http::first_line_of(m_url.passfile, kPasswordFile);
    }
}

std::unique_ptr<Transport> Http::another() {
    auto other = std::make_unique<Http>(m_url, m_options);
    other->m_let_in = m_let_in;
    other->m_unknown = m_unknown;
    other->m_has_own_headers = m_has_own_headers;
    return other;
}

bool Http::read_password_again() {
    std::string password = http::first_line_of(m_url.passfile, kPasswordFile);
    if (password == m_url.password) {
        return false;
    }
    m_url.password = std::move(password);
    return true;
}

std::string Http::request(std::string_view sql, std::string_view format,
                          std::span<const std::string_view> rows, bool has_rows) {
    std::string_view settings = kSettings;
    while (true) {
        const unsigned left_out = *m_unknown;
        try {
            std::string answer = send(settings, sql, format, rows, has_rows);
            *m_let_in = true;
            return answer;
        } catch (const ServerError& error) {
            if (error.server_code() == kUnknownSetting && leave_out(left_out, error.what())) {
                continue;
            }
            if (error.server_code() == kUnknownSetting && sql == kVersion &&
                settings == kSettings) {
                settings = kSettingsOfOldServers;
                continue;
            }
            if (m_url.passfile.empty() || !is_wrong_password(error.server_code())) {
                throw;
            }
            if (read_password_again()) {
                continue;
            }
            const bool let_in = *m_let_in;
            throw ServerError{let_in ? ExitCode::failed : ExitCode::refused, error.what(),
                              error.hint(), error.server_code(), let_in};
        }
    }
}

bool Http::leave_out(unsigned left_out, std::string_view refusal) {
    for (std::size_t i = 0; i < std::size(kNewSettings); ++i) {
        if ((left_out >> i & 1U) == 0 && refusal.find(kNewSettings[i].name) != refusal.npos) {
            *m_unknown |= 1U << i;
            return true;
        }
    }
    return false;
}

std::string Http::send(std::string_view settings, std::string_view sql, std::string_view format,
                       std::span<const std::string_view> rows, bool has_rows) {
    http::Request request;
    request.method = "POST";
    request.url = fmt::format("{}://{}:{}/?database={}{}", m_url.scheme, m_url.host, m_url.port,
                              http::encode_percent(m_url.database), settings);
    for (std::size_t i = 0; i < std::size(kNewSettings) && settings == kSettings; ++i) {
        if ((*m_unknown >> i & 1U) == 0) {
            request.url += fmt::format("&{}={}", kNewSettings[i].name, kNewSettings[i].value);
        }
    }
    if (!format.empty()) {
        request.url += "&default_format=" + std::string{format};
    }
    request.body = {&sql, 1};
    if (has_rows) {
        request.url += "&query=" + http::encode_percent(sql);
        request.body = rows;
    }
    request.headers.push_back("X-ClickHouse-User: " + m_url.user);
    if (!m_url.password.empty()) {
        request.headers.push_back("X-ClickHouse-Key: " + m_url.password);
    }
    http::Answer answer;
    try {
        answer = m_client.send(request, m_url);
    } catch (const http::Unreachable& error) {
        throw ServerError{error.code(),
                          fmt::format("cannot reach {}: {}", in_quotes(m_name), error.what()), "",
                          0, !error.forever()};
    }
    const int code =
        base::parse_integer<int>(answer.header("x-clickhouse-exception-code")).value_or(0);
    // An exception after the first bytes of an answer comes inside the body, under status 200.
    std::string& text = answer.body;
    const bool inside = has_rows && text.find("DB::Exception") != std::string::npos;
    if (inside) {
        text.erase(0, std::min(text.find("Code: "), text.find("DB::Exception")));
    }
    if (answer.status != 200 || code != 0 || inside) {
        const bool named = code != 0 || exception_code(text) != 0;
        const std::string words = named ? text
                                        : fmt::format("HTTP status {}{}{}", answer.status,
                                                      text.empty() ? "" : ": ", text);
        throw server_error(
            fmt::format("{} refuses {}", in_quotes(m_name), in_quotes(sql.substr(0, 100))), words,
            code != 0 ? code : exception_code(text), answer.status);
    }
    // A proxy that has no server at hand may say so under status 200.
    const bool own = has_own_header(answer.headers);
    if (own) {
        *m_has_own_headers = true;
    }
    if ((has_rows && !text.empty()) || (*m_has_own_headers && !own)) {
        throw server_error(
            fmt::format("{} answers {}", in_quotes(m_name), in_quotes(sql.substr(0, 100))),
            fmt::format("HTTP status 200, and not as ClickHouse does: {}",
                        in_quotes(std::string_view{text}.substr(0, 100))),
            0, kNoServer);
    }
    return std::move(text);
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
