# A bare Debian 12 to try things in; sourced by what does, which defines
# fail. Gives $root, a copy that goes away with the script, and the words
#
#   bare_root            makes it
#   inside COMMAND…      runs a command in it, as root
#   keep_archives        keeps the packages that apt fetched there for the next time
cache_dir=${CDC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/cdc-toolkit}
root=

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@"
}

keep_archives() {
    mkdir -p "$cache_dir/archives"
    cp -nu "$root"/var/cache/apt/archives/*.deb "$cache_dir/archives/" 2>/dev/null || true
}

remove_root() {
    local code=$?
    trap - EXIT
    mountpoint -q "$root/proc" && umount "$root/proc"
    rm -rf --one-file-system "$root"
    exit "$code"
}

bare_root() {
    ((EUID == 0)) || fail "to make a system of its own it must be root: sudo $0 …"
    command -v debootstrap >/dev/null || fail "no debootstrap: run scripts/install-deps, or apt-get install debootstrap"
    local kept=$cache_dir/bare-bookworm.tar work
    mkdir -p "$cache_dir"
    if [[ ! -s $kept ]]; then
        echo "making a bare Debian 12 in $kept" >&2
        work=$(mktemp -d "$cache_dir/bare.XXXXXX")
        debootstrap --variant=minbase bookworm "$work/root" "${CDC_DEBIAN_MIRROR:-http://deb.debian.org/debian}" \
            >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; rm -rf --one-file-system "$work"; fail "debootstrap failed"; }
        tar -C "$work/root" -cf "$work/tar" . && mv "$work/tar" "$kept"
        rm -rf --one-file-system "$work"
    fi
    root=$(mktemp -d "${TMPDIR:-/tmp}/cdc-root-XXXXXX")
    chmod 755 "$root"
    trap remove_root EXIT
    trap 'exit 130' INT TERM
    tar -C "$root" -xf "$kept"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    ! compgen -G "$cache_dir/archives/*.deb" >/dev/null || cp "$cache_dir"/archives/*.deb "$root/var/cache/apt/archives/"
    mount -t proc proc "$root/proc" 2>/dev/null || true # what can do without, does
}
