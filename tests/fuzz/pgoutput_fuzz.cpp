// A stream of pgoutput messages, each behind a length of two bytes: whatever the bytes, the decoder
// gives a message or throws bad_data or refused, and every line that the builder makes can be read
// again. Transactions that are sent while they run among them.
#include "base/error.hpp"
#include "event/line_decoder.hpp"
#include "event/table_filter.hpp"
#include "fake_lookup.hpp"
#include "postgres/change_builder.hpp"
#include "postgres/open_transactions.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace {

using namespace cdc;

void read_again(std::string_view lines) {
    static event::LineDecoder decoder;
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        if (end == std::string_view::npos) {
            std::abort();
        }
        decoder.decode(lines.substr(0, end)); // what it throws ends the run
        lines.remove_prefix(end + 1);
    }
}

/// Lines of a stream.
class Lines {
public:
    explicit Lines(postgres::SourceLookup& lookup)
        : m_builder{{"fuzz", "fuzz", true, false, {}, {}},
                    event::TableFilter{{}, {"skipped.*"}},
                    postgres::Timelines{2, "1\t0/5000\tx\n"},
                    lookup} {}

    void take(std::string_view bytes) {
        using Taken = postgres::OpenTransactions::Taken;
        const Taken taken = m_open.take(kLsn, bytes);
        if (taken == Taken::no) {
            m_builder.apply(m_decoder.decode(bytes), kLsn, text);
        } else if (taken == Taken::committed) {
            read_out(m_open.committed(kLsn));
        }
    }

    std::string text;

private:
    static constexpr postgres::Lsn kLsn = 0x1000;

    void read_out(postgres::OpenTransactions::Committed transaction) {
        m_builder.apply(transaction.begin, kLsn, text);
        while (const auto message = transaction.messages.next(m_open.relations())) {
            m_builder.apply(m_decoder.decode(message->bytes), kLsn, text);
        }
        m_builder.apply(transaction.end, kLsn, text);
        m_open.forget_relations();
    }

    postgres::ChangeBuilder m_builder;
    postgres::pgoutput::Decoder m_decoder;
    postgres::OpenTransactions m_open{"", ~std::uint64_t{0}};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FakeLookup lookup;
    lookup.fetched = {{postgres::FetchedValue::State::null, ""},
                      {postgres::FetchedValue::State::gone, ""}};
    Lines lines{lookup};
    while (size >= 2) {
        const std::size_t length = std::min<std::size_t>(data[0] << 8 | data[1], size - 2);
        // An exact allocation, so that a read past the end is seen.
        const std::unique_ptr<char[]> copy{new char[length]};
        std::copy_n(data + 2, length, copy.get());
        data += 2 + length;
        size -= 2 + length;
        try {
            lines.take({copy.get(), length});
        } catch (const base::Error& error) {
            // Refused is the old row of a partition whose identity is not the root's.
            if (error.code() != base::ExitCode::bad_data &&
                error.code() != base::ExitCode::refused) {
                std::abort();
            }
        }
    }
    read_again(lines.text);
    return 0;
}
