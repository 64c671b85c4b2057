#include "event/column_cipher.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
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

constexpr std::string_view kForm = "siv1:";
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
    for (const char byte : digest(EVP_sha256(), m_key).substr(0, kIdDigits / 2)) {
        base::append_hex(m_key_id, static_cast<unsigned char>(byte), 2);
    }
}

void ColumnCipher::append_encrypted(std::string& out, std::string_view text) const {
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
    out += kForm;
    out += m_key_id;
    out += ':';
    base::append_base64(out, sealed);
}

void ColumnCipher::append_decrypted(std::string& out, std::string_view value) const {
    std::string sealed;
    const std::size_t begin = kForm.size() + kIdDigits + 1;
    if (!base::append_base64_decoded(sealed, value.substr(std::min(begin, value.size()))) ||
        sealed.size() <= kTagBytes) {
        fail(ExitCode::bad_data, "an encrypted value that is none: {}", in_quotes(value));
    }
    const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context{EVP_CIPHER_CTX_new()};
    std::string plain(sealed.size() - kTagBytes, '\0');
    int size = 0;
    if (EVP_DecryptInit_ex2(context.get(), siv(), bytes_of(m_key), nullptr, nullptr) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTagBytes),
                            sealed.data()) != 1 ||
        EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(plain.data()), &size,
                          bytes_of(sealed) + kTagBytes, static_cast<int>(plain.size())) != 1 ||
        plain.front() != kText) {
        fail(ExitCode::bad_data, "an encrypted value was altered: {}", in_quotes(value));
    }
    out.append(plain, 1);
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
    constexpr std::string_view kBegin = "\"siv1:";
    std::size_t at = lines.find(kBegin, start);
    if (at == std::string::npos) {
        return;
    }
    std::string out;
    std::size_t copied = start;
    for (; at != std::string::npos; at = lines.find(kBegin, at + 1)) {
        const std::size_t end = lines.find('"', at + 1);
        if (end == std::string::npos) {
            break;
        }
        const std::string_view value = std::string_view{lines}.substr(at + 1, end - at - 1);
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const ColumnCipher& candidate) {
            return value.substr(kForm.size(), kIdDigits + 1) == candidate.key_id() + ":";
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
