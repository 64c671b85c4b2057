#ifndef CDC_VIEWS_CONSTANT_TEXTS_HPP
#define CDC_VIEWS_CONSTANT_TEXTS_HPP

#include "duckdb/moment_texts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::views {

// What PostgreSQL reads in a text constant. Nothing is read of what it refuses, or of what the
// engine would not read as it does.

/// Of an integer type: blanks, a sign, digits.
bool is_whole_text(std::string_view text);
/// "DECIMAL(4,3)" of "2.404": the type of all its digits.
std::optional<std::string> decimal_of_text(std::string_view text);
/// Of a float type; NaN and Infinity too.
bool is_float_text(std::string_view text);
std::optional<bool> flag_of_text(std::string_view text);
/// Hex or escapes; each byte as the engine writes it, \x41.
std::optional<std::string> bytes_of_text(std::string_view text);
/// Of the engine's types of dates and times; their texts are read by duckdb/moment_texts.hpp.
std::optional<duckdb::MomentKind> moment_kind(std::string_view type);

struct IntervalValue {
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t micros = 0;

    bool operator==(const IntervalValue&) const = default;
};
std::optional<IntervalValue> interval_of_text(std::string_view text);
/// The engine's `=`: a month has 30 days, a day 24 hours.
bool compare_equal(const IntervalValue& left, const IntervalValue& right);

} // namespace cdc::views

#endif
