#ifndef CDC_LOAD_KAFKA_ENGINE_HPP
#define CDC_LOAD_KAFKA_ENGINE_HPP

#include "cdc-load/options.hpp"
#include "event/line_decoder.hpp"
#include "event/table.hpp"

#include <string_view>
#include <vector>

namespace cdc::load {

/// Prints to stdout, for the last shape of each table among the lines, what lets ClickHouse read
/// the table's topic by itself. Throws Error (refused) at a table without key.
class KafkaEngineDdl {
public:
    explicit KafkaEngineDdl(const Options& options) : m_options{options} {}

    void take(std::string_view line);
    void print() const;

private:
    struct Table {
        std::string connector;
        std::string prefix; ///< what the topic's name begins with
        event::Table shape;
    };
    std::string statements(const Table& table) const;

    const Options& m_options;
    event::LineDecoder m_decoder;
    std::vector<Table> m_tables; ///< in the order of their first lines
};

} // namespace cdc::load

#endif
