#include "fake_lookup.hpp"
#include "pgoutput_bytes.hpp"
#include "postgres/change_builder.hpp"
#include "postgres/open_transactions.hpp"
#include "support.hpp"

#include <fstream>
#include <iterator>

using namespace cdc::postgres;
using namespace pgoutput_bytes;
using cdc::event::TableFilter;

namespace {

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
constexpr Lsn kAnyLsn = 0x1000;

std::vector<Record> recording(const std::string& name) {
    std::ifstream file{CDC_SOURCE_DIR "/tests/data/pgoutput/" + name, std::ios::binary};
    REQUIRE(file);
    return parse_recording(std::string{std::istreambuf_iterator<char>{file}, {}});
}

/// A stream whose messages become lines.
class Lines {
public:
    void take(Lsn lsn, const std::string& bytes) {
        using Taken = OpenTransactions::Taken;
        const Taken taken = open.take(lsn, bytes);
        if (taken == Taken::no) {
            m_builder.apply(m_decoder.decode(bytes), lsn, text);
        } else if (taken == Taken::committed) {
            read_out(open.committed(lsn));
        }
    }
    void take(const std::string& bytes) { take(kAnyLsn, bytes); }

    OpenTransactions open{"", kNoLimit};
    std::string text;

private:
    void read_out(OpenTransactions::Committed transaction) {
        m_builder.apply(transaction.begin, transaction.lsn, text);
        while (const auto message = transaction.messages.next(open.relations())) {
            m_builder.apply(m_decoder.decode(message->bytes), message->lsn, text);
        }
        m_builder.apply(transaction.end, transaction.lsn, text);
        open.forget_relations();
    }

    FakeLookup m_lookup;
    ChangeBuilder m_builder{
        {"test", "test", false, true, {}, {}}, TableFilter{{}, {}}, Timelines{1, ""}, m_lookup};
    pgoutput::Decoder m_decoder;
};

std::string start(std::uint32_t xid, bool first) {
    return "S" + integer(xid) + std::string(1, first ? '\1' : '\0');
}
std::string stop() {
    return "E";
}
/// A message as it is within a segment.
std::string of(std::uint32_t xid, const std::string& message) {
    return message.substr(0, 1) + integer(xid) + message.substr(1);
}
std::string stream_commit(std::uint32_t xid, Lsn commit, Lsn end, std::int64_t time_us = 0) {
    return "c" + integer(xid) + std::string(1, '\0') + integer(commit) + integer(end) +
           integer(time_us);
}
std::string stream_abort(std::uint32_t xid, std::uint32_t subxid) {
    return "A" + integer(xid) + integer(subxid);
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t out = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++out;
    }
    return out;
}

const std::string kShape = relation(7, "public", "t", 'd', {{"id", 23, true}, {"v", 25, false}});
const std::string kNarrow = relation(7, "public", "t", 'd', {{"id", 23, true}});

} // namespace

TEST_CASE("transactions sent while they run give the lines that they give after their commit") {
    Lines in_progress;
    std::size_t kinds[256] = {};
    for (const Record& record : recording("in_progress.bin")) {
        ++kinds[static_cast<unsigned char>(record.bytes[0])];
        in_progress.take(record.lsn, record.bytes);
    }
    for (const char kind : {'S', 'E', 'c', 'A', 'B', 'C', 'R'}) {
        CAPTURE(kind);
        CHECK(kinds[static_cast<unsigned char>(kind)] > 1);
    }
    CHECK(in_progress.open.bytes() == 0);

    Lines whole;
    for (const Record& record : recording("in_progress_whole.bin")) {
        whole.take(record.lsn, record.bytes);
    }
    CHECK(count(whole.text, R"("op":)") > 2000);
    CHECK(count(whole.text, "undone") == 0);
    CHECK((in_progress.text == whole.text)); // not decomposed: it would be printed
}

TEST_CASE(
    "what a subtransaction did goes with it, and the transaction's messages keep their order") {
    Lines lines;
    lines.take(start(50, true));
    lines.take(of(50, kShape));
    lines.take(of(50, insert(7, {"t1", "tone"})));
    lines.take(of(51, insert(7, {"t2", "tundone"})));
    lines.take(stop());
    lines.take(begin(0x90));
    lines.take(kShape);
    lines.take(insert(7, {"t9", "tbetween"}));
    lines.take(commit(0x90, 0x98));
    lines.take(stream_abort(50, 51));
    lines.take(start(50, false));
    lines.take(of(52, insert(7, {"t3", "tthree"})));
    lines.take(stop());
    CHECK(count(lines.text, R"("op":"c")") == 1);
    CHECK(lines.open.bytes() > 0);
    lines.take(stream_commit(50, 0x100, 0x108));
    CHECK(count(lines.text, R"("op":"c")") == 3);
    CHECK(count(lines.text, "undone") == 0);
    CHECK(lines.text.find(R"("txId":50)") != std::string::npos);
    CHECK(lines.text.find("between") < lines.text.find("one"));
    CHECK(lines.text.find("one") < lines.text.find("three"));
    CHECK(lines.open.bytes() == 0);
}

TEST_CASE("logical messages of a subtransaction that is rolled back are not told from the others") {
    Lines lines;
    lines.take(start(50, true));
    lines.take(of(50, message(true, 0x80, "test", "may be undone")));
    lines.take(stop());
    lines.take(start(60, true));
    lines.take(of(60, kShape));
    lines.take(of(61, insert(7, {"t1", "tundone"})));
    lines.take(stop());
    CHECK((lines.open.take(kAnyLsn, stream_abort(60, 61)) == OpenTransactions::Taken::yes));
    CHECK((lines.open.take(kAnyLsn, stream_abort(50, 51)) == OpenTransactions::Taken::unclear));
    CHECK(lines.open.unclear() == 50);
}

TEST_CASE("a transaction that is rolled back leaves nothing, and one that comes anew begins anew") {
    Lines lines;
    lines.take(start(50, true));
    lines.take(of(50, kShape));
    lines.take(of(50, insert(7, {"t1", "tgone"})));
    lines.take(stop());
    lines.take(stream_abort(50, 50));
    CHECK(lines.open.bytes() == 0);
    lines.take(stream_abort(50, 50)); // aborted before the connection was made
    lines.take(stream_abort(50, 51));

    lines.take(start(60, true));
    lines.take(of(60, kShape));
    lines.take(of(60, insert(7, {"t2", "tfirst"})));
    lines.take(stop());
    lines.take(start(60, true));
    lines.take(of(60, kShape));
    lines.take(of(60, insert(7, {"t2", "tagain"})));
    lines.take(stop());
    lines.take(stream_commit(60, 0x100, 0x108));
    CHECK(count(lines.text, R"("op":"c")") == 1);
    CHECK(count(lines.text, "again") == 1);
}

TEST_CASE("a description within a transaction holds for it alone until it commits") {
    Lines lines;
    lines.take(begin(0x80));
    lines.take(kShape);
    lines.take(insert(7, {"t1", "twide"}));
    lines.take(commit(0x80, 0x88));
    lines.take(start(50, true));
    lines.take(of(50, kNarrow));
    lines.take(of(50, insert(7, {"t2"})));
    lines.take(stop());
    lines.take(begin(0x90));
    lines.take(insert(7, {"t3", "twide"}));
    lines.take(commit(0x90, 0x98));
    lines.take(stream_commit(50, 0x100, 0x108));
    lines.take(begin(0x110));
    lines.take(insert(7, {"t4"}));
    CHECK(count(lines.text, R"("op":"c")") == 4);
}

TEST_CASE("a description that came after the transaction's own stays in force behind its commit") {
    Lines lines;
    lines.take(start(50, true));
    lines.take(of(50, kNarrow));
    lines.take(of(50, insert(7, {"t1"})));
    lines.take(stop());
    lines.take(start(60, true));
    lines.take(of(60, kShape));
    lines.take(of(60, insert(7, {"t2", "twide"})));
    lines.take(stop());
    SUBCASE("of a whole transaction") {
        lines.take(begin(0x90));
        lines.take(kShape);
        lines.take(insert(7, {"t3", "twide"}));
        lines.take(commit(0x90, 0x98));
    }
    SUBCASE("of one that ran") {
        lines.take(stream_commit(60, 0x90, 0x98));
    }
    lines.take(stream_commit(50, 0x100, 0x108));
    lines.take(begin(0x110));
    lines.take(insert(7, {"t4", "twide"}));
    CHECK(count(lines.text, R"("op":"c")") == 3);
}

TEST_CASE("segments without a first one, and messages cut short, stop the stream") {
    Lines lines;
    CHECK_FAILS(lines.take(start(50, false)), bad_data, "first one did not come");
    CHECK_FAILS(lines.take(stream_commit(50, 0x100, 0x108)), bad_data,
                "first segment did not come");
    for (const std::string& bytes :
         {start(50, true), stream_commit(50, 1, 2), stream_abort(50, 51)}) {
        CHECK_FAILS(lines.take(bytes.substr(0, bytes.size() - 1)), bad_data, "bytes");
        CHECK_FAILS(lines.take(bytes + 'x'), bad_data, "behind its end");
    }
    lines.take(start(50, true));
    CHECK_FAILS(lines.take("I12"), bad_data, "transaction id");
    CHECK_FAILS(lines.take(""), bad_data, "kind of message");
    CHECK_FAILS(lines.take(of(50, "R12")), bad_data, "within a segment");
}

TEST_CASE("the largest of the transactions that are beyond the limit is named") {
    OpenTransactions open{"", 1000};
    const std::string row = insert(7, {"t" + std::string(300, 'x')});
    open.take(1, start(50, true));
    open.take(1, of(50, row));
    open.take(1, stop());
    open.take(1, start(60, true));
    open.take(1, of(61, row));
    CHECK_FALSE(open.beyond_limit());
    open.take(1, of(60, row));
    open.take(1, stop());
    CHECK(open.beyond_limit());
    CHECK(open.largest() == 60);
    open.take(1, stream_abort(60, 60));
    CHECK_FALSE(open.beyond_limit());
    open.clear();
    CHECK(open.bytes() == 0);
}
