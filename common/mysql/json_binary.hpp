#ifndef CDC_MYSQL_JSON_BINARY_HPP
#define CDC_MYSQL_JSON_BINARY_HPP

#include <string>
#include <string_view>

namespace cdc::mysql {

/// MySQL's binary form of JSON to the text that the server's CAST(… AS CHAR) has.
///
/// A document is a type (1) and a value. Types: 0 and 1 small and large object, 2 and 3 small and
/// large array, 4 literal (0 null, 1 true, 2 false), 5 to 10 integers of 16, 32 and 64 bits, each
/// signed and unsigned, 11 double, 12 string (length in groups of 7 bits, the lowest first), 15 a
/// value of an SQL type (type (1), length, bytes). Objects and arrays: number of elements, size in
/// bytes, for objects (offset of the key, its length (2)) each, then (type (1), offset or the value
/// itself) each; numbers and offsets have 2 bytes in small ones, 4 in large. Keys are sorted by
/// length, then bytes. Values that fit into an offset stand in its place.
///
/// Throws Error (bad_data).
void append_json_text(std::string& out, std::string_view document);

/// Applies the changes of a partial update to the document before it, and appends the text of what
/// results. Each change: kind (1) (0 replace, 1 insert, 2 remove), path (packed length), and but
/// for remove a document (packed length). Throws Error (bad_data).
void append_json_with_diffs(std::string& out, std::string_view before, std::string_view diffs);

} // namespace cdc::mysql

#endif
