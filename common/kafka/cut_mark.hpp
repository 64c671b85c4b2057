#ifndef CDC_KAFKA_CUT_MARK_HPP
#define CDC_KAFKA_CUT_MARK_HPP

#include "event/checkpoint.hpp"
#include "kafka/offsets.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// How far each partition was written when a source's checkpoint was durable. Read up to these
/// offsets, the topics hold what the source held there, unless a change lies before them whose
/// order is above the checkpoint's: a publisher that was killed had sent more than was confirmed,
/// and that comes again behind it. Then a later mark counts. What cdc-transform writes has orders
/// of its own, and its checkpoint lines say `highest`, which that change is held against. A record
/// of the compacted topic
/// `<prefix>.marks`; do not rename:
///
///     key    {"kind":"postgres","server":"7312…","database":"inventory","slot":"orders"}
///     value  {"checkpoint":{…the source's…},"ts_ms":N,"offsets":"shop.public.orders:0=152,1=77;…"}
///
/// Each mark has all partitions of its stream, so a reader can skip those before it: a mark of
/// what changed alone would be smaller, and its reader would need every one.
struct CutMark {
    event::Checkpoint checkpoint;
    Offsets offsets;                     ///< behind the last record, by partition
    std::optional<event::Order> highest; ///< event::highest_of_checkpoint()
};

/// Of the checkpoint lines that cdc-consume writes at marks, in their `checkpoint`: changes of a
/// table come in their order, but for those that come again. Do not rename.
constexpr const char* kMarksMember = "marks";
/// Beside it, of each stream of the marks what tells it apart and the order of its mark. Do not
/// rename.
constexpr const char* kStreamsMember = "streams";
/// Beside it, where the topics are one stream's: the checkpoint of its mark. Do not rename.
constexpr const char* kSourceMember = "source";

std::string cut_mark_key(const event::Checkpoint& checkpoint);
/// `checkpoint_line` has no '\n'.
std::string encode_cut_mark(std::string_view checkpoint_line, const Offsets& offsets);
/// Throws Error (bad_data).
CutMark parse_cut_mark(std::string_view value);

} // namespace cdc::kafka

#endif
