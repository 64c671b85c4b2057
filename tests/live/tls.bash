# Certificates of a test, in the folder tls/; source it after lib.sh.
authority() { # NAME
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "tls/$1.key" -out "tls/$1.crt" 2>>openssl.log
}
certificate() { # NAME CN CA
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "tls/$1.key" -out "tls/$1.csr" 2>>openssl.log
    openssl x509 -req -in "tls/$1.csr" -days 2 -CA "tls/$3.crt" -CAkey "tls/$3.key" -CAcreateserial -out "tls/$1.crt" \
        -extfile <(echo "subjectAltName=DNS:$2") 2>>openssl.log
    chmod 600 "tls/$1.key"
}
