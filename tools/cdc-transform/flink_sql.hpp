#ifndef CDC_TRANSFORM_FLINK_SQL_HPP
#define CDC_TRANSFORM_FLINK_SQL_HPP

#include "cdc-transform/options.hpp"
#include "duckdb/database.hpp"
#include "event/line_decoder.hpp"
#include "event/table.hpp"
#include "views/bind.hpp"
#include "views/view_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cdc::transform {

/// The views of a file as a job of Apache Flink: the topics of the tables, read as debezium-json,
/// the SELECTs in its dialect, and an upsert-kafka topic for each view. What Flink cannot follow is
/// left out with a warning and a comment that name file, line and construct.
class FlinkSql {
public:
    FlinkSql(const Options& options, const views::ViewFile& file);

    /// Of the lines of the source, its table lines count.
    void take(std::string_view line);
    /// Throws Error (bad_data) where no table line came.
    std::string text();

private:
    struct Table {
        std::string connector;
        std::string prefix; ///< what its topic's name begins with
        event::Table shape;
    };
    std::string source(const Table& table);
    std::string view(const views::View& view);
    std::string sink(const views::View& view, const duckdb::Result& rows);
    std::string type_of(const views::Json& select, const views::Json& expression);
    std::string declared(const event::Table& table, const std::string& column) const;

    const Options& m_options;
    const views::ViewFile& m_file;
    duckdb::Database m_database;
    duckdb::Connection m_connection;
    views::Engine m_engine;
    event::LineDecoder m_decoder;
    std::vector<Table> m_tables; ///< in the order of their first lines
    std::vector<views::Relation> m_relations;
    std::string m_inserts;
};

} // namespace cdc::transform

#endif
