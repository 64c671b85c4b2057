# The current ClickHouse engine behind scripts/clickhouse-front; sourced by scripts/services.
# It runs as whoever starts it: it has no quarrel with root.

engine_library() { echo "${CDC_CHDB_LIBRARY:-$cache_dir/libchdb.so}"; }

clickhouse_prepare() {
    [[ -e $(engine_library) ]] || fail "no '$(engine_library)'; run scripts/install-deps"
}

clickhouse_command() {
    local more=()
    read -r -a more <<<"${CDC_CLICKHOUSE_FRONT_ARGS:-}"
    argv=(env "CDC_CHDB_LIBRARY=$(engine_library)" PYTHONDONTWRITEBYTECODE=1
        python3 "$here/clickhouse-front" --path "$state/data" --port "$port"
        --fail-file "$state/fail" --profile-file "$state/profile" ${more[@]+"${more[@]}"})
}

clickhouse_ready() { http_answers; }

clickhouse_stop_signal() { echo TERM; }

clickhouse_url() { echo "http://default@127.0.0.1:$port/default"; }
