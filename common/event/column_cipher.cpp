#include "event/column_cipher.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/aes_gcm.hpp"
#include "event/json_writer.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>

namespace cdc::event {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::string_view kSivForm = "siv1:";
constexpr std::string_view kGcmForm = "gcm1:";
constexpr std::size_t kFormBytes = kSivForm.size();
constexpr std::size_t kIdDigits = 8;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kLeastSecret = 32;
/// In front of each text: OpenSSL's SIV takes no empty one.
constexpr char kText = 't';

struct FreeCipher {
    void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

const EVP_CIPHER* siv() {
    static const std::unique_ptr<EVP_CIPHER, FreeCipher> kCipher{
        EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr)};
    if (kCipher == nullptr) {
        fail(ExitCode::failed, "OpenSSL has no AES-256-SIV");
    }
    return kCipher.get();
}

[[noreturn]] void fail_altered(std::string_view value) {
    fail(ExitCode::bad_data, "an encrypted value was altered: {}", in_quotes(value));
}

/// The next text that begins as an encrypted value does; npos: there is none.
std::size_t find_encrypted(std::string_view lines, std::size_t from) {
    constexpr std::string_view kFormEnd = "1:";
    for (std::size_t at = lines.find(kFormEnd, from); at != std::string_view::npos;
         at = lines.find(kFormEnd, at + 1)) {
        const std::size_t begin = at - std::min(at, kFormBytes + 1 - kFormEnd.size());
        const std::string_view form = lines.substr(begin, kFormBytes + 1);
        if (begin >= from && (form == "\"siv1:" || form == "\"gcm1:")) {
            return begin;
        }
    }
    return std::string_view::npos;
}

std::string digest(const EVP_MD* kind, std::string_view text) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), hash, &size, kind, nullptr) != 1) {
        fail(ExitCode::failed, "cannot compute a hash of the key");
    }
    return {reinterpret_cast<const char*>(hash), size};
}

} // namespace

ColumnCipher::ColumnCipher(std::string_view secret) {
    if (secret.size() < kLeastSecret) {
        fail(ExitCode::usage, "a key of {} bytes, which wants {}", secret.size(), kLeastSecret);
    }
    m_key = digest(EVP_sha512(), secret);
    m_gcm_key = digest(EVP_sha256(), "gcm1" + m_key);
    for (const char byte : digest(EVP_sha256(), m_key).substr(0, kIdDigits / 2)) {
        base::append_hex(m_key_id, static_cast<unsigned char>(byte), 2);
    }
}

std::string ColumnCipher::siv_sealed(std::string_view text) const {
    const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context{EVP_CIPHER_CTX_new()};
    const std::string plain = kText + std::string{text};
    std::string sealed(kTagBytes + plain.size(), '\0');
    auto* at = reinterpret_cast<unsigned char*>(sealed.data());
    int size = 0;
    if (EVP_EncryptInit_ex2(context.get(), siv(), bytes_of(m_key), nullptr, nullptr) != 1 ||
        EVP_EncryptUpdate(context.get(), at + kTagBytes, &size, bytes_of(plain),
                          static_cast<int>(plain.size())) != 1 ||
        EVP_EncryptFinal_ex(context.get(), at + kTagBytes + size, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagBytes),
                            at) != 1) {
        fail(ExitCode::failed, "cannot encrypt a value");
    }
    return sealed;
}

void ColumnCipher::append_encrypted(std::string& out, std::string_view text, Form form) const {
    std::string sealed;
    if (form == Form::gcm) {
        sealed = random_bytes(kGcmNonceBytes);
        sealed += gcm_sealed(m_gcm_key, sealed, text);
    } else {
        sealed = siv_sealed(text);
    }
    out += form == Form::gcm ? kGcmForm : kSivForm;
    out += m_key_id;
    out += ':';
    base::append_base64(out, sealed);
}

void ColumnCipher::append_opened_siv(std::string& out, std::string_view sealed,
                                     std::string_view value) const {
    if (sealed.size() <= kTagBytes) {
        fail(ExitCode::bad_data, "an encrypted value that is none: {}", in_quotes(value));
    }
    const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context{EVP_CIPHER_CTX_new()};
    std::string tag{sealed.substr(0, kTagBytes)};
    std::string plain(sealed.size() - kTagBytes, '\0');
    int size = 0;
    if (EVP_DecryptInit_ex2(context.get(), siv(), bytes_of(m_key), nullptr, nullptr) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTagBytes),
                            tag.data()) != 1 ||
        EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(plain.data()), &size,
                          bytes_of(sealed) + kTagBytes, static_cast<int>(plain.size())) != 1 ||
        plain.front() != kText) {
        fail_altered(value);
    }
    out.append(plain, 1);
}

void ColumnCipher::append_decrypted(std::string& out, std::string_view value) const {
    std::string sealed;
    const std::size_t begin = kFormBytes + kIdDigits + 1;
    if (!base::append_base64_decoded(sealed, value.substr(std::min(begin, value.size())))) {
        fail(ExitCode::bad_data, "an encrypted value that is none: {}", in_quotes(value));
    }
    if (!value.starts_with(kGcmForm)) {
        append_opened_siv(out, sealed, value);
        return;
    }
    const std::string_view bytes = sealed;
    const std::size_t nonce = std::min(kGcmNonceBytes, bytes.size());
    const auto text = gcm_opened(m_gcm_key, bytes.substr(0, nonce), bytes.substr(nonce));
    if (!text) {
        fail_altered(value);
    }
    out += *text;
}

ColumnCipher read_column_cipher(const std::string& option, const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    std::string secret{std::istreambuf_iterator<char>{in}, {}};
    if (!in) {
        fail(ExitCode::usage, "{} {}: cannot be read", option, in_quotes(file));
    }
    if (!secret.empty() && secret.back() == '\n') {
        secret.pop_back();
    }
    try {
        return ColumnCipher{secret};
    } catch (const base::Error& error) {
        fail(error.code(), "{} {}: {}", option, in_quotes(file), error.what());
    }
}

void decrypt_values(std::string& lines, std::size_t start, const std::vector<ColumnCipher>& keys) {
    std::size_t at = find_encrypted(lines, start);
    if (at == std::string::npos) {
        return;
    }
    std::string out;
    std::size_t copied = start;
    for (; at != std::string::npos; at = find_encrypted(lines, at + 1)) {
        const std::size_t end = lines.find('"', at + 1);
        if (end == std::string::npos) {
            break;
        }
        const std::string_view value = std::string_view{lines}.substr(at + 1, end - at - 1);
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const ColumnCipher& candidate) {
            return value.substr(kFormBytes, kIdDigits + 1) == candidate.key_id() + ":";
        });
        if (key == keys.end() || lines[at - 1] == '\\') {
            continue;
        }
        std::string text;
        key->append_decrypted(text, value);
        out.append(lines, copied, at - copied);
        append_json_string(out, text);
        copied = end + 1;
    }
    out.append(lines, copied);
    lines.replace(start, std::string::npos, out);
}

} // namespace cdc::event
