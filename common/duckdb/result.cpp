#include "duckdb/result.hpp"

#include <utility>

namespace cdc::duckdb {

using base::ExitCode;

namespace {

/// duckdb_error_type: the library's numbers.
ExitCode code_of(int error_type) {
    switch (error_type) {
    case 1:  // out of range
    case 2:  // conversion
    case 4:  // decimal
    case 5:  // mismatch of types
    case 6:  // division by zero
    case 7:  // size of an object
    case 32: // invalid input
        return ExitCode::bad_data;
    case 3:  // unknown type
    case 8:  // invalid type
    case 11: // not implemented
    case 12: // expression
    case 13: // catalog
    case 14: // parser
    case 15: // planner
    case 22: // syntax
    case 24: // binder
        return ExitCode::usage;
    case 34: // permission
        return ExitCode::refused;
    default:
        return ExitCode::failed;
    }
}

constexpr int kOutOfMemory = 33;

} // namespace

Type take_type(void* handle) {
    const Library& lib = library();
    Type type;
    type.id = static_cast<TypeId>(lib.type_id(handle));
    if (type.id == TypeId::decimal) {
        type.width = lib.decimal_width(handle);
        type.scale = lib.decimal_scale(handle);
    } else if (type.id == TypeId::list) {
        type.element.push_back(take_type(lib.list_child(handle)));
    }
    lib.destroy_type(&handle);
    return type;
}

void throw_result_error(RawResult& result, std::string_view statement) {
    const Library& lib = library();
    const char* words = lib.result_error(&result);
    const int type = lib.result_error_type(&result);
    const EngineError error{code_of(type),
                            fmt::format("the SQL engine refuses {}: {}", base::in_quotes(statement),
                                        words != nullptr ? words : "unknown"),
                            type == kOutOfMemory ? "--memory gives it more." : ""};
    lib.destroy_result(&result);
    throw error;
}

Vector::Vector(void* raw, const Type& type)
    : m_raw{raw}, m_data{library().vector_data(raw)},
      m_validity{library().vector_validity(raw)}, m_type{&type} {}

Vector Vector::elements() const {
    return {library().list_vector(m_raw), m_type->element.front()};
}

Result::Result(const RawResult& raw) : m_raw{raw} {
    const Library& lib = library();
    const std::uint64_t count = lib.column_count(&m_raw);
    for (std::uint64_t i = 0; i < count; ++i) {
        m_names.emplace_back(lib.column_name(&m_raw, i));
        m_types.push_back(take_type(lib.column_type(&m_raw, i)));
    }
}

Result::Result(Result&& other) noexcept
    : m_raw{std::exchange(other.m_raw, RawResult{})}, m_chunk{std::exchange(other.m_chunk,
                                                                            nullptr)},
      m_size{other.m_size}, m_names{std::move(other.m_names)}, m_types{std::move(other.m_types)},
      m_columns{std::move(other.m_columns)} {}

Result::~Result() {
    if (m_chunk != nullptr) {
        library().destroy_chunk(&m_chunk);
    }
    library().destroy_result(&m_raw);
}

bool Result::next() {
    const Library& lib = library();
    m_columns.clear();
    if (m_chunk != nullptr) {
        lib.destroy_chunk(&m_chunk);
    }
    m_chunk = lib.fetch_chunk(m_raw);
    m_size = m_chunk != nullptr ? lib.chunk_size(m_chunk) : 0;
    if (m_size == 0) {
        if (const char* words = lib.result_error(&m_raw); words != nullptr && *words != '\0') {
            throw EngineError{code_of(lib.result_error_type(&m_raw)), words};
        }
        return false;
    }
    for (std::size_t i = 0; i < m_types.size(); ++i) {
        m_columns.emplace_back(lib.chunk_vector(m_chunk, i), m_types[i]);
    }
    return true;
}

} // namespace cdc::duckdb
