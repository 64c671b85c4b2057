#ifndef CDC_TESTS_UNIT_PGOUTPUT_BYTES_HPP
#define CDC_TESTS_UNIT_PGOUTPUT_BYTES_HPP

#include "postgres/lsn.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Messages of pgoutput, spelled for tests.
namespace pgoutput_bytes {

template<typename T>
std::string integer(T value) {
    std::string out;
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    }
    return out;
}

inline std::string text(std::string_view value) {
    return std::string{value} + '\0';
}

/// "n" NULL, "u" unchanged, "t…" a text.
using Values = std::vector<std::string>;

inline std::string tuple(const Values& values) {
    std::string out = integer(static_cast<std::int16_t>(values.size()));
    for (const std::string& value : values) {
        out += value[0];
        if (value[0] == 't') {
            out += integer(static_cast<std::int32_t>(value.size() - 1)) + value.substr(1);
        }
    }
    return out;
}

inline std::string begin(cdc::postgres::Lsn commit, std::int64_t time_us = 0,
                         std::uint32_t xid = 733) {
    return "B" + integer(commit) + integer(time_us) + integer(xid);
}
inline std::string commit(cdc::postgres::Lsn lsn, cdc::postgres::Lsn end) {
    return "C" + std::string(1, '\0') + integer(lsn) + integer(end) + integer(std::int64_t{0});
}

struct Column {
    std::string name;
    std::uint32_t type = 23;
    bool identity = false;
};
inline std::string relation(std::uint32_t id, std::string_view schema, std::string_view name,
                            char identity, const std::vector<Column>& columns) {
    std::string out = "R" + integer(id) + text(schema) + text(name) + identity +
                      integer(static_cast<std::int16_t>(columns.size()));
    for (const Column& column : columns) {
        out += static_cast<char>(column.identity ? 1 : 0);
        out += text(column.name) + integer(column.type) + integer(std::int32_t{-1});
    }
    return out;
}
inline std::string insert(std::uint32_t id, const Values& row) {
    return "I" + integer(id) + "N" + tuple(row);
}
inline std::string update(std::uint32_t id, const Values& row) {
    return "U" + integer(id) + "N" + tuple(row);
}
inline std::string update(std::uint32_t id, char kind, const Values& old_row, const Values& row) {
    return "U" + integer(id) + kind + tuple(old_row) + "N" + tuple(row);
}
inline std::string remove(std::uint32_t id, char kind, const Values& row) {
    return "D" + integer(id) + kind + tuple(row);
}
inline std::string message(bool transactional, cdc::postgres::Lsn lsn, std::string_view prefix,
                           std::string_view content) {
    return "M" + std::string(1, transactional ? '\1' : '\0') + integer<std::uint64_t>(lsn) +
           text(prefix) + integer<std::int32_t>(static_cast<std::int32_t>(content.size())) +
           std::string{content};
}
inline std::string truncate(const std::vector<std::uint32_t>& ids) {
    std::string out = "T" + integer(static_cast<std::int32_t>(ids.size())) + std::string(1, '\0');
    for (const std::uint32_t id : ids) {
        out += integer(id);
    }
    return out;
}

/// A recording of tests/data/pgoutput: position, length, bytes.
struct Record {
    cdc::postgres::Lsn lsn;
    std::string bytes;
};
inline std::vector<Record> parse_recording(std::string_view recording) {
    const auto number = [&recording](std::size_t size) {
        std::uint64_t value = 0;
        if (recording.size() < size) {
            throw std::runtime_error{"the recording is cut"};
        }
        for (const char c : recording.substr(0, size)) {
            value = value << 8 | static_cast<unsigned char>(c);
        }
        recording.remove_prefix(size);
        return value;
    };
    std::vector<Record> records;
    while (!recording.empty()) {
        const auto lsn = number(8);
        const auto size = static_cast<std::size_t>(number(4));
        if (recording.size() < size) {
            throw std::runtime_error{"the recording is cut"};
        }
        records.push_back({lsn, std::string{recording.substr(0, size)}});
        recording.remove_prefix(size);
    }
    return records;
}

} // namespace pgoutput_bytes

#endif
