#include "clickhouse/batch.hpp"
#include "clickhouse/row_encoder.hpp"
#include "clickhouse/row_text.hpp"

#include "support.hpp"

#include <cstring>
#include <map>
#include <random>

using namespace cdc::clickhouse;
using cdc::event::Column;
using cdc::event::LineDecoder;
using cdc::event::Order;

namespace {

void add(RowBatch& batch, const std::string& key, const std::string& rest, std::uint64_t order) {
    char* at = batch.begin_row(key.size() + rest.size());
    std::memcpy(at, key.data(), key.size());
    std::memcpy(at + key.size(), rest.data(), rest.size());
    batch.end_row(at + key.size() + rest.size(), key.size(), Order{order});
}

std::string all(const RowBatch& batch) {
    std::vector<std::string_view> pieces;
    batch.pieces(pieces, 0, SIZE_MAX);
    std::string out;
    for (const std::string_view piece : pieces) {
        out += piece;
    }
    return out;
}

Column column(const char* name, const char* type, int key = 0) {
    Column result;
    result.name = name;
    result.type = type;
    result.nullable = key == 0;
    result.key = key;
    return result;
}

std::string change(const std::string& after, const std::string& more = "") {
    return R"({"key":{"id":1},"before":{"id":1},"after":)" + after + "," + more +
           R"("source":{"db":"d","schema":"s","table":"t","order":"00010000000000000010000000000001"},)"
           R"("op":"u","ts_ms":1})";
}

std::string text_of(RowEncoder& encoder, const RowBatch& batch) {
    std::string out;
    for (const RowBatch::Row& row : batch.rows()) {
        append_row_text(out, batch.bytes(row), encoder.shape());
    }
    return out;
}

} // namespace

TEST_CASE("of one key the highest order stays, the later one when orders are equal") {
    RowBatch batch;
    add(batch, "k1", "first", 5);
    add(batch, "k2", "other", 1);
    add(batch, "k1", "lower", 4);
    CHECK(all(batch) == "k1firstk2other");
    add(batch, "k1", "equal", 5);
    CHECK(all(batch) == "k1equalk2other");
    add(batch, "k1", "longer row", 6);
    CHECK(batch.rows().size() == 2);
    CHECK(all(batch) == "k1longer rowk2other");
    CHECK(batch.find("k1")->order == Order{6});
    CHECK(batch.find("k3") == nullptr);
    batch.clear();
    CHECK(batch.empty());
    CHECK(batch.find("k1") == nullptr);
}

TEST_CASE("the highest order stays in whatever order rows of one size come") {
    const auto kept = [](const std::vector<std::uint64_t>& orders) {
        RowBatch batch;
        for (const std::uint64_t order : orders) {
            add(batch, "k", std::to_string(order), order);
        }
        CHECK(batch.rows().size() == 1);
        CHECK(batch.find("k")->order == Order{30});
        return all(batch);
    };
    CHECK(kept({10, 30, 20}) == "k30");
    CHECK(kept({10, 20, 30}) == "k30");
    CHECK(kept({30, 10, 20}) == "k30");
    CHECK(kept({20, 30, 10}) == "k30");
    CHECK(kept({20, 10, 30, 29, 11}) == "k30");
}

TEST_CASE("keys that rise are found, and so are those that come again") {
    const auto number = [](std::uint64_t value) {
        return std::string{reinterpret_cast<const char*>(&value), sizeof(value)};
    };
    RowBatch batch;
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t i = 0; i < 1000; ++i) {
            add(batch, number(i * 100), "a", i);
        }
        CHECK(batch.rows().size() == 1000);
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            const RowBatch::Row* found = batch.find(number(i));
            REQUIRE((found != nullptr) == (i % 100 == 0));
            REQUIRE((found == nullptr || found->order == Order{i / 100}));
        }
        CHECK(batch.find("another size") == nullptr);
        add(batch, number(99'900), "b", 5000); // the last one again
        add(batch, number(25'600), "b", 1);    // below what is there
        add(batch, number(25'601), "new", 1);
        add(batch, number(200'000), "new", 1);
        add(batch, number(300), "longer", 3);
        CHECK(batch.rows().size() == 1002);
        CHECK(batch.bytes(*batch.find(number(99'900))) == number(99'900) + "b");
        CHECK(batch.bytes(*batch.find(number(25'600))) == number(25'600) + "a");
        CHECK(batch.bytes(*batch.find(number(25'601))) == number(25'601) + "new");
        CHECK(batch.bytes(*batch.find(number(200'000))) == number(200'000) + "new");
        CHECK(batch.bytes(*batch.find(number(300))) == number(300) + "longer");
        CHECK(batch.find(number(25'602)) == nullptr);
        batch.clear();
        CHECK(batch.find(number(300)) == nullptr);
    }
}

TEST_CASE("a batch keeps what a map would, whatever keys come") {
    std::mt19937 random{7};
    for (int round = 0; round < 300; ++round) {
        RowBatch batch;
        std::map<std::string, std::pair<std::uint64_t, std::string>> expected;
        const std::size_t rising = random() % 40;
        for (std::size_t i = 0; i < 60; ++i) {
            const std::size_t key_number = i < rising ? i * 50 : random() % 3000;
            std::string key{static_cast<char>(key_number), static_cast<char>(key_number >> 8)};
            key.append(random() % 50 == 0 ? 9 : 8, 'k');
            const std::uint64_t order = random() % 10;
            const std::string rest(1 + random() % 2, static_cast<char>('a' + i % 26));
            add(batch, key, rest, order);
            auto& kept = expected[key];
            if (kept.second.empty() || order >= kept.first) {
                kept = {order, key + rest};
            }
            const RowBatch::Row* found = batch.find(key);
            REQUIRE(found != nullptr);
            REQUIRE(batch.bytes(*found) == kept.second);
        }
        REQUIRE(batch.rows().size() == expected.size());
        for (const RowBatch::Row& row : batch.rows()) {
            REQUIRE(batch.bytes(row) == expected[std::string{batch.key(row)}].second);
        }
    }
}

TEST_CASE("rows without key are all kept") {
    RowBatch batch;
    for (int i = 0; i < 3; ++i) {
        char* at = batch.begin_row(1);
        *at = static_cast<char>('a' + i);
        batch.end_row(at + 1, 0, Order{1});
    }
    CHECK(all(batch) == "abc");
}

TEST_CASE("a batch finds every one of many keys, and gives them in portions") {
    RowBatch batch;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 20000; ++i) {
            add(batch, "key " + std::to_string(i),
                std::string(static_cast<std::size_t>(i % 7), 'x'),
                static_cast<std::uint64_t>(round * i % 3));
        }
    }
    CHECK(batch.rows().size() == 20000);
    for (int i = 0; i < 20000; i += 37) {
        CHECK(batch.find("key " + std::to_string(i)) != nullptr);
    }
    std::vector<std::string_view> pieces;
    std::size_t bytes = 0;
    for (std::size_t from = 0; from < 20000; from += 6000) {
        batch.pieces(pieces, from, 6000);
        for (const std::string_view piece : pieces) {
            bytes += piece.size();
        }
    }
    CHECK(bytes == all(batch).size());
}

TEST_CASE("a row is made from the members of an image, in the layout of the insert") {
    RowEncoder encoder{make_shape("postgresql", {column("note", "text"), column("id", "integer", 1),
                                                 column("a\"b", "integer")})};
    LineDecoder decoder;
    RowBatch batch;
    const std::string line = change(R"({"note":"x","id":1,"a\"b":7})");
    encoder.take(decoder.decode(line).after);
    CHECK(encoder.first_missing({}).empty());
    encoder.write_row(batch, line.size(), Order{3}, 9);
    CHECK(text_of(encoder, batch) == "[1,\"x\",7,\"3\",0,9]\n");
    const std::string_view row = batch.bytes(batch.rows()[0]);
    CHECK(encoder.order_of(row) == Order{3});
    CHECK_FALSE(encoder.is_deleted(row));
    CHECK(encoder.key_size(row) == 4);
    CHECK(encoder.row_end(row.data(), row.data() + row.size()) == row.data() + row.size());
    CHECK(encoder.row_end(row.data(), row.data() + row.size() - 1) == nullptr);

    encoder.take(decoder.decode(line).before);
    CHECK(encoder.first_missing({}) == "note");
    encoder.write_deleted(batch, line.size(), Order{4}, 9);
    CHECK(text_of(encoder, batch) == "[1,null,null,\"4\",1,9]\n");
    CHECK(encoder.is_deleted(batch.bytes(batch.rows()[0])));
}

TEST_CASE("members in another order, or escaped in another way, find their columns") {
    RowEncoder encoder{
        make_shape("postgresql", {column("id", "integer", 1), column("n\u00e9", "text")})};
    LineDecoder decoder;
    RowBatch batch;
    const std::string line = change(R"({"n\u00e9":"x","id":1})");
    encoder.take(decoder.decode(line).after);
    encoder.write_row(batch, line.size(), Order{3}, 0);
    CHECK(text_of(encoder, batch) == "[1,\"x\",\"3\",0,0]\n");
    const std::string bad = change(R"({"id":1,"other":2})");
    CHECK_FAILS(encoder.take(decoder.decode(bad).after), bad_data, "'other'");
}

TEST_CASE("unchanged columns come from the row before, also when it lies in the same batch") {
    RowEncoder encoder{make_shape("postgresql", {column("id", "integer", 1), column("q", "integer"),
                                                 column("note", "text")})};
    LineDecoder decoder;
    RowBatch batch;
    const std::string whole = change(R"({"id":1,"q":1,"note":"long text"})");
    encoder.take(decoder.decode(whole).after);
    encoder.write_row(batch, whole.size(), Order{3}, 0);
    const std::string partial = change(R"({"id":1,"q":2})", R"("unchanged":["note"],)");
    const auto& decoded = decoder.decode(partial);
    encoder.take(decoded.after);
    CHECK(encoder.first_missing(decoded.unchanged).empty());
    std::string key;
    encoder.write_key(key);
    REQUIRE(batch.find(key) != nullptr);
    encoder.write_filled(batch, partial.size(), Order{4}, 0, batch.bytes(*batch.find(key)));
    CHECK(text_of(encoder, batch) == "[1,2,\"long text\",\"4\",0,0]\n");
}

TEST_CASE("a value that does not fit names its column, and leaves the batch as it was") {
    RowEncoder encoder{make_shape("postgresql", {column("id", "smallint", 1)})};
    LineDecoder decoder;
    RowBatch batch;
    const std::string line = change(R"({"id":40000})");
    encoder.take(decoder.decode(line).after);
    CHECK_FAILS(encoder.write_row(batch, line.size(), Order{3}, 0), bad_data, "'id' (Int16)");
    CHECK(batch.empty());
}
