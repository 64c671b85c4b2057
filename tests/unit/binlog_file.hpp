// A recorded file of a binary log, event by event, and a lookup that knows nothing.
#ifndef CDC_TESTS_BINLOG_FILE_HPP
#define CDC_TESTS_BINLOG_FILE_HPP

#include "mysql/change_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// Some collations, as both servers number them.
inline Collations some_collations() {
    Collations out;
    out.add(8, "latin1_swedish_ci", true);
    out.add(13, "sjis_japanese_ci", true);
    out.add(45, "utf8mb4_general_ci", true);
    out.add(46, "utf8mb4_bin", true);
    out.add(54, "utf16_general_ci", true);
    out.add(63, "binary", false);
    out.add(255, "utf8mb4_0900_ai_ci", false);
    out.add(309, "utf8mb4_0900_bin", false);
    out.add(1070, "utf8mb4_nopad_bin", false);
    return out;
}

class NoFacts : public SourceLookup {
public:
    TableFacts facts;
    Collations names = some_collations();
    const Collations& collations() override { return names; }
    TableFacts describe(const std::string&, const std::string&) override { return facts; }
    std::optional<TableMap> shape(const std::string&, const std::string&) override { return {}; }
    std::vector<StoredCode> stored_code(const TableNames&) override { return {}; }
    std::string hidden(const std::string&, const std::string&,
                       const std::vector<std::string>&) override {
        return {};
    }
    std::uint64_t end_of_log() override { return 0; }
};

inline std::string read_bytes(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
}

/// Behind the four bytes at the front of a file stand its events; whatever is broken ends the list.
inline std::vector<std::string_view> events_of(std::string_view file) {
    std::vector<std::string_view> out;
    file.remove_prefix(file.size() < 4 ? file.size() : 4);
    while (file.size() >= Event::kHeaderSize) {
        std::size_t size = 0;
        for (int i = 3; i >= 0; --i) {
            size = size << 8 | static_cast<unsigned char>(file[9 + static_cast<std::size_t>(i)]);
        }
        if (size < Event::kHeaderSize || size > file.size()) {
            break;
        }
        out.push_back(file.substr(0, size));
        file.remove_prefix(size);
    }
    return out;
}

inline ChangeBuilder make_builder(SourceLookup& lookup, bool mariadb,
                                  const Position& start = {"binlog.000001", Position::kFirst},
                                  bool by_gtid = false) {
    ChangeBuilder::Settings settings;
    settings.name = "golden";
    settings.mariadb = mariadb;
    settings.epoch = 7;
    settings.by_gtid = by_gtid;
    return {settings, event::TableFilter{{}, {"record.skipped"}}, lookup, start};
}

inline void apply_all(ChangeBuilder& builder, std::string_view event, std::string& out) {
    builder.apply(event, out);
    while (builder.has_more()) {
        builder.apply_more(out);
    }
}

} // namespace cdc::mysql

#endif
