# Debian's ClickHouse 18.16: a real server, too old for the tools; sourced by scripts/services.
# Users: default without password, writer with the password `secret`.

clickhouse_server_prepare() {
    [[ -x /usr/sbin/clickhouse-server ]] || fail "no clickhouse-server; run scripts/install-deps"
    mkdir -p "$state/data/tmp" "$state/data/user_files" "$state/data/format_schemas"
    cat >"$state/config.xml" <<XML
<?xml version="1.0"?>
<yandex>
    <logger><level>warning</level><console>1</console></logger>
    <http_port>$port</http_port>
    <listen_host>127.0.0.1</listen_host>
    <max_connections>256</max_connections>
    <keep_alive_timeout>10</keep_alive_timeout>
    <max_concurrent_queries>100</max_concurrent_queries>
    <mark_cache_size>268435456</mark_cache_size>
    <path>$state/data/</path>
    <tmp_path>$state/data/tmp/</tmp_path>
    <user_files_path>$state/data/user_files/</user_files_path>
    <format_schema_path>$state/data/format_schemas/</format_schema_path>
    <users_config>$state/users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <timezone>UTC</timezone>
</yandex>
XML
    cat >"$state/users.xml" <<XML
<?xml version="1.0"?>
<yandex>
    <profiles><default></default></profiles>
    <users>
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile><quota>default</quota>
        </default>
        <writer>
            <password>secret</password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile><quota>default</quota>
        </writer>
    </users>
    <quotas><default></default></quotas>
</yandex>
XML
    if ((EUID == 0)); then
        run_as='setpriv --reuid=clickhouse --regid=clickhouse --init-groups'
        chown -R clickhouse:clickhouse "$state/data"
    fi
}

clickhouse_server_command() {
    argv=(/usr/sbin/clickhouse-server "--config-file=$state/config.xml")
}

clickhouse_server_ready() { http_answers; }

clickhouse_server_stop_signal() { echo TERM; }

clickhouse_server_url() { echo "http://default@127.0.0.1:$port/default"; }
