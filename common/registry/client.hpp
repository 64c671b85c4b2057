#ifndef CDC_REGISTRY_CLIENT_HPP
#define CDC_REGISTRY_CLIENT_HPP

#include "http/client.hpp"
#include "record/framing.hpp"
#include "record/named_schema.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::registry {

using record::Format;

struct Schema {
    Format format = Format::avro;
    std::string text;
    /// What the text refers to: with Client::by_id(), and not of JSON schemas, whose records are
    /// read without.
    std::vector<record::NamedSchema> references = {};
};

/// Which subject a schema is registered under.
enum class Strategy {
    topic,        ///< TOPIC-key, TOPIC-value
    record,       ///< the full name of the record
    topic_record, ///< TOPIC-NAME
};

std::string subject_of(Strategy strategy, const std::string& topic, bool is_key,
                       const std::string& record);

/// Parses "URL,URL…": the login stands in each, or in the first for all. Throws Error (usage) that
/// does not repeat a password.
std::vector<http::Url> parse_urls(const std::string& text);

struct ClientOptions {
    std::vector<http::Url> urls;
    std::int64_t request_timeout_ms = 10'000;
    std::int64_t patience_ms = 60'000; ///< of one question with all its repeats
};

/// A schema registry by the REST interface of Confluent's, which others speak too. Several servers
/// are tried in turn, those that are out of reach, busy (429) or broken (5xx) again and again with
/// pauses; then Error (failed). All functions throw Error: `refused` for what no repeat helps.
class Client {
public:
    explicit Client(ClientOptions options);

    /// Of a schema that is registered under the subject; nothing where it is not. What was found
    /// once is not asked again.
    std::optional<int> id_of(const std::string& subject, const Schema& schema);
    /// Registers it; Error (refused) with the registry's words where it does not want it.
    int add(const std::string& subject, const Schema& schema);
    /// What forbids it as the subject's next version, in the registry's words; empty: nothing.
    std::vector<std::string> objections(const std::string& subject, const Schema& schema);
    /// With all that it refers to, each version of a subject asked for once. Nothing where no
    /// schema has the id. Throws Error (bad_data) for one of a kind that is not read here, and
    /// where what it refers to is not there.
    std::optional<Schema> by_id(std::uint32_t id);
    /// The same by the GUID's text. Error (refused) where the registry has no look-up by GUID.
    std::optional<Schema> by_guid(const std::string& guid);

private:
    struct Reply {
        long status = 0;
        int error_code = 0;
        std::string text; ///< the body, or the registry's message
    };
    Reply ask(const std::string& method, const std::string& path, const std::string& body);
    std::optional<Reply> ask_one(const http::Url& url, const std::string& method,
                                 const std::string& path, const std::string& body);
    Schema parse_schema(const Reply& reply, const std::string& what);
    std::optional<std::string> version(const std::string& subject, const std::string& version);
    [[noreturn]] void refuse(const Reply& reply, const std::string& doing) const;
    std::vector<std::string> login(const http::Url& url) const;
    std::string shown() const;

    ClientOptions m_options;
    http::Client m_client;
    std::size_t m_server = 0; ///< the one that answered last
    std::string m_trouble;    ///< why the last one did not
    std::map<std::string, int> m_ids;
    std::map<std::pair<std::string, std::string>, std::string> m_versions; ///< answers
};

} // namespace cdc::registry

#endif
