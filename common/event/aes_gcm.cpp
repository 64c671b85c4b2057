#include "event/aes_gcm.hpp"

#include "base/error.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

namespace cdc::event {

namespace {

struct FreeGcmContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

const unsigned char* octets_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* octets_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

} // namespace

std::string gcm_sealed(std::string_view key, std::string_view nonce, std::string_view text) {
    const std::unique_ptr<EVP_CIPHER_CTX, FreeGcmContext> context{EVP_CIPHER_CTX_new()};
    std::string sealed(text.size() + kGcmTagBytes, '\0');
    int size = 0;
    int rest = 0;
    if (key.size() != kGcmKeyBytes || nonce.size() != kGcmNonceBytes ||
        EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, octets_of(key),
                           octets_of(nonce)) != 1 ||
        EVP_EncryptUpdate(context.get(), octets_of(sealed), &size, octets_of(text),
                          static_cast<int>(text.size())) != 1 ||
        EVP_EncryptFinal_ex(context.get(), octets_of(sealed) + size, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kGcmTagBytes),
                            sealed.data() + text.size()) != 1) {
        base::fail(base::ExitCode::failed, "cannot encrypt a value by AES-256-GCM");
    }
    return sealed;
}

std::optional<std::string> gcm_opened(std::string_view key, std::string_view nonce,
                                      std::string_view sealed) {
    if (key.size() != kGcmKeyBytes || nonce.size() != kGcmNonceBytes ||
        sealed.size() < kGcmTagBytes) {
        return std::nullopt;
    }
    const std::unique_ptr<EVP_CIPHER_CTX, FreeGcmContext> context{EVP_CIPHER_CTX_new()};
    const std::string_view body = sealed.substr(0, sealed.size() - kGcmTagBytes);
    std::string tag{sealed.substr(body.size())};
    std::string text(body.size() + kGcmTagBytes, '\0');
    int size = 0;
    int rest = 0;
    if (EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, octets_of(key),
                           octets_of(nonce)) != 1 ||
        EVP_DecryptUpdate(context.get(), octets_of(text), &size, octets_of(body),
                          static_cast<int>(body.size())) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kGcmTagBytes),
                            tag.data()) != 1 ||
        EVP_DecryptFinal_ex(context.get(), octets_of(text) + size, &rest) != 1) {
        return std::nullopt;
    }
    text.resize(body.size());
    return text;
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (RAND_bytes(octets_of(bytes), static_cast<int>(count)) != 1) {
        base::fail(base::ExitCode::failed, "the system has no random bytes");
    }
    return bytes;
}

} // namespace cdc::event
