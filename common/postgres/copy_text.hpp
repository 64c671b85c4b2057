#ifndef CDC_POSTGRES_COPY_TEXT_HPP
#define CDC_POSTGRES_COPY_TEXT_HPP

#include "postgres/pgoutput.hpp"

#include <cstddef>

namespace cdc::postgres {

/// Takes apart one row as COPY … TO STDOUT writes it (PostgreSQL documentation, COPY, "Text
/// Format"): fields end in a tab, the last one in '\n'; a field that is exactly `\N` is NULL; the
/// server escapes \b \f \n \r \t \v and the backslash itself, nothing else. The octal and hex
/// escapes that COPY FROM also reads are never written and are refused, like everything unknown.
///
/// `row` is changed in place (escaped fields become shorter), and the views of `fields` lie in it.
/// Keeps the memory of `fields`. Throws Error (bad_data) naming the field, from 1.
void decode_copy_row(char* row, std::size_t size, pgoutput::Tuple& fields);

} // namespace cdc::postgres

#endif
