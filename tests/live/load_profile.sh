#!/usr/bin/env bash
# Settings in the profile of the target's user: what would cut, change or keep answers is overridden, and
# a limit is an error. An older server, which does not know each setting, is asked without it.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse
SERVER=${CDC_TEST_CLICKHOUSE_URL%/*}
NUMBER=0
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "$SERVER/?database=${TARGET##*/}"; }
fresh() { # a target of its own
    profile ''
    TARGET=$SERVER/default
    NUMBER=$((NUMBER + 1))
    ch "CREATE DATABASE d$NUMBER"
    TARGET=$SERVER/d$NUMBER
    rm -f state.json
}
profile() { printf '%s\n' "$@" >"$CDC_SERVICES_DIR/clickhouse/profile"; }
load() { timeout 300 cdc-load --target "$TARGET" --checkpoint state.json "$@" 2>load.err; }
lines "
print(table('t', T, 'v1'))
rows('c', range(1, 101), 16)
print(checkpoint(17))" >first
lines "
print(table('t', T, 'v1'))
for n in range(1, 51): print(change('u', 't', {'id': n}, 18, n, after={'id': n, 'q': -1}, unchanged=['note']))
for n in range(51, 61): print(change('u', 't', {'id': n}, 18, n, after={'id': n, 'q': -1, 'note': 'n'}))
print(change('d', 't', {'id': 100}, 18, 100))
print(checkpoint(19))" >second
check() {
    profile ''
    expect 'rows' "$(ch "SELECT count(), sum(q), countIf(note = 'n') FROM t")" $'99\t564\t99'
    expect 'waiting' "$(ch "SELECT count() FROM system.tables WHERE name = 't_pending' AND database = currentDatabase()")" 0
}

for settings in limit=1 offset=1 optimize_move_to_prewhere_if_final=1 transform_null_in=1 cast_keep_nullable=1 join_use_nulls=1 extremes=1 final=1 output_format_tsv_crlf_end_of_line=1 data_type_default_nullable=1 \
    aggregate_functions_null_for_empty=1 empty_result_for_aggregation_by_empty_set=1 additional_result_filter=1=0 \
    additional_table_filters="{'t_raw':'id!=5'}" 'max_rows_in_set=3 set_overflow_mode=break'; do
    say "$settings"
    fresh
    profile $settings
    load <first || fail 'the first'
    load <second || [[ $settings == max* ]] || fail 'the second'
    if [[ $settings == max* ]]; then
        expect_words load.err 'Code: 191'
        expect_words load.err "hint: A limit of the user's settings profile"
        expect 'checkpoint' "$(cat state.json)" "$(tail -n 1 first)"
        profile ''
        load <second || fail 'without the limit'
    fi
    check
done

say "settings of a reader's profile do not empty the views"
lines "
print(table('t', T, 'v1'))
print(table('bag', L, 'v1'))
rows('c', range(1, 101), 16)
print(change('c', 'bag', None, 17, 1, after={'word': 'a'}))
print(change('c', 'bag', None, 17, 2, after={'word': 'a'}))" >views
for mode in replace history; do
    fresh
    load --mode $mode <views || fail "views ($mode)"
    for settings in empty_result_for_aggregation_by_empty_set=1 aggregate_functions_null_for_empty=1; do
        for wanted in t=100 bag=2; do
            expect "${wanted%=*} ($mode, $settings)" "$(printf 'SELECT count() FROM %s' "${wanted%=*}" |
                curl -sS --fail-with-body --data-binary @- "$SERVER/?database=${TARGET##*/}&$settings")" "${wanted#*=}"
        done
    done
done

say 'a table that somebody partitioned takes rows of more partitions than an INSERT may have by default'
fresh
cdc-load --dry-run first 2>/dev/null | sed -n '/CREATE TABLE IF NOT EXISTS `t_raw`/,/ORDER BY/p' | sed 's/;$//; s/^ORDER BY/PARTITION BY id ORDER BY/' >ddl
for target in "chdb:$WORK/target" "$TARGET"; do
    TARGET=$target
    lines "print(table('t', T, 'v1'))
rows('c', range(1, 151), 16)" >partitions
    case $target in
    chdb:*) cdc-load --target "$target" </dev/null && "$ROOT/scripts/chdb.py" "${target#chdb:}" "$(cat ddl)" ;;
    *) ch "$(cat ddl)" ;;
    esac
    load --retry 1s <partitions || fail "more than 100 partitions into $target"
    rm -f state.json
done
expect 'rows' "$(ch 'SELECT count() FROM t')" 150

say 'an answer that is too long'
fresh
profile max_result_rows=3 result_overflow_mode=break max_block_size=2
expect_exit 4 load <first
expect_words load.err 'Code: 396'
expect_words load.err "hint: A limit of the user's settings profile"
[ ! -e state.json ] || fail 'a checkpoint'
profile ''

say 'a server that does not know a setting'
"$ROOT/scripts/services" stop clickhouse
CDC_CLICKHOUSE_FRONT_ARGS='--unknown-settings date_time_overflow_behavior output_format_binary_encode_types_in_binary_format' start clickhouse
fresh
load <first || fail 'an older server'
load <second || fail 'an older server again'
check
say 'all passed'
