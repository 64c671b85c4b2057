#include "duckdb/library.hpp"

#include "io/engine_library.hpp"

namespace cdc::duckdb {

namespace {

Library load(const std::string& file) {
    const io::EngineLibrary engine{
        io::engine_library_path(file, "libduckdb.so"), "the SQL engine",
        "scripts/install-deps fetches libduckdb.so; --duckdb-library says where it is."};
    Library l{};
    engine.load("duckdb_library_version", l.version);
    engine.load("duckdb_free", l.free);
    engine.load("duckdb_create_config", l.create_config);
    engine.load("duckdb_set_config", l.set_config);
    engine.load("duckdb_destroy_config", l.destroy_config);
    engine.load("duckdb_open_ext", l.open);
    engine.load("duckdb_close", l.close);
    engine.load("duckdb_connect", l.connect);
    engine.load("duckdb_disconnect", l.disconnect);
    engine.load("duckdb_interrupt", l.interrupt);
    engine.load("duckdb_query", l.query);
    engine.load("duckdb_destroy_result", l.destroy_result);
    engine.load("duckdb_result_error", l.result_error);
    engine.load("duckdb_result_error_type", l.result_error_type);
    engine.load("duckdb_rows_changed", l.rows_changed);
    engine.load("duckdb_column_count", l.column_count);
    engine.load("duckdb_column_name", l.column_name);
    engine.load("duckdb_column_logical_type", l.column_type);
    engine.load("duckdb_fetch_chunk", l.fetch_chunk);
    engine.load("duckdb_prepare", l.prepare);
    engine.load("duckdb_prepare_error", l.prepare_error);
    engine.load("duckdb_destroy_prepare", l.destroy_prepare);
    engine.load("duckdb_execute_prepared_streaming", l.execute_streaming);
    engine.load("duckdb_get_type_id", l.type_id);
    engine.load("duckdb_decimal_width", l.decimal_width);
    engine.load("duckdb_decimal_scale", l.decimal_scale);
    engine.load("duckdb_list_type_child_type", l.list_child);
    engine.load("duckdb_create_logical_type", l.create_type);
    engine.load("duckdb_destroy_logical_type", l.destroy_type);
    engine.load("duckdb_create_data_chunk", l.create_chunk);
    engine.load("duckdb_destroy_data_chunk", l.destroy_chunk);
    engine.load("duckdb_data_chunk_reset", l.reset_chunk);
    engine.load("duckdb_data_chunk_get_size", l.chunk_size);
    engine.load("duckdb_data_chunk_set_size", l.set_chunk_size);
    engine.load("duckdb_data_chunk_get_vector", l.chunk_vector);
    engine.load("duckdb_vector_get_data", l.vector_data);
    engine.load("duckdb_vector_get_validity", l.vector_validity);
    engine.load("duckdb_vector_ensure_validity_writable", l.ensure_validity);
    engine.load("duckdb_vector_assign_string_element_len", l.assign_text);
    engine.load("duckdb_list_vector_get_child", l.list_vector);
    engine.load("duckdb_vector_size", l.vector_size);
    engine.load("duckdb_create_scalar_function", l.create_function);
    engine.load("duckdb_destroy_scalar_function", l.destroy_function);
    engine.load("duckdb_scalar_function_set_name", l.set_function_name);
    engine.load("duckdb_scalar_function_add_parameter", l.add_function_parameter);
    engine.load("duckdb_scalar_function_set_return_type", l.set_function_result);
    engine.load("duckdb_scalar_function_set_function", l.set_function_callback);
    engine.load("duckdb_register_scalar_function", l.register_function);
    engine.load("duckdb_scalar_function_set_error", l.set_function_error);
    engine.load("duckdb_appender_create", l.appender_create);
    engine.load("duckdb_appender_column_count", l.appender_columns);
    engine.load("duckdb_appender_column_type", l.appender_column_type);
    engine.load("duckdb_appender_error", l.appender_error);
    engine.load("duckdb_append_data_chunk", l.append_chunk);
    engine.load("duckdb_appender_flush", l.appender_flush);
    engine.load("duckdb_appender_destroy", l.appender_destroy);
    return l;
}

} // namespace

const Library& library(const std::string& file) {
    static const Library kLoaded = load(file);
    return kLoaded;
}

} // namespace cdc::duckdb
