#include "registry/client.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/backoff.hpp"
#include "io/stop_signal.hpp"
#include "registry/answer.hpp"
#include "registry/references.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

namespace cdc::registry {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using Json = nlohmann::json;

namespace {

constexpr const char* kDoing = "the schema registry worked on a request";
constexpr std::int64_t kLogEveryMs = 10'000;

// Of the registry's answers; texts differ between implementations.
constexpr int kNoSubject = 40401;
constexpr int kNoVersion = 40402;
constexpr int kNoSchema = 40403;

const http::UrlSubject& subject() {
    static const http::UrlSubject kSubject{
        "--registry",
        "the registry's URL",
        "Give http(s)://user@host:8081?passfile=FILE, several with commas between them.",
        {"passfile", "tokenfile", "sslrootcert", "sslcert", "sslkey"}};
    return kSubject;
}

const char* type_name(Format format) {
    switch (format) {
    case Format::avro:
        return "AVRO";
    case Format::json:
        return "JSON";
    case Format::protobuf:
        return "PROTOBUF";
    }
    return "";
}

std::string schema_body(const Schema& schema) {
    return Json{{"schema", schema.text}, {"schemaType", type_name(schema.format)}}.dump();
}

std::string base_of(const http::Url& url) {
    return fmt::format("{}://{}{}{}", url.scheme, url.host,
                       url.port == 0 ? "" : ":" + std::to_string(url.port), url.path);
}

std::string subject_path(const std::string& name) {
    return "/subjects/" + http::encode_percent(name);
}

/// A record has four bytes for it.
std::optional<int> id_member(const std::string& text) {
    const Json answer = Json::parse(text, nullptr, false);
    const auto id = answer.is_object() ? answer.find("id") : answer.end();
    if (!answer.is_object() || id == answer.end() || !id->is_number_unsigned() ||
        id->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
        return std::nullopt;
    }
    return id->get<int>();
}

} // namespace

std::string subject_of(Strategy strategy, const std::string& topic, bool is_key,
                       const std::string& record) {
    switch (strategy) {
    case Strategy::topic:
        return topic + (is_key ? "-key" : "-value");
    case Strategy::record:
        return record;
    case Strategy::topic_record:
        return topic + "-" + record;
    }
    return {};
}

std::vector<http::Url> parse_urls(const std::string& text) {
    std::vector<http::Url> urls;
    for (std::size_t at = 0; at <= text.size();) {
        const auto comma = std::min(text.find(',', at), text.size());
        const std::string_view one = std::string_view{text}.substr(at, comma - at);
        if (!one.starts_with("http://") && !one.starts_with("https://")) {
            subject().fail("the registry is no URL with http:// or https://");
        }
        urls.push_back(http::parse_url(one, subject()));
        http::Url& url = urls.back();
        if (url.user.empty() && url.tokenfile.empty()) {
            url.user = urls.front().user;
            url.password = urls.front().password;
            url.passfile = urls.front().passfile;
            url.tokenfile = urls.front().tokenfile;
        }
        if (!url.user.empty() && !url.tokenfile.empty()) {
            subject().fail("the registry's URL has a user and a tokenfile");
        }
        at = comma + 1;
    }
    return urls;
}

Client::Client(ClientOptions options)
    : m_options{std::move(options)}, m_client{{m_options.request_timeout_ms, kDoing}} {}

std::string Client::shown() const {
    return base_of(m_options.urls[m_server]);
}

/// The files are read for each question, so that they may be changed meanwhile.
std::vector<std::string> Client::login(const http::Url& url) const {
    if (!url.tokenfile.empty()) {
        return {"Authorization: Bearer " + http::first_line_of(url.tokenfile, "token file")};
    }
    if (url.user.empty()) {
        return {};
    }
    const std::string password =
        url.passfile.empty() ? url.password : http::first_line_of(url.passfile, "password file");
    std::string header = "Authorization: Basic ";
    base::append_base64(header, url.user + ":" + password);
    return {std::move(header)};
}

/// Nothing where another try may help.
std::optional<Client::Reply> Client::ask_one(const http::Url& url, const std::string& method,
                                             const std::string& path, const std::string& body) {
    http::Request request;
    request.method = method;
    request.url = base_of(url) + path;
    request.headers = login(url);
    request.headers.emplace_back(
        "Accept: application/vnd.schemaregistry.v1+json, application/json");
    request.headers.emplace_back("Content-Type: application/vnd.schemaregistry.v1+json");
    const std::string_view piece{body};
    request.body = {&piece, 1};
    http::Answer answer;
    try {
        answer = m_client.send(request, url);
    } catch (const http::Unreachable& error) {
        if (error.forever()) {
            base::fail(error.code(), "cannot reach the schema registry {}: {}",
                       in_quotes(base_of(url)), error.what());
        }
        m_trouble = error.what();
        return std::nullopt;
    }
    Reply reply{answer.status, 0, std::move(answer.body)};
    if (reply.status >= 200 && reply.status < 300) {
        return reply;
    }
    const Json json = Json::parse(reply.text, nullptr, false);
    if (json.is_object() && json.contains("error_code") && json["error_code"].is_number_integer()) {
        reply.error_code = json["error_code"].get<int>();
    }
    if (std::string message = text_member(json, "message"); !message.empty()) {
        reply.text = std::move(message);
    }
    if (reply.status >= 500 || reply.status == 429 || reply.status == 408) {
        m_trouble = fmt::format("HTTP status {}: {}", reply.status, in_quotes(reply.text));
        return std::nullopt;
    }
    return reply;
}

Client::Reply Client::ask(const std::string& method, const std::string& path,
                          const std::string& body) {
    const std::int64_t started = base::steady_ms();
    std::int64_t logged = started - kLogEveryMs;
    io::Backoff backoff;
    while (true) {
        for (std::size_t tries = 0; tries < m_options.urls.size(); ++tries) {
            if (auto reply = ask_one(m_options.urls[m_server], method, path, body)) {
                if (logged >= started) {
                    base::log::info("the schema registry answers again");
                }
                return std::move(*reply);
            }
            m_server = (m_server + 1) % m_options.urls.size();
        }
        const std::int64_t now = base::steady_ms();
        if (now - started >= m_options.patience_ms) {
            base::fail(ExitCode::failed, "no answer of the schema registry {} for {} s: {}",
                       in_quotes(shown()), (now - started) / 1000, m_trouble);
        }
        if (now - logged >= kLogEveryMs) {
            base::log::warning("the schema registry {} does not answer: {}", in_quotes(shown()),
                               m_trouble);
            logged = now;
        }
        const std::int64_t left = m_options.patience_ms - (now - started);
        if (!io::sleep_ms(std::min(backoff.next_ms(), left))) {
            throw io::Stopped{"the schema registry did not answer"};
        }
    }
}

void Client::refuse(const Reply& reply, const std::string& doing) const {
    std::string hint;
    if (reply.status == 401 || reply.status == 403) {
        hint = "Give a login that may: http://user@host:port?passfile=FILE, or ?tokenfile=FILE";
    } else if (reply.status == 404) {
        hint = "Is this the whole URL? Some registries have a path, such as /apis/ccompat/v7";
    }
    throw Error{ExitCode::refused,
                fmt::format("the schema registry {} refuses {}: HTTP status {}: {}",
                            in_quotes(shown()), doing, reply.status, in_quotes(reply.text, 500)),
                hint};
}

std::optional<int> Client::id_of(const std::string& name, const Schema& schema) {
    const std::string cached = name + '\0' + type_name(schema.format) + schema.text;
    if (const auto found = m_ids.find(cached); found != m_ids.end()) {
        return found->second;
    }
    const Reply reply = ask("POST", subject_path(name), schema_body(schema));
    if (reply.error_code == kNoSubject || reply.error_code == kNoSchema) {
        return std::nullopt;
    }
    const std::optional<int> id = reply.status < 300 ? id_member(reply.text) : std::nullopt;
    if (!id) {
        refuse(reply, "a question for a schema under subject " + in_quotes(name));
    }
    m_ids[cached] = *id;
    return id;
}

int Client::add(const std::string& name, const Schema& schema) {
    const Reply reply = ask("POST", subject_path(name) + "/versions", schema_body(schema));
    const std::optional<int> id = reply.status < 300 ? id_member(reply.text) : std::nullopt;
    if (!id) {
        refuse(reply, "a schema under subject " + in_quotes(name));
    }
    m_ids[name + '\0' + type_name(schema.format) + schema.text] = *id;
    return *id;
}

std::vector<std::string> Client::objections(const std::string& name, const Schema& schema) {
    const Reply reply = ask("POST",
                            "/compatibility/subjects/" + http::encode_percent(name) +
                                "/versions/latest?verbose=true",
                            schema_body(schema));
    if (reply.error_code == kNoSubject || reply.error_code == kNoVersion) {
        return {};
    }
    const Json answer = Json::parse(reply.text, nullptr, false);
    if (reply.status >= 300 || !answer.is_object() || !answer.contains("is_compatible")) {
        refuse(reply, "a question whether a schema fits subject " + in_quotes(name));
    }
    std::vector<std::string> words;
    if (answer["is_compatible"] == Json(false)) {
        for (const Json& message : answer.value("messages", Json::array())) {
            words.push_back(message.is_string() ? message.get<std::string>() : message.dump());
        }
        if (words.empty()) { // not of Confluent's
            const std::string reason = text_member(answer, "reason");
            words.push_back(reason.empty() ? "it gives no reason" : reason);
        }
    }
    return words;
}

/// One that was deleted is asked for too: what refers to it is still read.
std::optional<std::string> Client::version(const std::string& subject, const std::string& number) {
    const auto key = std::pair{subject, number};
    if (const auto found = m_versions.find(key); found != m_versions.end()) {
        return found->second;
    }
    const Reply reply =
        ask("GET", subject_path(subject) + "/versions/" + number + "?deleted=true", "");
    if (reply.error_code == kNoSubject || reply.error_code == kNoVersion) {
        return std::nullopt;
    }
    if (reply.status >= 300) {
        refuse(reply,
               fmt::format("a question for version {} of subject {}", number, in_quotes(subject)));
    }
    return m_versions.emplace(key, reply.text).first->second;
}

std::optional<Schema> Client::by_id(std::uint32_t id) {
    const Reply reply = ask("GET", "/schemas/ids/" + std::to_string(id), "");
    if (reply.error_code == kNoSchema || reply.error_code == kNoSubject) {
        return std::nullopt;
    }
    return parse_schema(reply, fmt::format("schema id {}", id));
}

std::optional<Schema> Client::by_guid(const std::string& guid) {
    const Reply reply = ask("GET", "/schemas/guids/" + guid, "");
    if (reply.error_code == kNoSchema) {
        return std::nullopt;
    }
    if (reply.status == 404) {
        throw Error{ExitCode::refused,
                    fmt::format("the schema registry {} has no look-up by GUID, and a record "
                                "belongs to schema {}: HTTP status 404: {}",
                                in_quotes(shown()), guid, in_quotes(reply.text, 500)),
                    "Confluent's has it from version 8 on"};
    }
    return parse_schema(reply, "schema " + guid);
}

/// `what` names it in messages.
Schema Client::parse_schema(const Reply& reply, const std::string& what) {
    const Json answer = Json::parse(reply.text, nullptr, false);
    const std::string text = text_member(answer, "schema");
    if (reply.status >= 300 || text.empty()) {
        refuse(reply, "a question for " + what);
    }
    const std::string type = text_member(answer, "schemaType");
    for (const Format format : {Format::avro, Format::json, Format::protobuf}) {
        if (type == type_name(format) || (type.empty() && format == Format::avro)) {
            Schema schema{format, text};
            if (format != Format::json) {
                schema.references = gather_references(
                    reply.text, what,
                    [this](const std::string& subject, const std::string& number) {
                        return version(subject, number);
                    });
            }
            return schema;
        }
    }
    base::fail(ExitCode::bad_data, "{} is of type {}, which is not read", what, in_quotes(type));
}

} // namespace cdc::registry
