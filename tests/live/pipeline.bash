# Words of the tests of scripts/pipelines; source it behind lib.sh.
#
#   the_pipeline NAME      sets `pipeline`, its script, and `state`, its folder
#   status                 status.txt, its pipes alone
#   is PIPE STATE          a word of that status
#   restarts PIPE…         how often they were started again, added up
#   tool PIPE TOOL         its process; fails while there is none
#   kill_stage PIPE TOOL   waits until it runs, and kills it
#   supervisor_left        does a process of its script run; other tests may run the same script
#   admin WORD…            kafka_admin.py at the pipeline's brokers
#   topic_end TOPIC        its records, of three partitions
export PIPELINE_STATE=$WORK/state PIPELINE_SERVICES_DIR=$CDC_SERVICES_DIR
METRICS_PORT=$(free_port 4)
export METRICS_PORT

the_pipeline() {
    pipeline=$ROOT/scripts/pipelines/$1
    state=$PIPELINE_STATE/$1
}
status() { "$pipeline" status --pipes >status.txt 2>&1; }
is() { status || true; grep -Eq "^  $1 +$2 " status.txt; }
restarts() {
    local pipe sum=0
    for pipe; do sum=$((sum + $(<"$state/run/$pipe.restarts"))); done
    echo $sum
}
tool() {
    local leader
    leader=$(sed -n 's/^pid=\([0-9]*\).*/\1/p' "$state/run/$1" 2>/dev/null) && [ -n "$leader" ] && pgrep -n -s "$leader" -x "$2"
}
# What was to be killed may just be going, with a stage that was killed before it.
kill_stage() { wait_until 60 kill_tool "$1" "$2"; }
kill_tool() {
    local pid
    pid=$(tool "$1" "$2") && kill -9 "$pid"
}
supervisor_left() {
    local pid
    for pid in $(pgrep -f "$pipeline"); do
        ! grep -qszF "PIPELINE_STATE=$PIPELINE_STATE" "/proc/$pid/environ" || return 0
    done
    return 1
}
admin() { "$HERE/kafka_admin.py" "$CDC_TEST_KAFKA_BROKERS" "$@"; }
topic_end() { kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -Q -t "$1:0:-1" -t "$1:1:-1" -t "$1:2:-1" | awk '{ n += $NF } END { print n }'; }
