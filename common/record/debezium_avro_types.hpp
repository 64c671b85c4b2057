#ifndef CDC_RECORD_DEBEZIUM_AVRO_TYPES_HPP
#define CDC_RECORD_DEBEZIUM_AVRO_TYPES_HPP

#include "event/table.hpp"

#include <set>
#include <string>
#include <string_view>

namespace cdc::record {

/// The Avro types of columns whose values are in Debezium's encodings, as JSON, as Debezium 3.3's
/// connectors have them with their default settings. One object for each schema: a record is
/// defined where it comes first, and named afterwards.
class DebeziumAvroTypes {
public:
    explicit DebeziumAvroTypes(std::string_view connector);

    std::string of(const event::Column& column);

private:
    std::string postgres(std::string_view type, const event::Column& column);
    std::string mysql(const event::Column& column);
    std::string define_once(std::string_view name, std::string_view definition);

    bool m_mysql;
    std::set<std::string, std::less<>> m_defined;
};

} // namespace cdc::record

#endif
