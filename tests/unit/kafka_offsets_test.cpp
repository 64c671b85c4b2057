#include "kafka/acknowledgements.hpp"
#include "kafka/cut_mark.hpp"
#include "kafka/offsets.hpp"

#include "support.hpp"

#include <string>
#include <vector>

using namespace cdc::kafka;

TEST_CASE("offsets go to text and back") {
    const Offsets offsets{{{"shop.a", 0}, 152}, {{"shop.a", 1}, 77}, {{"shop.b", 0}, 5}};
    CHECK(format_offsets(offsets) == "shop.a:0=152,1=77;shop.b:0=5");
    CHECK(parse_offsets("shop.a:0=152,1=77;shop.b:0=5") == offsets);
    CHECK(format_offsets({}).empty());
    CHECK(parse_offsets("").empty());
}

TEST_CASE("text that is not offsets is refused") {
    for (const char* text : {"a", "a:", ":0=1", "a:0", "a:0=", "a:x=1", "a:0=-1", "a:-1=0",
                             "a:0=1;b", "a:0=1,,1=2", "a:0=99999999999999999999"}) {
        CAPTURE(text);
        CHECK_FAILS(parse_offsets(text), bad_data, "is not offsets");
    }
}

TEST_CASE("the lowest offsets are those that both hold, the higher ones are kept when raised") {
    const Offsets a{{{"t", 0}, 5}, {{"t", 1}, 9}};
    const Offsets b{{{"t", 0}, 7}, {{"t", 2}, 3}};
    CHECK(lowest_offsets(a, b) == Offsets{{{"t", 0}, 5}});
    Offsets raised = a;
    raise_offsets(raised, b);
    CHECK(raised == Offsets{{{"t", 0}, 7}, {{"t", 1}, 9}, {{"t", 2}, 3}});
}

TEST_CASE("a checkpoint is durable when every record before it is acknowledged") {
    Acknowledgements acks;
    auto* first = acks.sent();
    auto* second = acks.sent();
    acks.checkpoint("one");
    auto* third = acks.sent();
    acks.checkpoint("two");
    acks.acknowledged(third);
    acks.acknowledged(second);
    CHECK(acks.take_durable().empty());
    acks.acknowledged(first);
    CHECK(acks.take_durable().lines() == std::vector<std::string>{"two"});
    CHECK(acks.take_durable().empty());
    CHECK(acks.outstanding() == 0);
}

TEST_CASE("the ends of a checkpoint are those of the records before it") {
    Acknowledgements acks;
    auto* first = acks.sent();
    acks.checkpoint("one");
    auto* second = acks.sent();
    Acknowledgements::stored(second, 2, 1, 41);
    acks.acknowledged(second);
    Acknowledgements::stored(first, 2, 1, 40);
    Acknowledgements::stored(first, 0, 0, 7);
    acks.acknowledged(first);
    CHECK(acks.take_durable().lines() == std::vector<std::string>{"one"});
    CHECK(acks.ends() == Acknowledgements::Ends{{8}, {}, {0, 41}});
    acks.checkpoint("two");
    CHECK(acks.take_durable().lines() == std::vector<std::string>{"two"});
    CHECK(acks.ends() == Acknowledgements::Ends{{8}, {}, {0, 42}});
}

TEST_CASE("a mark comes back with its checkpoint and offsets") {
    cdc::event::Checkpoint checkpoint;
    checkpoint.kind = "postgres";
    checkpoint.server = "7";
    checkpoint.slot = "s";
    checkpoint.position = "0/1";
    checkpoint.order = cdc::event::Order{16};
    const Offsets offsets{{{"p.t", 0}, 5}, {{"p.t", 2}, 7}};
    const CutMark mark = parse_cut_mark(encode_cut_mark(checkpoint.encode(), offsets));
    CHECK(mark.checkpoint.order == checkpoint.order);
    CHECK(mark.offsets == offsets);
    CHECK(cut_mark_key(mark.checkpoint) ==
          R"({"kind":"postgres","server":"7","database":"","slot":"s"})");
    CHECK_FAILS(parse_cut_mark(checkpoint.encode()), bad_data, "a mark without offsets");
    CHECK_FAILS(parse_cut_mark("[]"), bad_data, "a mark without offsets");
}

TEST_CASE("a checkpoint without records before it is durable at once") {
    Acknowledgements acks;
    acks.checkpoint("one");
    CHECK(acks.take_durable().lines() == std::vector<std::string>{"one"});
    acks.sent();
    acks.checkpoint("two");
    CHECK(acks.take_durable().empty());
}

TEST_CASE("many checkpoints are joined, late but never early") {
    Acknowledgements acks;
    std::vector<Acknowledgements::Group*> groups;
    const std::size_t count = Acknowledgements::kMaxGroups + 100;
    for (std::size_t i = 0; i < count; ++i) {
        groups.push_back(acks.sent());
        acks.checkpoint(std::to_string(i));
    }
    auto* last = groups.back();
    for (std::size_t i = 0; i + 1 < groups.size(); ++i) {
        acks.acknowledged(groups[i]);
    }
    CHECK(acks.take_durable().newest() == std::to_string(Acknowledgements::kMaxGroups - 2));
    acks.acknowledged(last);
    CHECK(acks.take_durable().newest() == std::to_string(count - 1));
}

TEST_CASE("the checkpoints of several inputs are durable each on its own") {
    const std::string shop = R"({"checkpoint":{},"input":"shop"})";
    const std::string stock = R"({"checkpoint":{},"input":"stock"})";
    Acknowledgements acks;
    acks.checkpoint(shop);
    acks.checkpoint(stock);
    auto* record = acks.sent();
    acks.checkpoint(shop);
    CHECK(acks.take_durable().lines() == std::vector<std::string>{shop, stock});
    acks.acknowledged(record);
    CHECK(acks.take_durable().lines() == std::vector<std::string>{shop});
}
