#include "duckdb/appender.hpp"

#include "duckdb/database.hpp"

namespace cdc::duckdb {

using base::ExitCode;

Appender::Appender(Connection& connection, const std::string& schema, const std::string& table)
    : m_table{table} {
    const Library& lib = library();
    if (lib.appender_create(connection.handle(), schema.c_str(), table.c_str(), &m_appender) != 0) {
        const char* words = m_appender != nullptr ? lib.appender_error(m_appender) : nullptr;
        const EngineError error{ExitCode::failed,
                                fmt::format("cannot append to {}: {}", base::in_quotes(table),
                                            words != nullptr ? words : "unknown")};
        lib.appender_destroy(&m_appender);
        throw error;
    }
    std::vector<void*> types;
    for (std::uint64_t i = 0; i < lib.appender_columns(m_appender); ++i) {
        types.push_back(lib.appender_column_type(m_appender, i));
    }
    m_chunk = lib.create_chunk(types.data(), types.size());
    for (void*& type : types) {
        lib.destroy_type(&type);
    }
    m_capacity = lib.vector_size();
    m_columns.resize(types.size());
    find_columns();
}

Appender::~Appender() {
    library().destroy_chunk(&m_chunk);
    library().appender_destroy(&m_appender);
}

void Appender::find_columns() {
    const Library& lib = library();
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        Column& column = m_columns[i];
        column.vector = lib.chunk_vector(m_chunk, i);
        column.data = lib.vector_data(column.vector);
        column.validity = nullptr;
    }
}

void Appender::null(std::size_t i) {
    Column& column = m_columns[i];
    if (column.validity == nullptr) {
        library().ensure_validity(column.vector);
        column.validity = library().vector_validity(column.vector);
    }
    column.validity[m_rows / 64] &= ~(std::uint64_t{1} << (m_rows % 64));
}

void Appender::text(std::size_t column, std::string_view value) {
    library().assign_text(m_columns[column].vector, m_rows, value.data(), value.size());
}

void Appender::end_row() {
    if (++m_rows == m_capacity) {
        append_chunk();
    }
}

void Appender::append_chunk() {
    if (m_rows == 0) {
        return;
    }
    const Library& lib = library();
    lib.set_chunk_size(m_chunk, m_rows);
    m_rows = 0;
    const int state = lib.append_chunk(m_appender, m_chunk);
    lib.reset_chunk(m_chunk);
    find_columns();
    check(state);
}

void Appender::flush() {
    append_chunk();
    check(library().appender_flush(m_appender));
}

void Appender::check(int state) {
    if (state != 0) {
        const char* words = library().appender_error(m_appender);
        throw EngineError{ExitCode::failed,
                          fmt::format("cannot append to {}: {}", base::in_quotes(m_table),
                                      words != nullptr ? words : "unknown")};
    }
}

} // namespace cdc::duckdb
