#ifndef CDC_DUCKDB_LIBRARY_HPP
#define CDC_DUCKDB_LIBRARY_HPP

#include <cstddef>
#include <cstdint>
#include <string>

/// The part of duckdb.h (1.5) that is used, declared by hand: the library's own header is not
/// needed to build. Handles are pointers to structs that only the library knows.
namespace cdc::duckdb {

/// duckdb_result: passed by value to some functions.
struct RawResult {
    std::uint64_t deprecated[3];
    void* deprecated_columns;
    char* deprecated_error;
    void* internal;
};

/// duckdb_string_t: up to 12 bytes lie in it, of longer ones a pointer.
struct RawString {
    std::uint32_t length;
    char begin[4];
    const char* far;
};

struct Library {
    const char* (*version)();
    void (*free)(void*);

    int (*create_config)(void**);
    int (*set_config)(void*, const char*, const char*);
    void (*destroy_config)(void**);
    int (*open)(const char*, void**, void*, char**);
    void (*close)(void**);
    int (*connect)(void*, void**);
    void (*disconnect)(void**);
    void (*interrupt)(void*);

    int (*query)(void*, const char*, RawResult*);
    void (*destroy_result)(RawResult*);
    const char* (*result_error)(RawResult*);
    int (*result_error_type)(RawResult*);
    std::uint64_t (*rows_changed)(RawResult*);
    std::uint64_t (*column_count)(RawResult*);
    const char* (*column_name)(RawResult*, std::uint64_t);
    void* (*column_type)(RawResult*, std::uint64_t);
    void* (*fetch_chunk)(RawResult);
    int (*prepare)(void*, const char*, void**);
    const char* (*prepare_error)(void*);
    void (*destroy_prepare)(void**);
    int (*execute_streaming)(void*, RawResult*);

    int (*type_id)(void*);
    std::uint8_t (*decimal_width)(void*);
    std::uint8_t (*decimal_scale)(void*);
    void* (*list_child)(void*);
    void* (*create_type)(int);
    void (*destroy_type)(void**);

    void* (*create_chunk)(void**, std::uint64_t);
    void (*destroy_chunk)(void**);
    void (*reset_chunk)(void*);
    std::uint64_t (*chunk_size)(void*);
    void (*set_chunk_size)(void*, std::uint64_t);
    void* (*chunk_vector)(void*, std::uint64_t);
    void* (*vector_data)(void*);
    std::uint64_t* (*vector_validity)(void*);
    void (*ensure_validity)(void*);
    void (*assign_text)(void*, std::uint64_t, const char*, std::uint64_t);
    void* (*list_vector)(void*);
    std::uint64_t (*vector_size)();

    void* (*create_function)();
    void (*destroy_function)(void**);
    void (*set_function_name)(void*, const char*);
    void (*add_function_parameter)(void*, void*);
    void (*set_function_result)(void*, void*);
    void (*set_function_callback)(void*, void (*)(void* info, void* chunk, void* output));
    int (*register_function)(void*, void*);
    void (*set_function_error)(void*, const char*);

    int (*appender_create)(void*, const char*, const char*, void**);
    std::uint64_t (*appender_columns)(void*);
    void* (*appender_column_type)(void*, std::uint64_t);
    const char* (*appender_error)(void*);
    int (*append_chunk)(void*, void*);
    int (*appender_flush)(void*);
    int (*appender_destroy)(void**);
};

/// Loaded by the first call, from `file` ("": found by itself), and never unloaded. Throws Error
/// (refused).
const Library& library(const std::string& file = {});

} // namespace cdc::duckdb

#endif
