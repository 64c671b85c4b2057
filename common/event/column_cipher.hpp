#ifndef CDC_EVENT_COLUMN_CIPHER_HPP
#define CDC_EVENT_COLUMN_CIPHER_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// Values of --encrypt, which are authenticated. An encrypted value is a text:
///
///     siv1:KEYID:BASE64     AES-256-SIV (RFC 5297): tag, ciphertext. Equal texts give equal values
///                           under one key, so that they can be joined and compared
///     gcm1:KEYID:BASE64     AES-256-GCM: a random nonce, ciphertext, tag. Each value is another
///     one
///
/// KEYID: eight hexadecimal digits of the key's hash. Neither has associated data. The key of GCM
/// is a hash of the one of SIV, so that one file serves both.
class ColumnCipher {
public:
    enum class Form { siv, gcm };

    /// Of the bytes of a key file, 32 at least. Throws Error (usage) where there are fewer.
    explicit ColumnCipher(std::string_view secret);

    void append_encrypted(std::string& out, std::string_view text, Form form = Form::siv) const;
    const std::string& key_id() const { return m_key_id; }
    /// Appends the text of an encrypted value of this key. Throws Error (bad_data) for one that was
    /// altered.
    void append_decrypted(std::string& out, std::string_view value) const;

private:
    std::string siv_sealed(std::string_view text) const;
    void append_opened_siv(std::string& out, std::string_view sealed, std::string_view value) const;

    std::string m_key; ///< 64 bytes
    std::string m_gcm_key;
    std::string m_key_id;
};

/// The key of --encrypt-key or --decrypt: the bytes of a file, without a newline at its end. Throws
/// Error (usage) when it cannot be read.
ColumnCipher read_column_cipher(const std::string& option, const std::string& file);

/// Replaces encrypted values of these keys in the JSON lines that stand in `lines` from `start` on
/// by the texts that they stand for. Those of other keys stay.
void decrypt_values(std::string& lines, std::size_t start, const std::vector<ColumnCipher>& keys);

} // namespace cdc::event

#endif
