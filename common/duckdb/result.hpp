#ifndef CDC_DUCKDB_RESULT_HPP
#define CDC_DUCKDB_RESULT_HPP

#include "base/error.hpp"
#include "duckdb/library.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::duckdb {

/// duckdb_type: the library's numbers.
enum class TypeId : int {
    boolean = 1,
    tinyint = 2,
    smallint = 3,
    integer = 4,
    bigint = 5,
    utinyint = 6,
    usmallint = 7,
    uinteger = 8,
    ubigint = 9,
    real = 10,
    double_precision = 11,
    timestamp = 12,
    date = 13,
    time = 14,
    interval = 15,
    hugeint = 16,
    varchar = 17,
    blob = 18,
    decimal = 19,
    list = 24,
    uuid = 27,
    timestamp_tz = 31,
    uhugeint = 32,
};

struct Type {
    TypeId id{};
    int width = 0;             ///< of decimals
    int scale = 0;             ///< of decimals
    std::vector<Type> element; ///< of lists: one
};

/// What the engine refuses. The code is bad_data where a value is to blame (does not fit, cannot be
/// converted, division by zero), usage where the statement is, failed for all else.
class EngineError : public base::Error {
public:
    using Error::Error;
};

/// The values of one column in one chunk, read in place.
class Vector {
public:
    Vector(void* raw, const Type& type);

    bool is_null(std::uint64_t row) const {
        return m_validity != nullptr && (m_validity[row / 64] >> (row % 64) & 1) == 0;
    }
    /// As it lies in memory: the type must be the column's.
    template<typename T>
    const T& at(std::uint64_t row) const {
        return static_cast<const T*>(m_data)[row];
    }
    /// Of varchar and blob.
    std::string_view text(std::uint64_t row) const {
        const auto& string = at<RawString>(row);
        return {string.length <= 12 ? string.begin : string.far, string.length};
    }
    const Type& type() const { return *m_type; }
    /// Of a list.
    Vector elements() const;
    struct Range {
        std::uint64_t begin;
        std::uint64_t size;
    };
    Range range(std::uint64_t row) const { return at<Range>(row); }

private:
    void* m_raw;
    const void* m_data;
    const std::uint64_t* m_validity;
    const Type* m_type;
};

/// What a SELECT gives, chunk by chunk:
///
///     while (result.next()) { for (row = 0; row < result.size(); ++row) … result.column(0) … }
class Result {
public:
    explicit Result(const RawResult& raw);
    ~Result();
    Result(Result&& other) noexcept;
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    Result& operator=(Result&&) = delete;

    const std::vector<std::string>& names() const { return m_names; }
    const std::vector<Type>& types() const { return m_types; }

    /// The next rows; false: there are none left. Throws EngineError.
    bool next();
    std::uint64_t size() const { return m_size; }
    const Vector& column(std::size_t i) const { return m_columns[i]; }

private:
    RawResult m_raw;
    void* m_chunk = nullptr;
    std::uint64_t m_size = 0;
    std::vector<std::string> m_names;
    std::vector<Type> m_types;
    std::vector<Vector> m_columns;
};

/// The type behind a handle, which is destroyed.
Type take_type(void* handle);

/// Throws EngineError for a result that holds an error, and destroys it.
[[noreturn]] void throw_result_error(RawResult& result, std::string_view statement);

} // namespace cdc::duckdb

#endif
