#include "cdc-transform/outbox.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace cdc;
using transform::Outbox;
using transform::OutboxEnd;

namespace {

std::string checkpoint(int position, const char* snapshot = "null") {
    return R"({"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s",)"
           R"("position":"0/1","order":")" +
           event::Order::make(1, static_cast<std::uint64_t>(position), 0).text() +
           R"(","commit_ts_ms":0,"snapshot":)" + snapshot + R"(},"ts_ms":1})";
}

struct Folder {
    std::string path = "/tmp/cdc-outbox-" + std::to_string(::getpid());
    Folder() { std::filesystem::remove_all(path); }
    ~Folder() { std::filesystem::remove_all(path); }
};

/// Appends what is given to `out`.
Outbox::Give into(std::string& out) {
    return [&out](const io::FileRange& range) {
        std::string bytes(range.end - range.begin, '\0');
        REQUIRE(::pread(range.file->get(), bytes.data(), bytes.size(),
                        static_cast<off_t>(range.begin)) == static_cast<ssize_t>(bytes.size()));
        out += bytes;
    };
}

std::string sent(Outbox& outbox) {
    std::string out;
    outbox.send(into(out));
    return out;
}

std::string sent_again(Outbox& outbox) {
    std::string out;
    outbox.send_again(into(out));
    return out;
}

void acknowledge(Outbox& outbox, const std::string& line) {
    outbox.acknowledged(event::parse_checkpoint(line, "test"));
}

} // namespace

TEST_CASE("outbox: a batch goes out once, and again after a restart until it is acknowledged") {
    const Folder folder;
    OutboxEnd end;
    {
        Outbox outbox{folder.path, end};
        outbox.append("a\n");
        end = outbox.sync(checkpoint(1));
        CHECK(sent(outbox) == "a\n" + checkpoint(1) + "\n");
        outbox.append("b\n");
        end = outbox.sync(checkpoint(2));
        CHECK(sent(outbox) == "b\n" + checkpoint(2) + "\n");
    }
    Outbox outbox{folder.path, end};
    CHECK(sent(outbox).empty());
    CHECK(sent_again(outbox) == "a\nb\n");
    acknowledge(outbox, checkpoint(1));
    CHECK(sent_again(outbox) == "b\n");
    acknowledge(outbox, checkpoint(7));
    CHECK(sent_again(outbox).empty());
    CHECK(outbox.waiting_batches() == 0);
}

TEST_CASE("outbox: what was not committed is cut off") {
    const Folder folder;
    OutboxEnd end;
    {
        Outbox outbox{folder.path, end};
        outbox.append("a\n");
        end = outbox.sync(checkpoint(1));
        outbox.append("never\n");
        outbox.sync(checkpoint(2));
    }
    Outbox outbox{folder.path, end};
    CHECK(sent_again(outbox) == "a\n");
    outbox.append("b\n");
    outbox.sync(checkpoint(2));
    CHECK(sent(outbox) == "b\n" + checkpoint(2) + "\n");
}

TEST_CASE("outbox: of one order, a snapshot's progress counts") {
    const Folder folder;
    Outbox outbox{folder.path, {}};
    for (const char* snapshot : {R"({"seq":1})", R"({"seq":2})", R"("done")"}) {
        outbox.append(std::string{snapshot} + "\n");
        outbox.sync(checkpoint(1, snapshot));
    }
    sent(outbox);
    acknowledge(outbox, checkpoint(1, R"({"seq":2})"));
    CHECK(sent_again(outbox) == "\"done\"\n");
    acknowledge(outbox, checkpoint(1, R"("done")"));
    CHECK(sent_again(outbox).empty());
}

TEST_CASE("outbox: another source's checkpoint acknowledges nothing") {
    const Folder folder;
    Outbox outbox{folder.path, {}};
    outbox.append("a\n");
    outbox.sync(checkpoint(1));
    sent(outbox);
    std::string other = checkpoint(9);
    other.replace(other.find("\"slot\":\"s\""), 10, "\"slot\":\"t\"");
    acknowledge(outbox, other);
    CHECK(outbox.waiting_batches() == 1);
}

TEST_CASE("outbox: full files go when all in them has arrived") {
    const Folder folder;
    Outbox outbox{folder.path, {}};
    const std::string large(std::size_t{65} << 20, 'x');
    outbox.append(large);
    outbox.append("\n");
    outbox.sync(checkpoint(1));
    sent(outbox);
    outbox.append("b\n");
    const OutboxEnd end = outbox.sync(checkpoint(2));
    CHECK(end.segment == 2);
    CHECK(std::filesystem::exists(folder.path + "/00000001.lines"));
    acknowledge(outbox, checkpoint(1));
    CHECK_FALSE(std::filesystem::exists(folder.path + "/00000001.lines"));
    CHECK(sent(outbox) == "b\n" + checkpoint(2) + "\n");
}

TEST_CASE("outbox: what an input's sink file acknowledges has arrived, that of other inputs before "
          "it too") {
    const Folder folder;
    const auto of = [](const char* input, int position) {
        return event::with_input(checkpoint(position), input);
    };
    Outbox outbox{folder.path, {}};
    for (const auto& [lines, at] :
         {std::pair{"a\n", of("shop", 100)}, std::pair{"b\n", of("stock", 7)},
          std::pair{"c\n", of("shop", 200)}, std::pair{"d\n", of("stock", 8)}}) {
        outbox.append(lines);
        outbox.sync(at);
    }
    CHECK(!sent(outbox).empty());
    outbox.acknowledged(event::parse_checkpoint(checkpoint(150), "test"), "stock"); // both
    CHECK(outbox.waiting_batches() == 0);

    outbox.append("e\n");
    outbox.sync(of("shop", 300));
    outbox.append("f\n");
    outbox.sync(of("stock", 9));
    CHECK(!sent(outbox).empty());
    outbox.acknowledged(event::parse_checkpoint(checkpoint(400), "test"), "shop");
    CHECK(sent_again(outbox) == "f\n");
    outbox.acknowledged(event::parse_checkpoint(checkpoint(400), "test"));
    CHECK(sent_again(outbox) == "f\n");
}
