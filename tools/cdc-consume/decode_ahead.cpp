#include "cdc-consume/decode_ahead.hpp"

#include "base/error.hpp"
#include "base/thread.hpp"
#include "kafka/incoming_record.hpp"

#include <algorithm>

namespace cdc::consume {

DecodeAhead::DecodeAhead() {
    m_thread = base::start_thread([this] { run(); });
}

DecodeAhead::~DecodeAhead() {
    {
        const base::MutexLock lock{m_mutex};
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

void DecodeAhead::know(std::uint32_t id, const record::AvroSchema& schema, bool ours) {
    m_new.push_back({id, {&schema, ours, {}}});
}

void DecodeAhead::begin(std::span<rd_kafka_message_s* const> batch) {
    m_here = kMostBlocks;
    m_here_decoded = false;
    {
        base::MutexLock lock{m_mutex};
        m_left = 0;
        while (m_working) {
            lock.wait(m_changed);
        }
        for (auto& [id, schema] : m_new) {
            m_schemas.insert_or_assign(id, std::move(schema));
        }
        m_batch = batch.first(std::min(batch.size(), kBlock * kMostBlocks));
        m_left = (m_batch.size() + kBlock - 1) / kBlock;
        std::fill(m_states.begin(), m_states.end(), State::open);
    }
    m_new.clear();
    m_changed.notify_all();
}

std::optional<DecodeAhead::Decoded> DecodeAhead::take(std::size_t number) const {
    if (!m_here_decoded || number / kBlock != m_here) {
        return std::nullopt;
    }
    const Block& block = m_blocks[m_here];
    const Slot& slot = block.slots[number % kBlock];
    if (!slot.decoded) {
        return std::nullopt;
    }
    const std::string_view text{block.text};
    return Decoded{slot.raw_key ? *slot.raw_key
                                : text.substr(slot.key_begin, slot.value_begin - slot.key_begin),
                   text.substr(slot.value_begin, slot.end - slot.value_begin)};
}

void DecodeAhead::enter(std::size_t block) {
    m_here = block;
    m_here_decoded = false;
    if (block >= kMostBlocks) {
        return;
    }
    base::MutexLock lock{m_mutex};
    while (m_states[block] == State::theirs) {
        lock.wait(m_changed);
    }
    m_here_decoded = m_states[block] == State::done;
    if (!m_here_decoded) {
        m_states[block] = State::owners;
    }
}

bool DecodeAhead::claim(std::size_t& block, std::span<rd_kafka_message_s* const>& records) {
    if (m_left == 0) {
        return false;
    }
    block = --m_left;
    if (m_states[block] != State::open) { // they have met
        m_left = 0;
        return false;
    }
    m_states[block] = State::theirs;
    records = m_batch.subspan(block * kBlock, std::min(kBlock, m_batch.size() - block * kBlock));
    return true;
}

void DecodeAhead::run() {
    std::size_t block = 0;
    std::span<rd_kafka_message_s* const> records;
    while (true) {
        {
            base::MutexLock lock{m_mutex};
            while (!m_stop && !claim(block, records)) {
                lock.wait(m_changed);
            }
            if (m_stop) {
                return;
            }
            m_working = true;
        }
        decode(m_blocks[block], records);
        {
            const base::MutexLock lock{m_mutex};
            m_states[block] = State::done;
            m_working = false;
        }
        m_changed.notify_all();
    }
}

void DecodeAhead::decode(Block& block, std::span<rd_kafka_message_s* const> records) {
    block.text.clear();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const std::size_t start = block.text.size();
        Slot& slot = block.slots[i];
        try {
            slot.decoded = decode(block, slot, *records[i]);
        } catch (const base::Error&) { // the owner finds it again, and says where
            slot.decoded = false;
        }
        if (!slot.decoded) {
            block.text.resize(start);
        }
    }
}

bool DecodeAhead::decode(Block& block, Slot& slot, const rd_kafka_message_s& message) {
    const kafka::RecordBytes record = kafka::bytes_of(message);
    const auto framed = record.value ? record::parse_frame(*record.value) : std::nullopt;
    const auto known = framed ? m_schemas.find(framed->id) : m_schemas.end();
    if (known == m_schemas.end() || !known->second.ours) {
        return false;
    }
    slot.key_begin = block.text.size();
    slot.raw_key = record.key ? record.key : std::string_view{"null"};
    if (record::is_framed(*slot.raw_key)) {
        const auto framed_key = record::parse_frame(*slot.raw_key);
        const auto of_key = framed_key ? m_schemas.find(framed_key->id) : m_schemas.end();
        if (of_key == m_schemas.end()) {
            return false;
        }
        of_key->second.decoder.append(block.text, *of_key->second.avro, framed_key->payload);
        slot.raw_key.reset();
    }
    slot.value_begin = block.text.size();
    known->second.decoder.append(block.text, *known->second.avro, framed->payload);
    slot.end = block.text.size();
    return true;
}

} // namespace cdc::consume
