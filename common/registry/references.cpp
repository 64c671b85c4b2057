#include "registry/references.hpp"

#include "base/error.hpp"
#include "registry/answer.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace cdc::registry {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using Json = nlohmann::json;

namespace {

constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kMostReferences = 10'000;

class Gathering {
public:
    Gathering(std::string of, const AskVersion& ask) : m_of{std::move(of)}, m_ask{ask} {}

    void add(const Json& answer) {
        const auto found = answer.is_object() ? answer.find("references") : answer.end();
        if (!answer.is_object() || found == answer.end() || !found->is_array()) {
            return;
        }
        for (const Json& one : *found) {
            add_reference(one);
        }
    }
    std::vector<record::NamedSchema> take() { return std::move(m_found); }

private:
    void add_reference(const Json& reference) {
        const std::string name = text_member(reference, "name");
        const std::string subject = text_member(reference, "subject");
        const auto number = reference.is_object() ? reference.find("version") : reference.end();
        if (name.empty() || subject.empty() || number == reference.end() ||
            !number->is_number_integer()) {
            fail(ExitCode::bad_data, "{} has a reference without name, subject or version: {}",
                 m_of, in_quotes(reference.dump()));
        }
        if (std::find(m_path.begin(), m_path.end(), name) != m_path.end()) {
            m_path.push_back(name);
            fail(ExitCode::bad_data, "{} has references that lead to themselves: {}", m_of,
                 in_quotes(fmt::format("{}", fmt::join(m_path, " → "))));
        }
        if (!m_names.insert(name).second) {
            return;
        }
        if (m_path.size() >= kMostDepth || m_names.size() > kMostReferences) {
            fail(ExitCode::bad_data, "{} has more than {} references, or more than {} deep", m_of,
                 kMostReferences, kMostDepth);
        }
        const std::string version = *number == Json(-1) ? "latest" : number->dump();
        const auto text = m_ask(subject, version);
        if (!text) {
            fail(ExitCode::bad_data,
                 "{} refers to {}, version {} of subject {}, which is not in the registry", m_of,
                 in_quotes(name), version, in_quotes(subject));
        }
        const Json answer = Json::parse(*text, nullptr, false);
        m_path.push_back(name);
        add(answer);
        m_path.pop_back();
        m_found.push_back({name, text_member(answer, "schema")});
    }

    std::string m_of;
    const AskVersion& m_ask;
    std::vector<record::NamedSchema> m_found;
    std::set<std::string> m_names;
    std::vector<std::string> m_path;
};

} // namespace

std::vector<record::NamedSchema> gather_references(std::string_view answer, const std::string& of,
                                                   const AskVersion& ask) {
    Gathering gathering{of, ask};
    gathering.add(Json::parse(answer, nullptr, false));
    return gathering.take();
}

} // namespace cdc::registry
