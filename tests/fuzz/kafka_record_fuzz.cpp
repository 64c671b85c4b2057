// A record's key and value, a tab between them: whatever the bytes, they become one line that the
// next tool can read, or bad_data; and what becomes a line goes into every envelope as valid JSON.
#include "fuzz_input.hpp"
#include "kafka/change_cut.hpp"
#include "kafka/envelope.hpp"
#include "kafka/foreign.hpp"

namespace {

using namespace cdc;
using namespace cdc::fuzz;

const std::string kTable =
    R"({"name":"s.t","version":"0123456789abcdef","columns":[)"
    R"({"name":"id","type":"bigint","nullable":false,"key":1},{"name":"n","type":"integer"},)"
    R"({"name":"r","type":"real"},{"name":"b","type":"bytea"},{"name":"t","type":"text"}]})";

void wrap(std::string_view line) {
    kafka::ChangeCut cut;
    kafka::cut_change(line, cut);
    std::string joined;
    const std::string value = "{" + std::string{cut.rest};
    require(kafka::append_joined(joined, cut.key, value) ==
            (line.find('\n') == std::string_view::npos));
    require(joined.empty() || is_json(joined));
    const auto valid = [](auto&& append) {
        try_to([&] {
            std::string out;
            append(out);
            require(is_json(out));
        });
    };
    kafka::ConnectSchemas schemas;
    valid([&](std::string& out) { kafka::append_flat(out, cut); });
    valid([&](std::string& out) { schemas.append_key(out, cut, "t", "v", kTable); });
    valid([&](std::string& out) { schemas.append_value(out, cut, "t", "v", kTable); });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto tab = std::min(bytes.find('\t'), size);
    const std::size_t value_size = tab < size ? size - tab - 1 : 0;
    const Exact key_copy{bytes.substr(0, tab)};
    const Exact value_copy{bytes.substr(size - value_size)};
    const std::string_view key = key_copy.bytes();
    const std::string_view value = value_copy.bytes();

    const std::string_view order = kafka::own_order(value);
    require(order.empty() || order.size() == 32);
    try_to([&] { wrap(value); });
    try_to([&] {
        std::string line;
        static kafka::ConnectRows rows;
        kafka::append_foreign(line, key.empty() ? "null" : key, value, 0, 7, &rows);
        line.pop_back();
        require(is_json(line) && line.find('\n') == std::string::npos);
        wrap(line);
    });
    return 0;
}
