#include "record/avro_encoder.hpp"

#include "record_lines.hpp"

#include <vector>

using namespace cdc;
using namespace cdc::record;

namespace {

/// The bytes, with some in front that are there before; or the words of the error.
std::string verdict(AvroEncoder& encoder, const AvroSchema& schema, std::string_view json) {
    std::string out = "front";
    try {
        encoder.append(out, schema, json);
    } catch (const base::Error& error) {
        return error.what();
    }
    return out;
}

std::string alone(const AvroSchema& schema, std::string_view json) {
    AvroEncoder encoder{AbsentColumns::listed};
    return verdict(encoder, schema, json);
}

std::string learnt(const AvroSchema& schema, std::string_view first, std::string_view json) {
    AvroEncoder encoder{AbsentColumns::listed};
    verdict(encoder, schema, first);
    return verdict(encoder, schema, json);
}

/// The value of a change as it is encoded, without its key.
std::string value(const std::string& middle) {
    return "{" + change_line("", middle).substr(8);
}

ShapeOf<AvroSchema> shape() {
    return {table_line(R"([{"name":"id","type":"bigint","nullable":false,"key":1},)"
                       R"({"name":"i","type":"integer"},{"name":"t","type":"text"},)"
                       R"j({"name":"n","type":"numeric(12,2)","precision":12,"scale":2},)j"
                       R"({"name":"f","type":"double precision"},{"name":"b","type":"bytea"},)"
                       R"({"name":"yes","type":"boolean"},{"name":"d","type":"date"},)"
                       R"({"name":"a","type":"text[]","element":"text"}])"),
            avro_schemas};
}

constexpr const char* kRow =
    R"("before":null,"after":{"id":64,"i":-7,"t":"a\nb\"é","n":"-12.50","f":1.5e3,"b":"AAE=",)"
    R"("yes":true,"d":"2024-02-29","a":["x",null,"\\"]})";

} // namespace

TEST_CASE("a record has the same bytes whatever was encoded before it") {
    const auto table = shape();
    std::vector<std::string> values{
        value(kRow),
        value(R"("before":null,"after":{"id":1,"i":null,"t":null,"n":null,"f":null,"b":null,)"
              R"("yes":null,"d":null,"a":null})"),
        value(R"("before":null,"after":{"id":"9007199254740993","i":2147483648,"t":"","n":"1",)"
              R"("f":"NaN","b":"","yes":false,"d":"infinity","a":[]})"),
        value(R"("before":null,"after":{"id":123456789012345678,"i":-2147483648,"t":"\u00e9\/",)"
              R"("n":"0.01","f":0,"b":null,"yes":false,"d":"0001-01-01 BC","a":null})"),
        value(R"("before":null,"after":{"id":1234567890123456789,"i":-0,"t":"nul","n":"x"})"),
        value(R"("before":null,"after":{"id":007,"i":1})"),
        value(R"("before":null,"after":{"id":1,"i":1.5})"),
        value(R"("before":null,"after":{"id":1,"i":nil})"),
        value(R"("before":null,"after":{"i":1,"id":2})"),
        value(R"("before":null,"after":{"i":5,"id":2,"t":"x"})"),
        value(R"("before":{"id":64},"after":null)"),
        value(R"("before":{"id":65},"after":{"id":66,"i":1},"unchanged":["t","n"])"),
        value(R"("before":{"id":65},"after":{"id":66,"t":"1"},"unchanged":["i"])"),
        value(R"("before":{"id":65},"after":{"id":66},"key_after":{"id":66})"),
        value(R"("before": {"id":65} ,"after":null)"),
        value(R"("before":null,"after":{"id":1,"other":{"x":[1]}})"),
        value(R"("before":null,"after":null)"),
        value(R"("after":null,"before":null)"),
        "null",
        "",
    };
    std::string other = values[0];
    other.replace(other.find(R"("table":"t")"), 11, R"("table":"u")");
    values.push_back(other);
    AvroEncoder all{AbsentColumns::listed};
    for (const std::string& first : values) {
        for (const std::string& second : values) {
            INFO(first);
            INFO(second);
            const std::string wanted = alone(*table.value, second);
            CHECK(learnt(*table.value, first, second) == wanted);
            CHECK(verdict(all, *table.value, second) == wanted);
        }
    }
}

TEST_CASE("a record that is like an earlier one but for a byte is judged as if it came alone") {
    const auto table = shape();
    const std::string whole = value(kRow);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        const std::string cut = whole.substr(0, i);
        CHECK(learnt(*table.value, whole, cut) == alone(*table.value, cut));
        for (const char c : {'"', '\\', '0', '-', '.', 'e', 'n', '}', ',', ' ', '\n', '\0'}) {
            std::string changed = whole;
            changed[i] = c;
            INFO(changed);
            CHECK(learnt(*table.value, whole, changed) == alone(*table.value, changed));
            changed.insert(i, 1, whole[i]);
            CHECK(learnt(*table.value, whole, changed) == alone(*table.value, changed));
        }
    }
}

TEST_CASE("records of two schemas go through one encoder") {
    const auto table = shape();
    AvroEncoder encoder{AbsentColumns::listed};
    for (int i = 0; i < 3; ++i) {
        CHECK(verdict(encoder, *table.key, R"({"id":64})") == "front\x80\x01");
        CHECK(verdict(encoder, *table.value, value(kRow)) == alone(*table.value, value(kRow)));
    }
}
