#include "kafka/incoming_record.hpp"

#include "support.hpp"

#include <string>

using namespace cdc::kafka;

namespace {

const std::string kVersion = "0123456789abcdef";
const std::string kOrder = "00010000000000001008000000000001";

std::string header(const std::string& name, const std::string& value) {
    return static_cast<char>(name.size() * 2) + name + static_cast<char>(value.size() * 2) + value;
}

/// As the broker sends them: the count, then the headers.
std::string both() {
    return '\x04' + header("cdc.table-version", kVersion) + header("cdc.order", kOrder);
}

bool read(const std::string& bytes, IncomingRecord& record) {
    return read_own_headers(bytes.data(), bytes.size(), record);
}

} // namespace

TEST_CASE("our own two headers are read as they stand in the fetch") {
    IncomingRecord record;
    const std::string bytes = both() + "the next record";
    CHECK(read(bytes, record));
    CHECK(record.table_version == kVersion);
    CHECK(record.order == kOrder);
}

TEST_CASE("headers that differ from ours in any byte before or between the values are not read") {
    const std::string good = both();
    const std::size_t version_at = good.find(kVersion);
    const std::size_t order_at = good.find(kOrder);
    for (std::size_t at = 0; at < order_at; ++at) {
        if (at >= version_at && at < version_at + kVersion.size()) {
            continue;
        }
        std::string bytes = good;
        ++bytes[at];
        IncomingRecord record;
        CAPTURE(at);
        CHECK_FALSE(read(bytes, record));
        CHECK(record.table_version.empty());
        CHECK(record.order.empty());
    }
}

TEST_CASE("headers that are cut off are not read") {
    const std::string good = both();
    for (std::size_t size = 0; size < good.size(); ++size) {
        IncomingRecord record;
        CHECK_FALSE(read_own_headers(good.data(), size, record));
    }
}

TEST_CASE("one header, a third one, or the other order go the long way") {
    IncomingRecord record;
    CHECK_FALSE(read('\x02' + header("cdc.order", kOrder) + std::string(80, 'x'), record));
    CHECK_FALSE(read('\x06' + both().substr(1) + header("other", "x"), record));
    CHECK_FALSE(
        read('\x04' + header("cdc.order", kOrder) + header("cdc.table-version", kVersion), record));
}
