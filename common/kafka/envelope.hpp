#ifndef CDC_KAFKA_ENVELOPE_HPP
#define CDC_KAFKA_ENVELOPE_HPP

#include "event/table.hpp"
#include "kafka/change_cut.hpp"

#include <map>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// The row alone: the after-image with `"__deleted":"false"`, for deletes the before-image (the
/// key, where there is none) with `"__deleted":"true"`, as Debezium's ExtractNewRecordState makes
/// it. Throws Error (bad_data) when the change has no row.
void append_flat(std::string& out, const ChangeCut& cut);

/// Keys and values with Kafka Connect's schemas, `{"schema":{…},"payload":{…}}`, as its
/// JsonConverter reads them. Columns become int16, int32, int64, float, double, boolean, bytes or,
/// for everything else, string; all are optional except those of the key.
class ConnectSchemas {
public:
    /// `table_json` is the first member of the table line of `version`. Throws Error (bad_data)
    /// when there was no table line, or a value has no form in its schema (NaN).
    void append_key(std::string& out, const ChangeCut& cut, const std::string& topic,
                    const std::string& version, const std::string& table_json);
    void append_value(std::string& out, const ChangeCut& cut, const std::string& topic,
                      const std::string& version, const std::string& table_json);

private:
    struct Schemas {
        std::string key;                                       ///< JSON text
        std::string value;                                     ///< JSON text
        std::map<std::string, std::string, std::less<>> types; ///< by the column's JSON name
    };
    const Schemas& of(const std::string& topic, const std::string& version,
                      const std::string& table_json);

    std::map<std::string, Schemas> m_schemas; ///< by topic and version
};

} // namespace cdc::kafka

#endif
