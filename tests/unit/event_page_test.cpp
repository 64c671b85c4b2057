// The worked lines of cdc-event(5) are what the decoder reads and the encoders write.
#include "event/checkpoint.hpp"
#include "event/facts.hpp"
#include "event/line_decoder.hpp"
#include "event/table.hpp"

#include "support.hpp"

#include <fstream>
#include <map>
#include <vector>

using namespace cdc::event;

namespace {

std::vector<std::string> worked_lines() {
    std::ifstream page{CDC_SOURCE_DIR "/man/cdc-event.5.md"};
    std::vector<std::string> lines;
    for (std::string line; std::getline(page, line);) {
        if (line.rfind("    {\"", 0) == 0) {
            lines.push_back(line.substr(4));
        }
    }
    return lines;
}

} // namespace

TEST_CASE("every worked line of cdc-event(5) can be decoded") {
    LineDecoder decoder;
    std::map<LineKind, int> seen;
    for (const std::string& line : worked_lines()) {
        CAPTURE(line);
        CHECK_NOTHROW(decoder.decode(line));
        ++seen[decoder.decode(line).kind];
    }
    CHECK(seen[LineKind::change] >= 6);
    CHECK(seen[LineKind::table] >= 1);
    CHECK(seen[LineKind::facts] == 2);
    CHECK(seen[LineKind::mark] == 1);
    CHECK(seen[LineKind::snapshot] == 2);
    CHECK(seen[LineKind::checkpoint] == 2);
    CHECK(seen[LineKind::dead_letter] == 1);
}

TEST_CASE("the worked checkpoint, table, facts and mark lines are byte for byte what the encoders "
          "write") {
    LineDecoder decoder;
    for (const std::string& text : worked_lines()) {
        CAPTURE(text);
        const DecodedLine& line = decoder.decode(text);
        if (line.kind == LineKind::checkpoint) {
            CHECK(parse_checkpoint(text, "page").encode() == text);
        } else if (line.kind == LineKind::table) {
            std::string version;
            CHECK(shape_version(parse_table(line.payload, version).columns) == version);
            const Table table = table_of(line);
            std::string encoded;
            append_table_line(encoded, table, line.source.raw, 1763709000123);
            CHECK(encoded == text + "\n");
        } else if (line.kind == LineKind::facts) {
            std::string encoded;
            append_facts_line(encoded, parse_facts(line.payload), line.source.raw, 1763709000123);
            CHECK(encoded == text + "\n");
        } else if (line.kind == LineKind::mark) {
            std::string encoded;
            append_mark_line(encoded, parse_mark(line.payload), line.source.raw, 1763709000123);
            CHECK(encoded == text + "\n");
        }
    }
}
