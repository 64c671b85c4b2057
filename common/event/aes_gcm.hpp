#ifndef CDC_EVENT_AES_GCM_HPP
#define CDC_EVENT_AES_GCM_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::event {

/// AES-256-GCM (NIST SP 800-38D) without associated data. Two texts under one key must never have
/// one nonce.
constexpr std::size_t kGcmKeyBytes = 32;
constexpr std::size_t kGcmNonceBytes = 12;
constexpr std::size_t kGcmTagBytes = 16;

/// The ciphertext and behind it the tag. Throws Error (failed).
std::string gcm_sealed(std::string_view key, std::string_view nonce, std::string_view text);
/// Nothing for what was altered.
std::optional<std::string> gcm_opened(std::string_view key, std::string_view nonce,
                                      std::string_view sealed);

/// Bytes that nobody can guess. Throws Error (failed).
std::string random_bytes(std::size_t count);

} // namespace cdc::event

#endif
