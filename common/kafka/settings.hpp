#ifndef CDC_KAFKA_SETTINGS_HPP
#define CDC_KAFKA_SETTINGS_HPP

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cdc::kafka {

/// librdkafka properties as the user gave them, by name; a later one replaces an earlier one.
class Settings {
public:
    void set(const std::string& name, const std::string& value) { m_values[name] = value; }
    /// Only where the user said nothing.
    void set_default(const std::string& name, const std::string& value) {
        m_values.emplace(name, value);
    }
    /// The same, for a property that older libraries do not have.
    void set_default_where_known(const std::string& name, const std::string& value);
    /// Of how soon the client connects, at first and again.
    void set_connect_defaults();
    /// "name=value". Throws Error (usage).
    void parse(const std::string& assignment);
    /// A properties file: `name=value` lines, `#` comments. Throws Error (usage).
    void read_file(const std::string& path);

    bool has(const std::string& name) const { return m_values.count(name) > 0; }
    std::string get(const std::string& name) const;
    const std::map<std::string, std::string>& values() const noexcept { return m_values; }

private:
    std::map<std::string, std::string> m_values;
};

/// librdkafka's default of batch.size.
constexpr std::uint64_t kBatchBytes = 1'000'000;

/// The library that is linked, and its version: "librdkafka 2.15.1".
std::string library_name();

/// The settings of a tool's --brokers, -X and --kafka-config; each of these beats the next:
/// brokers, properties, file. Throws Error (usage), also when nothing names a broker.
Settings make_settings(const std::string& brokers, const std::vector<std::string>& properties,
                       const std::string& config_file);

/// A property whose value carries one of our promises, and the promise.
struct Insisted {
    std::vector<std::string> names; ///< the property, then its aliases
    std::string value;
    std::string promise;
};

/// Checks names and values with librdkafka itself, and that no setting undoes what is insisted
/// upon. Touches no network. Throws Error (usage).
void check_settings(const Settings& settings, const std::vector<Insisted>& insisted);

/// What every producer and every consumer of ours insists upon.
const std::vector<Insisted>& insisted_of_producers();
const std::vector<Insisted>& insisted_of_consumers();

} // namespace cdc::kafka

#endif
