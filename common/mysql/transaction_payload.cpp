#include "mysql/transaction_payload.hpp"

#include "mysql/binlog_event.hpp"
#include "mysql/byte_reader.hpp"

#include <algorithm>

#include <zstd.h>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {
constexpr std::size_t kChunk = std::size_t{256} << 10;
constexpr std::size_t kSizeOffset = 9;
} // namespace

void TransactionPayload::Free::operator()(ZSTD_DCtx_s* context) const {
    ZSTD_freeDCtx(context);
}

TransactionPayload::TransactionPayload(std::string_view body) {
    enum Field : std::uint8_t { kEnd, kSize, kCompression, kUncompressedSize };
    constexpr std::uint64_t kZstd = 0;
    constexpr std::uint64_t kNone = 255;
    ByteReader reader{body};
    std::uint64_t compression = kNone;
    std::uint64_t size = 0;
    while (true) {
        const std::uint64_t field = reader.packed();
        if (field == kEnd) {
            break;
        }
        ByteReader value{reader.packed_bytes()};
        if (field == kSize) {
            size = value.packed();
        } else if (field == kCompression) {
            compression = value.packed();
        }
    }
    if (compression != kZstd && compression != kNone) {
        fail(ExitCode::bad_data, "a transaction compressed in unknown way {}", compression);
    }
    m_packed = reader.bytes(size);
    m_compressed = compression == kZstd;
    if (m_compressed) {
        m_context.reset(ZSTD_createDCtx());
    }
}

/// Until `wanted` bytes are in the buffer behind m_at; false at the end of all.
bool TransactionPayload::fill(std::size_t wanted) {
    if (m_at > 0 && m_buffer.size() - m_at < wanted) {
        m_buffer.erase(0, m_at);
        m_at = 0;
    }
    while (m_buffer.size() - m_at < wanted) {
        if (m_packed.empty() && !m_frame_open) {
            return false;
        }
        if (!m_compressed) {
            const std::size_t size = std::min(m_packed.size(), kChunk);
            m_buffer.append(m_packed.substr(0, size));
            m_packed.remove_prefix(size);
            continue;
        }
        const std::size_t old = m_buffer.size();
        m_buffer.resize(old + kChunk);
        ZSTD_inBuffer in{m_packed.data(), m_packed.size(), 0};
        ZSTD_outBuffer out{m_buffer.data() + old, kChunk, 0};
        const std::size_t result = ZSTD_decompressStream(m_context.get(), &out, &in);
        m_buffer.resize(old + out.pos);
        m_packed.remove_prefix(in.pos);
        if (ZSTD_isError(result) != 0) {
            fail(ExitCode::bad_data, "a compressed transaction: {}", ZSTD_getErrorName(result));
        }
        m_frame_open = result != 0;
        if (m_frame_open && m_packed.empty() && out.pos == 0) {
            fail(ExitCode::bad_data, "a compressed transaction that ends early");
        }
    }
    return true;
}

std::string_view TransactionPayload::next() {
    if (!fill(Event::kHeaderSize)) {
        if (m_buffer.size() != m_at) {
            fail(ExitCode::bad_data, "a compressed transaction with {} bytes behind its events",
                 m_buffer.size() - m_at);
        }
        return {};
    }
    const std::uint32_t size =
        ByteReader{std::string_view{m_buffer}.substr(m_at + kSizeOffset)}.u32();
    if (size < Event::kHeaderSize || !fill(size)) {
        fail(ExitCode::bad_data, "a compressed transaction with an event of {} bytes", size);
    }
    const std::string_view event = std::string_view{m_buffer}.substr(m_at, size);
    m_at += size;
    return event;
}

} // namespace cdc::mysql
