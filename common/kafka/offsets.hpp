#ifndef CDC_KAFKA_OFFSETS_HPP
#define CDC_KAFKA_OFFSETS_HPP

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace cdc::kafka {

struct TopicPartition {
    std::string topic;
    int partition = 0;
    friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

/// The offset of the next record wanted, by partition.
///
/// Text form, which stands in checkpoint lines and after --from (do not change):
///     shop.public.items:0=5;shop.public.orders:0=152,1=77
using Offsets = std::map<TopicPartition, std::int64_t>;

std::string format_offsets(const Offsets& offsets);
/// Throws Error (bad_data) on text of another form.
Offsets parse_offsets(std::string_view text);

/// Raises entries of `to` to those of `from`, and adds what is missing.
void raise_offsets(Offsets& to, const Offsets& from);
/// What both hold, each at the lower of the two.
Offsets lowest_offsets(const Offsets& a, const Offsets& b);

} // namespace cdc::kafka

#endif
