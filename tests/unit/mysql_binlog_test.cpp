#include "base/version.hpp"
#include "binlog_file.hpp"
#include "event/line_decoder.hpp"
#include "mysql/folded_name.hpp"
#include "support.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdlib>
#include <memory>
#include <sstream>

using namespace cdc;
using namespace cdc::mysql;

namespace {

constexpr const char* kRecordings[] = {
    "operations.mysql",   "operations.mariadb", "keys.mysql",    "keys.mariadb",
    "types.mysql",        "types.mariadb",      "json.mysql",    "compressed.mysql",
    "compressed.mariadb", "compressed.mysql9",  "tagged.mysql9", "xa.mysql",
    "xa.mariadb"};

/// What a server sends before the events of a file.
std::string rotation_to(const Position& position) {
    std::string body;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        body += static_cast<char>(position.offset >> shift & 0xff);
    }
    body += position.file;
    std::string event(Event::kHeaderSize, '\0');
    event[4] = static_cast<char>(EventType::rotate);
    event[9] = static_cast<char>(event.size() + body.size());
    event[17] = Event::kArtificial;
    return event + body;
}

std::string recording(const std::string& name) {
    return read_bytes(CDC_SOURCE_DIR "/tests/data/binlog/" + name + ".bin");
}

bool is_mariadb(const std::string& name) {
    return name.find("mariadb") != std::string::npos;
}

std::string lines_of(const std::string& name) {
    const std::string file = recording(name);
    NoFacts lookup;
    ChangeBuilder builder = make_builder(lookup, is_mariadb(name));
    std::string out;
    for (const std::string_view event : events_of(file)) {
        apply_all(builder, event, out);
    }
    CHECK_FALSE(builder.in_transaction());
    CHECK_FALSE(builder.gtids().value().empty());
    const std::string version = fmt::format("\"version\":\"{}\",\"connector", base::version());
    for (std::size_t at = out.find(version); at != std::string::npos;
         at = out.find(version, at + 1)) {
        out.replace(at, version.size(), R"("version":"0.1.0","connector)");
    }
    return out;
}

/// The change lines, without the time at which they were made.
std::string changes_of(const std::string& lines) {
    std::istringstream in{lines};
    std::string out;
    for (std::string line; std::getline(in, line);) {
        out += line.starts_with(R"({"key")") ? line + '\n' : "";
    }
    return out;
}

/// An event with another size: its header says so.
std::string cut(std::string_view event, std::size_t size) {
    std::string out{event.substr(0, size)};
    for (std::size_t i = 0; i < 4; ++i) {
        out[9 + i] = static_cast<char>(size >> (8 * i));
    }
    return out;
}

/// The last four bytes say what those before them are.
std::string with_checksum(std::string event) {
    const std::size_t size = event.size() - 4;
    const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(event.data()), size);
    for (std::size_t i = 0; i < 4; ++i) {
        event[size + i] = static_cast<char>(sum >> (8 * i));
    }
    return event;
}

/// A file's description as it stands before a stream that begins further on: without its place.
std::string made_for_stream(std::string_view description) {
    constexpr std::size_t kNextPosition = 13;
    std::string out{description};
    std::fill_n(out.begin() + kNextPosition, 4, '\0');
    return with_checksum(out);
}

/// Whatever the bytes: lines, or an error of ours.
void survive(ChangeBuilder& builder, const std::string& event) {
    std::string out = "before";
    // An exact allocation, so that a read past the end is seen by the sanitizers.
    const std::unique_ptr<char[]> copy{new char[event.size()]};
    std::copy(event.begin(), event.end(), copy.get());
    try {
        apply_all(builder, {copy.get(), event.size()}, out);
    } catch (const base::Error& error) {
        CHECK(
            (error.code() == base::ExitCode::bad_data || error.code() == base::ExitCode::refused));
    }
    CHECK(out.substr(0, 6) == "before");
}

/// Statements behind the changes of a recorded log, each a group of its own.
class Statements {
public:
    explicit Statements(NoFacts& lookup, const std::string& name = "operations.mysql")
        : m_file{recording(name)}, m_builder{std::make_unique<ChangeBuilder>(
                                       make_builder(lookup, is_mariadb(name)))} {
        std::string out;
        for (const std::string_view event : events_of(m_file)) {
            apply_all(*m_builder, event, out);
            const auto type = static_cast<EventType>(event[4]);
            if (type == EventType::gtid || type == EventType::anonymous_gtid) {
                m_gtid = event;
            } else if (type == EventType::mariadb_gtid) {
                constexpr std::size_t kFlags = Event::kHeaderSize + 12;
                std::string standalone{event};
                standalone[kFlags] = MariadbGtid::kStandalone;
                m_gtid = with_checksum(standalone);
            }
        }
    }
    const ChangeBuilder& builder() const { return *m_builder; }

    /// `variables`: the event's status variables.
    std::string lines(std::uint16_t flags, std::uint32_t thread, std::string_view text,
                      const std::string& variables = "") const {
        std::string event(Event::kHeaderSize, '\0');
        event[4] = static_cast<char>(EventType::query);
        for (unsigned i = 0; i < 4; ++i) {
            event += static_cast<char>(thread >> (8 * i));
        }
        event += std::string(4, '\0') + '\6' + std::string(2, '\0');
        event += static_cast<char>(variables.size());
        event += '\0' + variables + "record" + '\0';
        event += text;
        event += "    ";
        event[17] = static_cast<char>(flags);
        std::string out;
        apply_all(*m_builder, m_gtid, out);
        apply_all(*m_builder, with_checksum(cut(event, event.size())), out);
        return out;
    }

private:
    std::string m_file;
    std::unique_ptr<ChangeBuilder> m_builder;
    std::string m_gtid; ///< of a group
};

} // namespace

TEST_CASE("recorded binary logs give their golden lines") {
    for (const std::string name : kRecordings) {
        CAPTURE(name);
        const std::string path = CDC_SOURCE_DIR "/tests/data/binlog/" + name + ".ndjson";
        const std::string lines = lines_of(name);
        if (std::getenv("CDC_TEST_REWRITE") != nullptr) {
            std::ofstream{path, std::ios::binary} << lines;
        }
        CHECK(lines == read_bytes(path));
        event::LineDecoder decoder;
        std::istringstream all{lines};
        std::string last;
        for (std::string line; std::getline(all, line);) {
            const auto& decoded = decoder.decode(line);
            if (decoded.kind == event::LineKind::change) {
                CHECK(decoded.source.order.text() > last);
                last = decoded.source.order.text();
            }
        }
        CHECK_FALSE(last.empty());
    }
}

TEST_CASE("compressed and plain transactions give the same rows") {
    const auto rows = [](const std::string& lines) {
        std::string out;
        std::istringstream all{lines};
        for (std::string line; std::getline(all, line);) {
            if (line.starts_with("{\"key\"")) {
                out += line.substr(0, line.find(",\"source\"")) + '\n';
            }
        }
        return out;
    };
    CHECK(rows(lines_of("compressed.mysql")) == rows(lines_of("compressed.mariadb")));
    CHECK(rows(lines_of("compressed.mysql")) == rows(lines_of("compressed.mysql9")));
}

TEST_CASE("an event that is cut at any byte is refused or read, and nothing is read beyond it") {
    for (const std::string name : {"types.mysql", "types.mariadb", "json.mysql"}) {
        const std::string file = recording(name);
        const auto events = events_of(file);
        for (std::size_t which = 1; which < events.size(); ++which) {
            for (std::size_t size = Event::kHeaderSize; size < events[which].size(); ++size) {
                NoFacts lookup;
                ChangeBuilder builder = make_builder(lookup, is_mariadb(name));
                std::string out;
                // The table maps of the group before it, no more.
                for (std::size_t i = which > 4 ? which - 4 : 0; i < which; ++i) {
                    try {
                        apply_all(builder, i == which - 4 ? events[0] : events[i], out);
                    } catch (const base::Error&) {
                        continue;
                    }
                }
                survive(builder, cut(events[which], size));
            }
        }
    }
}

TEST_CASE("rows that are cut are refused by name and place") {
    const std::string file = recording("types.mysql");
    const auto events = events_of(file);
    for (std::size_t which = 0; which < events.size(); ++which) {
        if (static_cast<EventType>(events[which][4]) != EventType::write_rows) {
            continue;
        }
        NoFacts lookup;
        ChangeBuilder builder = make_builder(lookup, false);
        std::string out;
        for (std::size_t i = 0; i < which; ++i) {
            apply_all(builder, events[i], out);
        }
        const std::string before = out;
        CHECK_FAILS(builder.apply(cut(events[which], events[which].size() - 1), out), bad_data,
                    "of table 'record.types'");
        CHECK(out == before);
        return;
    }
    CHECK(false);
}

TEST_CASE("a compressed transaction that fails leaves nothing for the event behind it") {
    const std::string file = recording("compressed.mysql");
    NoFacts lookup;
    ChangeBuilder builder = make_builder(lookup, false);
    std::string out;
    bool failed = false;
    for (const std::string_view event : events_of(file)) {
        if (failed) {
            try {
                builder.apply(event, out);
            } catch (const base::Error&) { // it may need what was not read
            }
            CHECK_FALSE(builder.has_more());
            break;
        }
        std::string changed{event};
        constexpr std::size_t kTypeOffset = 4;
        constexpr char kPayload = 40;
        if (changed[kTypeOffset] == kPayload) {
            changed.replace(changed.size() / 2, 8, 8, '\xff');
            changed = with_checksum(changed);
            CHECK_THROWS_AS(apply_all(builder, changed, out), base::Error);
            failed = true;
            continue;
        }
        apply_all(builder, event, out);
    }
    CHECK(failed);
}

TEST_CASE("a changed byte anywhere is found by the checksum") {
    for (const std::string name : {"operations.mysql", "operations.mariadb"}) {
        const std::string file = recording(name);
        const auto events = events_of(file);
        REQUIRE(events.size() > 10);
        for (const std::size_t which : {0, 1, 2, 5, 8}) {
            // Behind the size, which has its own check.
            for (std::size_t at = 13; at < events[which].size(); ++at) {
                if (which == 0 && at == 17) {
                    continue; // the flag of a file in use is not covered
                }
                EventReader reader{true};
                if (which != 0) {
                    reader.read(events[0]);
                }
                std::string event{events[which]};
                event[at] = static_cast<char>(event[at] ^ 0x10);
                CHECK_FAILS(reader.read(event), bad_data, "");
            }
        }
    }
}

TEST_CASE("an event of unknown type stops unless it may be passed over") {
    const std::string file = recording("types.mysql"); // without checksums
    const auto events = events_of(file);
    NoFacts lookup;
    ChangeBuilder builder = make_builder(lookup, false);
    std::string out;
    builder.apply(events[0], out);
    std::string unknown{events[1]};
    unknown[4] = 77;
    unknown[17] = 0;
    CHECK_FAILS(builder.apply(unknown, out), bad_data, "unknown type 77");
    CHECK_FAILS(builder.apply(unknown, out), bad_data, "binlog.000001:");
    unknown[17] = static_cast<char>(0x80);
    builder.apply(unknown, out);
    CHECK(out.empty());
}

TEST_CASE("a statement without the event of its global id has no place, and stops") {
    for (const std::string name : {"operations.mysql", "operations.mariadb"}) {
        CAPTURE(name);
        const std::string file = recording(name);
        NoFacts lookup;
        ChangeBuilder builder = make_builder(lookup, is_mariadb(name));
        std::string out;
        std::size_t statements = 0;
        for (const std::string_view event : events_of(file)) {
            const auto type = static_cast<EventType>(event[4]);
            if (type == EventType::format_description) {
                builder.apply(event, out);
            } else if (type == EventType::query &&
                       event.find("TRUNCATE") != std::string_view::npos) {
                CHECK_FAILS(builder.apply(event, out), bad_data, "without the event of its global");
                ++statements;
            }
        }
        CHECK(statements > 0);
        CHECK(out.empty());
    }
}

TEST_CASE("a byte that is no character of its charset stops, and is not replaced") {
    std::string out = "x";
    const Charset* cp1250 = charset_by_name("cp1250");
    REQUIRE(cp1250 != nullptr);
    CHECK_FALSE(append_utf8(out, *cp1250, "a\x81"));
    CHECK(out == "x");
    CHECK(append_utf8(out, *charset_by_name("latin1"), "\x80\x81"));
    CHECK(out == "x\xe2\x82\xac\xc2\x81"); // the euro sign of cp1252
    CHECK_FALSE(append_utf8(out, *charset_by_name("utf8mb4"), "\xff"));
    CHECK(charset_of_collation(45)->name == "utf8mb4");
    CHECK(charset_of_collation(1032)->name == "latin1");
    CHECK(charset_of_collation(2304)->name == "utf8mb4");
    CHECK(charset_of_collation(0) == nullptr);
}

TEST_CASE("a tag of a global transaction id is what a server can write") {
    CHECK(is_gtid_tag("_b"));
    CHECK(is_gtid_tag("blue_2"));
    CHECK_FALSE(is_gtid_tag(""));
    CHECK_FALSE(is_gtid_tag("2blue"));
    CHECK_FALSE(is_gtid_tag("Blue"));
    CHECK_FALSE(is_gtid_tag(std::string("b\0", 2)));
    CHECK_FALSE(is_gtid_tag(std::string(33, 'b')));
    const std::string server = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    CHECK(GtidSet{server + ":BLUE:7"}.text() == server + ":blue:7");
    CHECK_FAILS(GtidSet{server + ":b-lue:7"}, bad_data, "is not a set of global transaction ids");

    std::string encoded = GtidSet{server + ":blue:7"}.encode();
    encoded.replace(encoded.find("blue"), 4, "b\"ue");
    CHECK_FAILS(GtidSet::decode(encoded), bad_data, "a set of global transaction ids with the tag");

    const std::string file = recording("tagged.mysql9");
    NoFacts lookup;
    ChangeBuilder builder = make_builder(lookup, false);
    std::string out;
    bool seen = false;
    for (const std::string_view event : events_of(file)) {
        const std::size_t tag = event.find("blue");
        if (static_cast<EventType>(event[4]) == EventType::gtid_tagged &&
            tag != std::string_view::npos) {
            std::string wrong{event};
            wrong[tag] = '\n';
            CHECK_FAILS(builder.apply(with_checksum(wrong), out), bad_data, "is not the tag of");
            seen = true;
            break;
        }
        builder.apply(event, out);
    }
    CHECK(seen);
}

TEST_CASE("sets of global transaction ids are added to, compared and encoded") {
    GtidSet set{
        "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-3:5, 3E11FA47-71CA-11E1-9E33-C80AA9429562:blue:7"};
    CHECK(set.text() == "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-3:5,"
                        "3e11fa47-71ca-11e1-9e33-c80aa9429562:blue:7");
    CHECK(set.count() == 5);
    GtidSet more = set;
    Gtid four;
    four.server = {0x3e, 0x11, 0xfa, 0x47, 0x71, 0xca, 0x11, 0xe1,
                   0x9e, 0x33, 0xc8, 0x0a, 0xa9, 0x42, 0x95, 0x62};
    four.number = 4;
    CHECK_FALSE(set.contains(four));
    more.add(four);
    CHECK(more.text().starts_with("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,"));
    CHECK(more.contains(set));
    CHECK_FALSE(set.contains(more));
    CHECK(more.without(set).text() == "3e11fa47-71ca-11e1-9e33-c80aa9429562:4");
    CHECK(GtidSet{"3e11fa47-71ca-11e1-9e33-c80aa9429562:2"}.encode() ==
          std::string(
              "\1\0\0\0\0\0\0\0\x3e\x11\xfa\x47\x71\xca\x11\xe1\x9e\x33\xc8\x0a\xa9\x42\x95\x62"
              "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0",
              48));
    CHECK_FAILS(GtidSet{"x:1"}, bad_data, "'x:1'");
    CHECK(MariadbGtidList{"1-2-40,0-1-7"}.text() == "0-1-7,1-2-40");
    CHECK_FAILS(MariadbGtidList{"1-2"}, bad_data, "'1-2'");
}

TEST_CASE("offsets are counted beyond 32 bits, and files one after another") {
    LogCursor cursor{{"binlog.000001", 0xfffffff0}};
    Event event;
    event.size = 0x30;
    event.next_position = 0x20;
    CHECK(cursor.follow(event) == 0xfffffff0);
    CHECK(cursor.next().text() == "binlog.000001:4294967328");
    cursor.rotate({4, "binlog.000002"});
    CHECK(cursor.next().text() == "binlog.000002:4");
    CHECK(Position{"b.999999", 5} < Position{"b.1000000", 4});
    CHECK(Position{"b.000002", 0x10}.order_position() == (std::uint64_t{2} << 40 | 0x10));
    CHECK_FAILS((Position{"b.16777216", 4}.order_position()), refused, "24 bits");
    CHECK_FALSE(Position::parse("binlog"));
    CHECK_FALSE(Position::parse("binlog:4"));
    CHECK_FALSE(Position::parse("binlog.000001:3"));
    CHECK(Position::parse("a.b:c.000001:4")->base_name() == "a.b:c");
}

TEST_CASE("a stream goes on before what is prepared, and writes no line twice") {
    for (const std::string name : {"xa.mysql", "xa.mariadb"}) {
        CAPTURE(name);
        const std::string file = recording(name);
        const auto events = events_of(file);
        NoFacts lookup;
        std::string whole;
        ChangeBuilder all = make_builder(lookup, is_mariadb(name));
        for (const std::string_view event : events) {
            apply_all(all, event, whole);
        }
        // Stopped behind each event: what was written, and what a stream from the place to go on at
        // writes.
        for (std::size_t stop = 1; stop < events.size(); ++stop) {
            ChangeBuilder first = make_builder(lookup, is_mariadb(name));
            std::string out;
            for (std::size_t i = 0; i < stop; ++i) {
                apply_all(first, events[i], out);
            }
            const ResumePoint from = first.resume_point();
            if (first.in_transaction() || from.position.offset == Position::kFirst) {
                continue;
            }
            CHECK(first.emitted() >= from.position.order_position());
            ChangeBuilder second = make_builder(lookup, is_mariadb(name), from.position);
            second.set_gtids(from.gtids);
            second.set_emitted(first.emitted(), std::nullopt);
            std::string rest;
            apply_all(second, made_for_stream(events[0]), rest);
            std::uint64_t at = Position::kFirst;
            for (const std::string_view event : events) {
                if (at >= from.position.offset) {
                    apply_all(second, event, rest);
                }
                at += event.size();
            }
            CHECK(changes_of(out) + changes_of(rest) == changes_of(whole));
        }
    }
}

TEST_CASE("events behind the start that are no transactions move the position") {
    const std::string file = recording("operations.mariadb");
    const auto events = events_of(file);
    std::uint64_t at = Position::kFirst;
    for (std::size_t i = 0; i < 3; ++i) { // format description, GTID list, binlog checkpoint
        for (const bool by_gtid : {false, true}) {
            CAPTURE(i);
            CAPTURE(by_gtid);
            NoFacts lookup;
            const Position start{"binlog.000001", at + 1};
            ChangeBuilder builder = make_builder(lookup, true, start, by_gtid);
            std::string out;
            apply_all(builder, rotation_to({"binlog.000001", Position::kFirst}), out);
            for (std::size_t next = 0; next <= i; ++next) {
                apply_all(builder, events[next], out);
            }
            CHECK(builder.position() == start);
        }
        at += events[i].size();
    }
    for (const bool by_gtid : {false, true}) {
        CAPTURE(by_gtid);
        NoFacts lookup;
        const Position start{"binlog.000001", at - events[2].size()};
        ChangeBuilder builder = make_builder(lookup, true, start, by_gtid);
        std::string out;
        apply_all(builder, rotation_to({"binlog.000001", Position::kFirst}), out);
        for (std::size_t next = 0; next < 3; ++next) {
            apply_all(builder, events[next], out);
        }
        CHECK(builder.position() == Position{"binlog.000001", at});
    }
}

TEST_CASE("a transaction before the start that the server does not leave out is passed over") {
    constexpr std::uint64_t kBeyond = std::uint64_t{1} << 32;
    for (const std::string name : {"operations.mysql", "operations.mariadb"}) {
        CAPTURE(name);
        const std::string file = recording(name);
        const auto events = events_of(file);
        std::vector<std::string> lines; // of each transaction
        std::vector<std::uint64_t> begins;
        {
            NoFacts lookup;
            ChangeBuilder builder = make_builder(lookup, is_mariadb(name));
            for (const std::string_view event : events) {
                std::string out;
                const std::uint64_t before = builder.transactions();
                const std::uint64_t at = builder.position().offset;
                apply_all(builder, event, out);
                if (begins.size() < before + 1 && builder.position().offset == at) {
                    begins.push_back(at);
                    lines.emplace_back();
                }
                if (!lines.empty()) {
                    lines.back() += out;
                }
            }
        }
        REQUIRE(begins.size() > 4);
        // The place lies behind the third transaction, which the server sends nevertheless; also
        // where it is the first one beyond 4 GiB.
        for (const std::uint64_t beyond : {std::uint64_t{0}, kBeyond}) {
            CAPTURE(beyond);
            NoFacts lookup;
            const Position start{"binlog.000001", beyond + begins[3]};
            ChangeBuilder builder = make_builder(lookup, is_mariadb(name), start, true);
            builder.set_emitted(start.order_position(), std::nullopt);
            std::string out;
            apply_all(builder, rotation_to({"binlog.000001", Position::kFirst}), out);
            apply_all(builder, made_for_stream(events[0]), out);
            std::uint64_t at = Position::kFirst;
            for (const std::string_view event : events) {
                if (at >= begins[2]) {
                    apply_all(builder, event, out);
                }
                at += event.size();
            }
            std::string wanted;
            for (std::size_t i = 3; i < lines.size(); ++i) {
                wanted += lines[i];
            }
            CHECK(std::count(out.begin(), out.end(), '\n') ==
                  std::count(wanted.begin(), wanted.end(), '\n'));
            CHECK(changes_of(out).rfind(fmt::format(R"("pos":{})", beyond + begins[2])) ==
                  std::string::npos);
            if (beyond == 0) {
                CHECK(changes_of(out) == changes_of(wanted));
            }
        }
    }
}

TEST_CASE("an XA transaction that was prepared before the stream began stops it where it commits") {
    const std::string file = recording("xa.mysql");
    NoFacts lookup;
    ChangeBuilder builder = make_builder(lookup, false);
    std::string out;
    const auto all = [&] {
        bool prepared = false;
        for (const std::string_view event : events_of(file)) {
            // Without the first group that has rows: up to its XA PREPARE.
            const bool rows = builder.transactions() == 2 && !prepared;
            prepared |= rows && static_cast<EventType>(event[4]) == EventType::xa_prepare;
            if (!rows) {
                apply_all(builder, event, out);
            }
        }
    };
    CHECK_FAILS(all(), position_lost, "X'61',X'62',7");
}

TEST_CASE("rows of a table that is left out stop nothing, and take their numbers") {
    for (const std::string name : {"operations.mysql", "operations.mariadb"}) {
        CAPTURE(name);
        const std::string file = recording(name);
        NoFacts lookup;
        ChangeBuilder builder = make_builder(lookup, is_mariadb(name));
        std::string out;
        bool left_out = false;
        int cuts = 0;
        for (const std::string_view event : events_of(file)) {
            const auto type = static_cast<EventType>(event[4]);
            if (type == EventType::table_map) {
                left_out = event.find("skipped") != std::string_view::npos;
            }
            const bool lacks = left_out && RowsEvent::is_rows(type);
            cuts += lacks ? 1 : 0;
            apply_all(builder,
                      lacks ? with_checksum(cut(event, event.size() - 1)) : std::string{event},
                      out);
        }
        CHECK(cuts > 0);
        CHECK(changes_of(out) == changes_of(lines_of(name)));
    }
}

namespace {

/// A table with a primary key, and one column beside it.
TableMap table_with(const std::string& name, ColumnType type) {
    TableMap map;
    map.db = "shop";
    map.table = "t";
    map.has_names = true;
    map.columns.resize(2);
    map.columns[0].name = "id";
    map.columns[0].type = ColumnType::long_;
    map.columns[1].name = name;
    map.columns[1].type = type;
    map.primary_key = {0};
    return map;
}

} // namespace

TEST_CASE("parts of seconds in MariaDB's old format are refused, for no log says their size") {
    const TableMap map = table_with("a", ColumnType::time);
    NoFacts lookup;
    CHECK(TablePlan(map, lookup, true).columns().size() == 2);
    lookup.facts.with_fraction = {"a"};
    CHECK_THROWS_WITH_AS(TablePlan(map, lookup, true),
                         doctest::Contains("whose size is not in the log"), base::Error);
    CHECK(TablePlan(map, lookup, false).columns().size() == 2);
}

TEST_CASE("MariaDB's hashes of unique long texts are no column of a table") {
    const TableMap map = table_with("DB_ROW_HASH_1", ColumnType::longlong);
    NoFacts lookup;
    CHECK(TablePlan(map, lookup, true).shape().columns.size() == 1);
    CHECK(TablePlan(map, lookup, false).shape().columns.size() == 2);
    lookup.facts.types["DB_ROW_HASH_1"] = "bigint"; // one of the user
    CHECK(TablePlan(map, lookup, true).shape().columns.size() == 2);
}

TEST_CASE("names of statements are those of the rows where the server takes them in lower case") {
    struct LowerCase : NoFacts {
        bool stores_lower_case = true;
        std::string stored_name(const std::string& name) override {
            return stores_lower_case ? folded_name(name) : name;
        }
        std::optional<TableMap> shape(const std::string&, const std::string& table) override {
            return is_same_name(table, "further") ? map : std::nullopt;
        }
        std::optional<TableMap> map;
    } lookup;
    lookup.map.emplace();
    lookup.map->db = "record";
    lookup.map->table = "further";
    lookup.map->columns.resize(1);
    lookup.map->columns[0].name = "id";
    lookup.map->columns[0].type = ColumnType::long_;
    lookup.map->has_names = lookup.map->has_signedness = true;
    const Statements statements{lookup};
    for (const char* table : {"Orders", "Record.Orders", "FURTHER"}) {
        const std::string truncated = statements.lines(0, 7, fmt::format("TRUNCATE {}", table));
        CHECK(truncated.find(R"("op":"t")") != std::string::npos);
        CHECK(truncated.find(table[0] == 'F' ? R"("table":"further")" : R"("table":"orders")") !=
              std::string::npos);
    }
    for (const char* text :
         {"DROP TABLE Orders", "ALTER TABLE RECORD.Orders FORCE, RENAME TO Others",
          "RENAME TABLE Others TO `ORDERS`", "FROBNICATE FURTHER"}) {
        const std::string mark = statements.lines(0, 7, text);
        CHECK(mark.find("\"stale\"") != std::string::npos);
        CHECK(mark.find(R"("table":"Or)") == std::string::npos);
        CHECK(mark.find(R"("table":"OR)") == std::string::npos);
        CHECK(mark.find(R"("table":"FU)") == std::string::npos);
    }
    // A catalog whose names differ from the statement's otherwise.
    lookup.stores_lower_case = false;
    CHECK(statements.lines(0, 7, "TRUNCATE fUrther").find(R"("op":"t")") != std::string::npos);
}

TEST_CASE("a modified column from which another is generated makes the table stale") {
    struct Generated : NoFacts {
        std::optional<TableMap> map;
        std::optional<TableMap> shape(const std::string&, const std::string&) override {
            return map;
        }
    } lookup;
    lookup.map.emplace();
    lookup.map->db = "record";
    lookup.map->table = "further";
    lookup.map->has_names = lookup.map->has_signedness = true;
    for (const char* name : {"id", "a", "made"}) {
        TableMap::Column& column = lookup.map->columns.emplace_back();
        column.name = name;
        column.type = ColumnType::long_;
    }
    const Statements statements{lookup};
    const auto lines = [&](std::string_view text) {
        return statements.lines(0, 7, text);
    };
    lines("TRUNCATE further"); // with the table's line
    CHECK(lines("ALTER TABLE further MODIFY a bigint").find("stale") == std::string::npos);
    lookup.facts.generated = {{"made", "(hex(`A`) + 0)"}, {"elsewhere", "(`id` + 1)"}};
    CHECK(lines("ALTER TABLE further MODIFY id bigint").find("stale") == std::string::npos);
    CHECK(lines("ALTER TABLE further MODIFY a bigint").find("'made' is generated") !=
          std::string::npos);
}

TEST_CASE("an empty default is NULL under MariaDB's EMPTY_STRING_IS_NULL") {
    struct Altered : NoFacts {
        std::optional<TableMap> map;
        std::optional<TableMap> shape(const std::string&, const std::string&) override {
            return map;
        }
    };
    for (const auto& [mode, old_rows] : {std::pair{std::string{"\1\0\0\0\0\0\0\0\0", 9}, true},
                                         {std::string{"\1\0\0\0\0\1\0\0\0", 9}, false}}) {
        Altered lookup;
        lookup.map.emplace();
        lookup.map->db = "record";
        lookup.map->table = "further";
        lookup.map->has_names = lookup.map->has_signedness = true;
        TableMap::Column& id = lookup.map->columns.emplace_back();
        id.name = "id";
        id.type = ColumnType::long_;
        const Statements statements{lookup, "operations.mariadb"};
        statements.lines(0, 7, "TRUNCATE further");
        TableMap::Column& added = lookup.map->columns.emplace_back();
        added.name = "w";
        added.type = ColumnType::varchar;
        added.metadata = 40;
        added.collation = 45;
        const std::string lines =
            statements.lines(0, 7, "ALTER TABLE further ADD w varchar(10) DEFAULT ''", mode);
        CHECK((lines.find(R"("default":"")") != std::string::npos) == old_rows);
        CHECK(lines.find("stale") == std::string::npos);
    }
}

TEST_CASE("rows in STATEMENT format are refused where they may be those of a captured table") {
    struct Tables : NoFacts {
        std::optional<TableMap> shape(const std::string& db, const std::string& table) override {
            if (db != "record" || table != "seen") {
                return {};
            }
            return TableMap{};
        }
    } lookup;
    const Statements statements{lookup};
    for (const char* text :
         {"INSERT INTO skipped VALUES (1, 1)", "INSERT IGNORE record.skipped (v) SELECT 2",
          "INSERT INTO skipped SELECT * FROM seen", "INSERT INTO skipped SELECT * FROM orders",
          "REPLACE INTO skipped SET v = 1", "UPDATE skipped SET v = 2 WHERE id = 1",
          "UPDATE LOW_PRIORITY `skipped`, record.skipped SET v = 2",
          "DELETE FROM skipped WHERE v = 3 ORDER BY v LIMIT 1"}) {
        CHECK(statements.lines(0, 7, text).empty());
    }
    // One that is gone, or is a view, cannot be told from a word but by its place.
    for (const char* text :
         {"INSERT INTO seen VALUES (1)", "INSERT INTO gone VALUES (1)", "REPLACE gone SET v = 1",
          "INSERT /*!50000 */ INTO skipped SELECT * FROM seen",
          "UPDATE skipped SET v = (SELECT 1 FROM seen)", "UPDATE gone SET v = 1",
          "UPDATE skipped, gone SET v = 1", "DELETE FROM gone", "DELETE gone FROM skipped, gone",
          "WITH a AS (SELECT 1) DELETE FROM gone",
          "INSERT /*!99999 INTO skipped */ gone VALUES (1)", "CALL gone()",
          "INSERT INTO `INTO` VALUES (1)"}) {
        CAPTURE(text);
        const Statements others{lookup};
        CHECK_FAILS(others.lines(0, 7, text), refused, "it names captured tables");
    }
    CHECK_FAILS(statements.lines(0, 7, "ANALYZE FORMAT=JSON UPDATE gone SET v = 1"), refused,
                "it names captured tables");
}

TEST_CASE("a captured table that a statement makes with rows is refused") {
    NoFacts lookup;
    for (const char* text :
         {"CREATE TABLE gone SELECT 1 AS v", "CREATE TABLE IF NOT EXISTS gone(v int) AS (SELECT 1)",
          "CREATE OR REPLACE TABLE gone ENGINE=InnoDB WITH a AS (SELECT 1) SELECT * FROM a",
          "CREATE TABLE gone TABLE skipped", "CREATE TABLE gone (VALUES ROW(1))"}) {
        CAPTURE(text);
        CHECK_FAILS(Statements{lookup}.lines(0, 7, text), refused, "rows in STATEMENT format");
    }
    for (const char* text :
         {"CREATE TABLE skipped SELECT * FROM orders", "CREATE TEMPORARY TABLE gone SELECT 1",
          "CREATE TABLE gone(`select` int COMMENT 'SELECT 1') COMMENT='TABLE' PARTITION BY RANGE "
          "(v) (PARTITION p VALUES LESS THAN (5), PARTITION q VALUES LESS THAN (9))",
          "CREATE TABLE gone LIKE orders"}) {
        CAPTURE(text);
        CHECK(Statements{lookup}.lines(0, 7, text).empty());
    }
}

TEST_CASE("a dropped database makes its tables stale that changed before") {
    NoFacts lookup;
    const Statements statements{lookup};
    CHECK(statements.lines(0, 7, "DROP DATABASE other").empty());
    const std::string marks = statements.lines(0, 7, "DROP DATABASE record");
    CHECK(marks.find(R"("table":"orders")") != std::string::npos);
    CHECK(marks.find("its database was dropped") != std::string::npos);
    CHECK(marks.find("skipped") == std::string::npos);
    CHECK(statements.lines(0, 7, "DROP DATABASE record").empty());
}

TEST_CASE("a truncated temporary table is not the captured one of its name") {
    NoFacts lookup;
    const Statements statements{lookup};
    const ChangeBuilder& builder = statements.builder();
    const auto lines = [&](std::uint16_t flags, std::uint32_t thread, std::string_view text) {
        return statements.lines(flags, thread, text);
    };
    constexpr std::uint16_t kTemporary = Event::kThreadSpecific;
    CHECK(lines(kTemporary, 7, "CREATE TEMPORARY TABLE orders (a int)").empty());
    CHECK(lines(kTemporary, 7, "TRUNCATE orders").empty());
    CHECK(lines(kTemporary, 7, "ALTER TABLE orders ADD b int NOT NULL").empty());
    CHECK_FALSE(builder.effects().temporary_tables.empty());
    // Of another session, or of one from before the stream: it cannot be told.
    const std::string unknown = lines(kTemporary, 8, "TRUNCATE orders");
    CHECK(unknown.find("\"stale\"") != std::string::npos);
    CHECK(unknown.find("\"op\":\"t\"") == std::string::npos);
    CHECK(lines(0, 7, "TRUNCATE orders").find("\"op\":\"t\"") != std::string::npos);
    CHECK(lines(kTemporary, 7, "DROP TEMPORARY TABLE `orders`").empty());
    CHECK(builder.effects().temporary_tables.empty());
}
