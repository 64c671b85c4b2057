# What fails under the hands of a pipeline, for its tests; source it behind lib.sh. Servers are those of scripts/services,
# reached through networks that can be cut; AWAY: seconds that something is away; the target's disk is its own.

# Before the servers are started: users of the target from a file, and a file system of so many megabytes for its data.
target_of_its_own() { # MEGABYTES
    printf 'cdc:first\ndefault:\n' >users
    export CDC_CLICKHOUSE_FRONT_ARGS="--user-file $WORK/users"
    mkdir -p "$CDC_SERVICES_DIR/clickhouse/data"
    mount -t tmpfs -o "size=${1}m" none "$CDC_SERVICES_DIR/clickhouse/data" || fail "no right to mount a file system: run as root"
}
target_gone() { umount -l "$CDC_SERVICES_DIR/clickhouse/data"; }

#---------------------------------------------------------------------------- networks
routes=() proxies=()
route() { # PORT: sets `routed`, a port that leads there once the network is up
    routed=$(free_port)
    routes+=("$routed $1")
}
network() { # up, silent, again, down
    local route
    case $1 in
        up)
            proxies=()
            for route in "${routes[@]}"; do
                # shellcheck disable=SC2086
                "$HERE/proxy.py" $route 2>>proxy.err & proxies+=($!)
            done
            for route in "${routes[@]}"; do wait_until 10 eval "exec 8<>/dev/tcp/127.0.0.1/${route% *} 8>&-"; done ;;
        silent) kill -STOP "${proxies[@]}" ;;
        again) kill -CONT "${proxies[@]}" ;;
        down) kill -9 "${proxies[@]}"; wait "${proxies[@]}" || true ;;
    esac 2>/dev/null
}

#---------------------------------------------------------------------------- passwords
password() { # NEW: into the files that the tools read
    printf '[client]\npassword=%s\n' "$1" >my.cnf.new && mv my.cnf.new my.cnf
    echo "$1" >password.new && mv password.new password
}

#---------------------------------------------------------------------------- faults
broker_away() {
    "$ROOT/scripts/services" stop kafka >>services.log 2>&1
    sleep "$AWAY"
    "$ROOT/scripts/services" start kafka >>services.log 2>&1
}

complaints() { cat "$1"/logs/load.log* | grep -ci space || true; } # STATE-FOLDER

none_merges() { [ "$(ch "SELECT count() FROM system.merges")" = 0 ]; }
# What is freed meanwhile is filled again.
complains_when_full() { # STATE-FOLDER COMPLAINTS-BEFORE
    dd if=/dev/zero of="$filler" bs=64k oflag=append conv=notrunc 2>dd.err || true
    [ "$(complaints "$1")" -gt "$2" ]
}

# Merges rest meanwhile: one that runs out of room can leave a part whose marks are empty ("Empty marks file", seen once
# in this test), which is the engine's own, and no insert's; so those that run are waited for.
disk_full() { # STATE-FOLDER: of a pipeline whose `load` must say so
    local before filler=$CDC_SERVICES_DIR/clickhouse/data/filler
    before=$(complaints "$1")
    ch "SYSTEM STOP MERGES"
    wait_until 20 none_merges
    wait_until 60 complains_when_full "$1" "$before"
    sleep "$AWAY"
    rm "$filler"
    ch "SYSTEM START MERGES"
}

network_cut() {
    network silent
    sleep "$AWAY"
    network again
    sleep 2
    network down
    sleep "$AWAY"
    network up
}

# The servers first, the files three seconds later; who is logged in is thrown out.
change_passwords() { # NEW
    local id
    printf 'cdc:%s\ndefault:\n' "$1" >users.new && mv users.new users
    my "ALTER USER cdc IDENTIFIED BY '$1'"
    for id in $(my "SELECT id FROM information_schema.processlist WHERE user = 'cdc'"); do my "KILL $id" 2>/dev/null || true; done
    sleep 3
    password "$1"
}
