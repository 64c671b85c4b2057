#include "cdc-consume/decode_ahead.hpp"
#include "record/avro_encoder.hpp"

#include "support.hpp"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace cdc;
using consume::DecodeAhead;

namespace {

constexpr std::uint32_t kKey = 7;
constexpr std::uint32_t kOurs = 8;
constexpr std::uint32_t kForeign = 9;
constexpr std::uint32_t kUnknown = 10;

const record::AvroSchema& schema_of(const std::string& field) {
    static std::map<std::string, record::AvroSchema> schemas;
    return schemas
        .try_emplace(field, R"({"type":"record","name":"r","fields":[{"name":")" + field +
                                R"(","type":"string"}]})")
        .first->second;
}

std::string framed(std::uint32_t id, const std::string& field, const std::string& text) {
    record::AvroEncoder encoder{record::AbsentColumns::listed};
    std::string out;
    record::append_frame(out, id);
    encoder.append(out, schema_of(field), R"({")" + field + R"(":")" + text + R"("})");
    return out;
}

/// What a batch has, with the JSON that the thread may give for each; nothing: never any.
struct Batch {
    struct Wanted {
        std::string key;
        std::string value;
    };
    std::vector<std::optional<std::string>> keys;
    std::vector<std::optional<std::string>> values;
    std::vector<std::optional<Wanted>> wanted;
    std::vector<rd_kafka_message_t> messages;
    std::vector<rd_kafka_message_t*> pointers;

    void add(std::optional<std::string> key, std::optional<std::string> value,
             std::optional<Wanted> json) {
        keys.push_back(std::move(key));
        values.push_back(std::move(value));
        wanted.push_back(std::move(json));
    }
    std::span<rd_kafka_message_t* const> all() {
        messages.assign(keys.size(), {});
        pointers.clear();
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (keys[i]) {
                messages[i].key = keys[i]->data();
                messages[i].key_len = keys[i]->size();
            }
            if (values[i]) {
                messages[i].payload = values[i]->data();
                messages[i].len = values[i]->size();
            }
            pointers.push_back(&messages[i]);
        }
        return pointers;
    }
};

Batch batch_of(std::size_t count, const std::string& name) {
    Batch batch;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string text = name + std::to_string(i);
        const std::string key = framed(kKey, "k", text);
        const std::string value = framed(kOurs, "v", text + "é");
        const std::string json = R"({"v":")" + text + "é\"}";
        switch (i % 9) {
        case 2:
            batch.add(key, std::nullopt, std::nullopt); // a tombstone
            break;
        case 3:
            batch.add(key, framed(kForeign, "f", text), std::nullopt);
            break;
        case 4:
            batch.add(key, framed(kUnknown, "v", text), std::nullopt);
            break;
        case 5:
            batch.add(key, value.substr(0, value.size() - 1), std::nullopt); // broken
            break;
        case 6:
            batch.add(framed(kUnknown, "k", text), value, std::nullopt);
            break;
        case 7:
            batch.add(std::nullopt, value, Batch::Wanted{"null", json});
            break;
        case 8:
            batch.add(R"({"id":1})", value, Batch::Wanted{R"({"id":1})", json});
            break;
        default:
            batch.add(key, value, Batch::Wanted{R"({"k":")" + text + "\"}", json});
        }
    }
    return batch;
}

/// Lets all messages of the batch have their turn, and takes every `step`th record. Returns how
/// many the thread had decoded.
std::size_t take_all(DecodeAhead& ahead, Batch& batch, std::size_t step) {
    std::size_t decoded = 0;
    for (std::size_t i = 0; i < batch.keys.size(); ++i) {
        ahead.turn_of(i);
        batch.messages[i] = {}; // it goes
        const auto got = i % step == 0 ? ahead.take(i) : std::nullopt;
        if (!got) {
            continue;
        }
        ++decoded;
        REQUIRE(batch.wanted[i]);
        CHECK(got->key == batch.wanted[i]->key);
        CHECK(got->value == batch.wanted[i]->value);
    }
    return decoded;
}

} // namespace

TEST_CASE("what a thread decodes ahead is what the record says, and only what is usual") {
    DecodeAhead ahead;
    Batch first = batch_of(200, "first");
    ahead.begin(first.all());
    CHECK(take_all(ahead, first, 1) == 0); // it knows no schema
    ahead.know(kKey, schema_of("k"), false);
    ahead.know(kOurs, schema_of("v"), true);
    ahead.know(kForeign, schema_of("f"), false);
    std::size_t decoded = 0;
    std::size_t batches = 0;
    for (; batches < 20'000 && decoded < 2000; ++batches) {
        Batch batch = batch_of(1 + batches * 37 % 1100, std::to_string(batches));
        ahead.begin(batch.all());
        std::this_thread::sleep_for(std::chrono::milliseconds{1}); // else its owner may do all
        decoded += take_all(ahead, batch, 1 + batches % 3);
    }
    CHECK(decoded >= 2000);
}

TEST_CASE("a batch that is left in the middle, or is larger than the thread takes") {
    DecodeAhead ahead;
    ahead.know(kKey, schema_of("k"), false);
    ahead.know(kOurs, schema_of("v"), true);
    for (int i = 0; i < 50; ++i) {
        Batch batch = batch_of(3000, "large");
        ahead.begin(batch.all());
        if (i % 2 == 0) {
            take_all(ahead, batch, 1);
        } else {
            ahead.turn_of(0);
        }
        ahead.begin({}); // before the messages go
    }
}
