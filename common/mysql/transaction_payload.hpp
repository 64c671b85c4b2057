#ifndef CDC_MYSQL_TRANSACTION_PAYLOAD_HPP
#define CDC_MYSQL_TRANSACTION_PAYLOAD_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ZSTD_DCtx_s;

namespace cdc::mysql {

/// The events of a compressed transaction, one after another: no more than one of them and a
/// buffer are in memory beside the compressed bytes.
///
/// Body of the event: fields of type (packed), length (packed) and value, ended by type 0: 1 size
/// of what follows, 2 how it is compressed (0 zstd, 255 not), 3 its size before that; then the
/// bytes of events without checksums.
class TransactionPayload {
public:
    /// Throws Error (bad_data) for another kind of compression.
    explicit TransactionPayload(std::string_view body);

    /// The next event, valid until the next call; empty at the end. Throws Error (bad_data).
    std::string_view next();

private:
    bool fill(std::size_t wanted);

    struct Free {
        void operator()(ZSTD_DCtx_s* context) const;
    };
    std::string_view m_packed;
    bool m_compressed = false;
    std::unique_ptr<ZSTD_DCtx_s, Free> m_context;
    std::string m_buffer;
    std::size_t m_at = 0; ///< what was given out of m_buffer
    bool m_frame_open = false;
};

} // namespace cdc::mysql

#endif
