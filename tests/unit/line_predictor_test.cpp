#include "line_text.hpp"
#include "support.hpp"

using namespace cdc::event;

namespace {

std::string change(const std::string& id, const std::string& note, const std::string& order = "a",
                   const std::string& table = "t", const std::string& op = "u") {
    return R"({"key":{"id":)" + id + R"(},"before":null,"after":{"id":)" + id + R"(,"note":)" +
           note +
           R"(},"unchanged":["big"],"source":{"connector":"postgresql","ts_ms":17,"db":"d",)" +
           R"("sequence":"[\"1\",\"2\"]","schema":"s","table":")" + table +
           R"(","order":"000100000000015101f000000000000)" + order +
           R"(","lsn":12,"xmin":null},"op":")" + op + R"(","ts_ms":5})";
}

} // namespace

TEST_CASE("a predicted line is what the decoder makes of it") {
    LinePredictor predictor;
    LineDecoder decoder;
    const std::string lines[] = {
        change("1", "\"x\""),
        change("2", "null"),
        change("-12345", R"("a \"quoted\" \\ word")"),
        change("3", "\"" + std::string(300, 'y') + "\""),
        change("4", "1.25", "b", "other"),
        change("5", "true", "c"),
        change("6", "1e20", "d"),
        change("6", "-2.5E-07", "d"),
        change("6", "1e", "d"),
        change("6", R"([1,null,-3])", "d"),
        change("6", R"([])", "d"),
        change("6", R"([["a","b\n"],[null,"]"]])", "d"),
        change("6", R"([[[[[[[1]]]]]]])", "d"),
        change("6", R"([1 ,2])", "d"),
        change("6", R"([{"a":1}])", "d"),
        change("7", R"("\u00e9")", "e"),
        change("8", R"({"a":[1]})", "f"),
        change("9", "\"\"", "0", "t", "c"),
        R"({"key":{"id":1},"before":{"id":1},"after":null,"source":{"table":"t","order":"000100000000015101f0000000000001"},"op":"d","ts_ms":1})",
        R"({"key":null,"before":null,"after":null,"source":{"table":"t","order":"000100000000015101f0000000000001"},"op":"t","ts_ms":1})",
        R"({"key":{"id":1},"before":null,"after":{},"source":{"table":"t","order":"000100000000015101f0000000000001"},"op":"c","ts_ms":1})",
        R"({"key":{"id":1},"before":{"id":1},"after":null,"key_after":{"id":2},"source":{"table":"t","order":"000100000000015101f0000000000001"},"op":"d","ts_ms":1})",
        R"({"checkpoint":{"v":1},"ts_ms":1})",
    };
    for (int round = 0; round < 3; ++round) {
        for (const std::string& line : lines) {
            const Padded padded{line};
            CHECK(verdict(predictor, padded.line()) == verdict(decoder, padded.line()));
        }
    }
}

TEST_CASE("of a member that stands twice the last one counts") {
    const std::string source =
        R"("source":{"table":"t","order":"000100000000015101f0000000000001"})";
    const std::string other =
        R"("source":{"table":"u","order":"000100000000015101f0000000000002"})";
    for (const std::string& line :
         {R"({"key":{"id":1},"after":{"id":1},"after":{"id":2,"n":3},)" + source + R"(,"op":"c"})",
          R"({"key":{"id":1},"after":{"id":1,"n":3},"after":{"id":2},)" + source + R"(,"op":"c"})",
          R"({"key":{"id":1},"key":{"id":2},"after":{"id":1},)" + source + R"(,"op":"c"})",
          R"({"key":{"id":1},"after":{"id":1},)" + source + "," + other + R"(,"op":"c"})",
          R"({"key":{"id":1},"after":{"id":1},)" + source.substr(0, source.size() - 1) +
              R"(,"order":"000100000000015101f0000000000003","ts_ms":1,"ts_ms":2},"op":"c"})",
          R"({"key":{"id":1},"after":{"id":1},)" + source + R"(,"op":"c","ts_ms":3,"ts_ms":4})"}) {
        LinePredictor predictor;
        LineDecoder decoder;
        const Padded padded{line};
        for (int round = 0; round < 3; ++round) {
            CHECK(verdict(predictor, padded.line()) == verdict(decoder, padded.line()));
        }
    }
}

TEST_CASE("what is kept of long lines does not grow with them") {
    LinePredictor predictor;
    LineDecoder decoder;
    for (int i = 0; i < 20; ++i) {
        std::string line = R"({"key":{"id":7},"before":null,"after":{"id":7,"c)" +
                           std::to_string(i % 12) + R"(":")" + std::string(1 << 20, 'x') +
                           R"("},"source":{"connector":"postgresql","db":"d","schema":"s",)"
                           R"("table":"t","order":"000100000000015101f0000000000001","ts_ms":5},)"
                           R"("op":"c","ts_ms":6})";
        const std::size_t size = line.size();
        line.append(LinePredictor::kPadding, '\0');
        const std::string_view text{line.data(), size};
        const DecodedLine& predicted = predictor.decode(text);
        CHECK(predicted.after.fields.at(1).value.size() == (1 << 20) + 2);
        CHECK(predicted.after.raw == decoder.decode(text).after.raw);
        CHECK(predicted.source.order == decoder.decode(text).source.order);
    }
    CHECK(predictor.kept_bytes() < (1 << 16));
}

TEST_CASE("what the decoder refuses, the predictor refuses in the same words") {
    const std::string good = change("1", R"(["x",[1.5e-3,null]])");
    LinePredictor predictor;
    LineDecoder decoder;
    const Padded padded_good{good};
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char byte :
             {'\0', '"', '\\', ',', '}', '{', '[', ']', '0', 'e', 'x', '\n', '\xff'}) {
            predictor.decode(padded_good.line());
            std::string changed = good;
            changed[at] = byte;
            const Padded padded{changed};
            const std::string wanted = verdict(decoder, padded.line());
            CHECK(verdict(predictor, padded.line()) == wanted);
        }
        predictor.decode(padded_good.line());
        const Padded cut{good.substr(0, at)};
        CHECK(verdict(predictor, cut.line()) == verdict(decoder, cut.line()));
    }
}
