#ifndef CDC_DUCKDB_SCALAR_FUNCTION_HPP
#define CDC_DUCKDB_SCALAR_FUNCTION_HPP

#include "duckdb/database.hpp"

#include <array>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cdc::duckdb::scalar {

using base::ExitCode;
using Text = std::string_view;

/// Dates and times as the engine has them, since 1970.
struct Days {
    std::int32_t value;
};
struct Micros {
    std::int64_t value;
};
struct MicrosOfZone {
    std::int64_t value;
};

/// What a function finds wrong with a value: the words of the engine's error.
struct WrongValue {
    std::string words;
};

template<typename T>
constexpr TypeId type_of() {
    if constexpr (std::is_same_v<T, bool>) {
        return TypeId::boolean;
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        return TypeId::bigint;
    } else if constexpr (std::is_same_v<T, Days>) {
        return TypeId::date;
    } else if constexpr (std::is_same_v<T, Micros>) {
        return TypeId::timestamp;
    } else if constexpr (std::is_same_v<T, MicrosOfZone>) {
        return TypeId::timestamp_tz;
    } else if constexpr (std::is_same_v<T, float>) {
        return TypeId::real;
    } else if constexpr (std::is_same_v<T, double>) {
        return TypeId::double_precision;
    } else {
        return TypeId::varchar;
    }
}

template<typename T>
const Type& full_type_of() {
    static const Type kType{type_of<T>(), 0, 0, {}};
    return kType;
}

template<typename T>
T argument(const Vector& vector, std::uint64_t row) {
    if constexpr (std::is_same_v<T, Text>) {
        return vector.text(row);
    } else {
        return vector.at<T>(row);
    }
}

/// The result vector of one call.
class Output {
public:
    explicit Output(void* vector) : m_vector{vector}, m_data{library().vector_data(vector)} {}

    void null(std::uint64_t row) {
        if (m_validity == nullptr) {
            library().ensure_validity(m_vector);
            m_validity = library().vector_validity(m_vector);
        }
        m_validity[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    }
    void set(std::uint64_t row, Text value) {
        library().assign_text(m_vector, row, value.data(), value.size());
    }
    template<typename T>
    void set(std::uint64_t row, T value) {
        static_cast<T*>(m_data)[row] = value;
    }

private:
    void* m_vector;
    void* m_data;
    std::uint64_t* m_validity = nullptr;
};

/// The engine's callback for `kFunction`, which is a plain function of values. A function that
/// makes text returns std::string_view of what lies in its argument or in a buffer of its thread.
template<auto kFunction>
struct Callback;

template<typename R, typename... Arguments, R (*kFunction)(Arguments...)>
struct Callback<kFunction> {
    static void call(void* info, void* chunk, void* output) {
        try {
            run(chunk, output, std::index_sequence_for<Arguments...>{});
        } catch (const WrongValue& wrong) {
            library().set_function_error(info, wrong.words.c_str());
        } catch (const std::exception& error) { // none may pass through the engine
            library().set_function_error(info, error.what());
        }
    }

    template<std::size_t... kPlace>
    static void run(void* chunk, void* output, std::index_sequence<kPlace...>) {
        const Library& lib = library();
        const std::array<Vector, sizeof...(Arguments)> columns{
            Vector{lib.chunk_vector(chunk, kPlace), full_type_of<Arguments>()}...};
        Output out{output};
        const std::uint64_t rows = lib.chunk_size(chunk);
        for (std::uint64_t row = 0; row < rows; ++row) {
            if ((columns[kPlace].is_null(row) || ...)) {
                out.null(row);
            } else {
                out.set(row, kFunction(argument<Arguments>(columns[kPlace], row)...));
            }
        }
    }

    static void make(void* connection, const char* name) {
        const Library& lib = library();
        void* function = lib.create_function();
        lib.set_function_name(function, name);
        for (const TypeId id : {type_of<Arguments>()...}) {
            void* type = lib.create_type(static_cast<int>(id));
            lib.add_function_parameter(function, type);
            lib.destroy_type(&type);
        }
        void* type = lib.create_type(static_cast<int>(type_of<R>()));
        lib.set_function_result(function, type);
        lib.destroy_type(&type);
        lib.set_function_callback(function, &call);
        const int state = lib.register_function(connection, function);
        lib.destroy_function(&function);
        if (state != 0) {
            throw EngineError{ExitCode::refused,
                              fmt::format("the SQL engine does not take the function {}", name)};
        }
    }
};

} // namespace cdc::duckdb::scalar

#endif
