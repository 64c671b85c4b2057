#!/usr/bin/env bash
# mysql-enrich in Avro with a schema registry, while all three tables change and stages are killed at random: the joined record
# is MySQL's own join, and no row of it ever showed half a transaction. CDC_TEST_SEED repeats a run.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline_enrich.bash"
export FORMAT=avro
KILLS=$([ -n "$SOAK" ] && echo 100 || echo 8)
RANDOM=${CDC_TEST_SEED:=$RANDOM}
say "seed $CDC_TEST_SEED, $KILLS kills"

"$pipeline" deploy 2>deploy.err || fail "deploy"
find_servers
eval "$("$ROOT/scripts/services" env registry)"
parity

say "schemas are in the registry, and can be looked at"
"$pipeline" schemas >schemas.txt 2>schemas.err || fail "schemas"
for subject in streaming_etl_db.person streaming_etl_db.address streaming_etl_db.geo views.person_enriched; do
    grep -Eq "^dbserver.$subject-value +AVRO +1 " schemas.txt || { cat schemas.txt; fail "the schema of $subject"; }
done
expect "the record's fields" "$("$pipeline" schemas dbserver.views.person_enriched-key 1 2>schemas.err | jq -c '[.fields[].name]')" '["person_id"]'
expect "framed by a schema's number" "$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t dbserver.views.person_enriched -p 0 -o -1 -e -c 1 -f '%s' | head -c 1 | od -An -tx1 | tr -d ' ')" 00
expect_exit 2 "$pipeline" flink-sql 2>flink.err
my "UPDATE person SET address_id = id WHERE id <= 20"
parity
seen=$(homeless | wc -l)

say "a load, and kills"
load() {
    local n=0 line
    while [ ! -e "$WORK/enough" ]; do
        while IFS= read -r line; do
            echo "$line"
            sleep 0.02
        done < <(changes $((100 + n)))
        n=$((n + 1))
        echo $n >"$WORK/rounds"
    done
}
load | client "$MYSQL_DB" 2>load.err &
load=$!
stages=("capture cdc-capture" "capture cdc-publish" "enrich cdc-consume" "enrich cdc-transform" "enrich cdc-publish" "load cdc-consume" "load cdc-load")
# A kill counts where the source was ahead of what the topics had acknowledged, at that moment.
ahead() { [ "$(jq -r .checkpoint.position "$state/capture.json")" != "$(my "SHOW MASTER STATUS" | cut -f1,2 | tr '\t' ':')" ]; }
counted=0
for n in $(seq "$KILLS"); do
    stage=${stages[$([ "$n" -le ${#stages[@]} ] && echo $((n - 1)) || echo $((RANDOM % ${#stages[@]})))]}
    read -r pipe name <<<"$stage"
    wait_until 60 is "$pipe" running
    wait_until 20 tool "$pipe" "$name"
    sleep "$((RANDOM % 2)).$((RANDOM % 10))"
    before=$(restarts "$pipe")
    victim=$(tool "$pipe" "$name") || { say "$stage was not there"; continue; }
    wait_until 20 ahead
    kill -9 "$victim" || continue
    counted=$((counted + 1))
    wait_until 20 eval "[ \$(restarts $pipe) -gt $before ]"
    # As an operator would who does not wait for the pause between two tries to double again.
    [ $((n % 5)) != 0 ] || { "$pipeline" restart 2>restart.err || fail "restart"; }
done
touch enough
wait $load || fail "the load"
say "$(<rounds) rounds of changes, $counted of $KILLS kills with changes on their way"
[ $((counted * 3)) -ge $((KILLS * 2)) ] || fail "only $counted kills counted"
for pipe in capture enrich load; do wait_until 90 is $pipe running; done
wait_until 90 same_join
parity
expect "rows without an address" "$(homeless | wc -l)" "$seen"

say "the views by the tool's own check"
"$pipeline" stop 2>stop.err || fail "stop"
cdc-transform --views "$ROOT/scripts/pipelines/sql/enrich_views.sql" --state "$state/views" --check 2>check.err || fail "--check"
"$pipeline" terminate --yes 2>terminate.err || fail "terminate"
! pgrep -f "$WORK/state" >/dev/null || fail "processes of the pipeline run"
say done
