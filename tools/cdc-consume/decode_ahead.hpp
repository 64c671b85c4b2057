#ifndef CDC_CONSUME_DECODE_AHEAD_HPP
#define CDC_CONSUME_DECODE_AHEAD_HPP

#include "base/mutex.hpp"
#include "record/avro_decoder.hpp"
#include "record/framing.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

struct rd_kafka_message_s;

namespace cdc::consume {

/// A thread that decodes the records at the end of a batch while its owner works on those at the
/// beginning, until they meet: decoding Avro is most of the work. It does only what is usual: a
/// value of a schema of ours, and bytes that are what their schemas say. All else it leaves to the
/// owner, who asks the registry and tells what is wrong.
class DecodeAhead {
public:
    /// As JSON; valid until the next batch. Without a key "null".
    struct Decoded {
        std::string_view key;
        std::string_view value;
    };

    DecodeAhead();
    ~DecodeAhead();
    DecodeAhead(const DecodeAhead&) = delete;
    DecodeAhead& operator=(const DecodeAhead&) = delete;

    /// From the next batch on; `schema` outlives this object. Values of schemas that are not `ours`
    /// are left alone.
    void know(std::uint32_t id, const record::AvroSchema& schema, bool ours);
    /// The messages stay until it is their turn, or the next call.
    void begin(std::span<rd_kafka_message_s* const> batch) CDC_EXCLUDES(m_mutex);
    /// Of each message, in the batch's order: it may go from now on.
    void turn_of(std::size_t number) {
        if (number / kBlock != m_here) {
            enter(number / kBlock);
        }
    }
    /// Of the message whose turn it is; nothing: it is the owner's work.
    std::optional<Decoded> take(std::size_t number) const;

private:
    static constexpr std::size_t kBlock = 32; ///< records that one of both takes at a time
    static constexpr std::size_t kMostBlocks = 64;
    enum class State : std::uint8_t { open, owners, theirs, done };

    struct Slot {
        std::size_t key_begin = 0; ///< in the block's text
        std::size_t value_begin = 0;
        std::size_t end = 0;
        std::optional<std::string_view> raw_key; ///< as it came
        bool decoded = false;
    };
    struct Block {
        std::string text;
        std::array<Slot, kBlock> slots;
    };
    struct Schema {
        const record::AvroSchema* avro = nullptr;
        bool ours = false;
        record::AvroDecoder decoder;
    };

    void run();
    /// The last block that is open; false: none, or the batch is over.
    bool claim(std::size_t& block, std::span<rd_kafka_message_s* const>& records)
        CDC_REQUIRES(m_mutex);
    void decode(Block& block, std::span<rd_kafka_message_s* const> records);
    bool decode(Block& block, Slot& slot, const rd_kafka_message_s& message);
    /// Of the owner: the block is its own, or decoded when this returns.
    void enter(std::size_t block) CDC_EXCLUDES(m_mutex);

    // Of the owner alone.
    std::vector<std::pair<std::uint32_t, Schema>> m_new;
    std::size_t m_here = kMostBlocks; ///< the block whose turn it is
    bool m_here_decoded = false;

    // Of the thread, and between two batches of the owner.
    std::unordered_map<std::uint32_t, Schema> m_schemas;
    std::array<Block, kMostBlocks> m_blocks;

    base::Mutex m_mutex;
    std::condition_variable m_changed;
    std::span<rd_kafka_message_s* const> m_batch CDC_GUARDED_BY(m_mutex);
    std::array<State, kMostBlocks> m_states CDC_GUARDED_BY(m_mutex){};
    std::size_t m_left CDC_GUARDED_BY(m_mutex) = 0; ///< blocks that the thread has not looked at
    bool m_working CDC_GUARDED_BY(m_mutex) = false;
    bool m_stop CDC_GUARDED_BY(m_mutex) = false;
    std::thread m_thread;
};

} // namespace cdc::consume

#endif
