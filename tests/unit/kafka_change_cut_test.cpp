#include "kafka/change_cut.hpp"

#include "support.hpp"

using namespace cdc::kafka;

namespace {

const std::string kLine =
    R"({"key":{"id":7},"before":null,"after":{"id":7,"note":"x\n\"y\""},"source":{"ts_ms":1763709000000,)"
    R"("db":"d","schema":"s","table":"t","order":"000100000000015101f0000000000001"},"op":"u","ts_ms":5})";

ChangeCut cut(const std::string& line) {
    ChangeCut out;
    cut_change(line, out);
    return out;
}

} // namespace

TEST_CASE("a change is cut into key and value, and joined to the same bytes") {
    const ChangeCut parts = cut(kLine);
    CHECK(parts.key == R"({"id":7})");
    CHECK(parts.op == 'u');
    CHECK(parts.table == "\"t\"");
    CHECK(parts.order == "000100000000015101f0000000000001");
    CHECK(parts.ts_ms == 1763709000000);
    CHECK(parts.before == "null");
    std::string joined;
    CHECK(append_joined(joined, parts.key, "{" + std::string{parts.rest}));
    CHECK(joined == kLine);
}

TEST_CASE("a change may have any white space between its tokens") {
    const std::string line = R"( { "key" : null , "op":"t","source" : {"table":"t",)"
                             R"("order":"000100000000015101f0000000000001"} } )";
    const ChangeCut parts = cut(line);
    CHECK(parts.key == "null");
    CHECK(parts.op == 't');
    CHECK(is_change(line));
    CHECK_FALSE(is_change(R"({"table":{}})"));
    CHECK_FALSE(is_change("nonsense"));
}

TEST_CASE("a line cut short at any byte is bad data") {
    for (std::size_t size = 0; size < kLine.size(); ++size) {
        CAPTURE(size);
        CHECK_FAILS(cut(kLine.substr(0, size)), bad_data, "");
    }
}

TEST_CASE("a change without what a record needs is bad data") {
    CHECK_FAILS(cut(R"({"key":1,"op":"c"})"), bad_data, "key is");
    CHECK_FAILS(cut(R"({"key":null,"op":"c"})"), bad_data, "without source");
    CHECK_FAILS(cut(R"({"key":null,"source":{"table":"t"}})"), bad_data, "op");
    CHECK_FAILS(cut(R"({"key":null,"source":{"table":"t"},"op":"c"})"), bad_data, "source.order");
    CHECK_FAILS(cut(R"({"key":null,"source":{"order":"x"},"op":"c"})"), bad_data, "source.order");
    CHECK_FAILS(
        cut(R"({"key":null,"source":{"order":"000100000000015101f0000000000001"},"op":"c"})"),
        bad_data, "source.table");
    CHECK_FAILS(cut(kLine + "x"), bad_data, "behind the object");
    CHECK_FAILS(cut("{\"key\":{\"a\":\"\xff\"}}"), bad_data, "UTF-8");
}

TEST_CASE("a value that would break the line is not joined") {
    std::string out = "kept";
    CHECK_FALSE(append_joined(out, "null", "{\n}"));
    CHECK_FALSE(append_joined(out, "{\n}", "{}"));
    CHECK_FALSE(append_joined(out, "null", "[]"));
    CHECK_FALSE(append_joined(out, "null", ""));
    CHECK(out == "kept");
}

TEST_CASE("the order is read from the end of a value of ours, and of nothing else") {
    const std::string order = "000100000000015101f0000000000001";
    const std::string value = R"({"before":null,"after":{"id":1},"source":{"table":"t","order":")" +
                              order + R"("},"op":"c","ts_ms":1763709000123})";
    CHECK(own_order(value) == order);
    for (std::size_t size = 0; size < value.size(); ++size) {
        CHECK(own_order(std::string_view{value}.substr(0, size)).empty());
        CHECK(own_order(std::string_view{value}.substr(value.size() - size)).empty() ==
              (size < value.size() - value.find(R"("order")")));
    }
    for (const char* tail :
         {R"("},"op":"c","ts_ms":})", R"("},"op":"c","ts_ms":-5})", R"("},"op":"c","ts_ms":5}})",
          R"("},"op":"cc","ts_ms":5})", R"("},"op":"c","ts_us":5})", R"("},"op":"c","ts_ms":"5"})",
          R"(","x":1},"op":"c","ts_ms":5})", R"(","op":"c","ts_ms":5})"}) {
        CAPTURE(tail);
        CHECK(own_order(R"({"source":{"order":")" + order + tail).empty());
    }
    CHECK(own_order(R"({"source":{"order":"000100000000015101F0000000000001"},"op":"c","ts_ms":5})")
              .empty());
}
