#ifndef CDC_REGISTRY_REFERENCES_HPP
#define CDC_REGISTRY_REFERENCES_HPP

#include "record/named_schema.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::registry {

/// The registry's answer about a version of a subject ("latest" is one); nothing where it has none.
using AskVersion = std::function<std::optional<std::string>(const std::string& subject,
                                                            const std::string& version)>;

/// All schemas that the one of the registry's answer refers to, and those that they refer to. Of
/// several with one name the first counts, as in Confluent's clients, by whose rule the record was
/// written. `of` names the schema in messages. Throws Error (bad_data) for a version that is not
/// there, and for schemas that refer to themselves.
std::vector<record::NamedSchema> gather_references(std::string_view answer, const std::string& of,
                                                   const AskVersion& ask);

} // namespace cdc::registry

#endif
