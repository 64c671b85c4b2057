# The verbs of scripts/pipelines/*, which source this file first. A pipeline gives
#
#   pipes=(NAME…)          functions, each one shell pipe that ends in `ended "${PIPESTATUS[@]}"`
#   default NAME VALUE     a setting that neither .env nor the environment has
#   local_services NAME…   what scripts/services starts where PIPELINE_SERVICES is local
#   local_sample DATABASE FILE   SQL that makes the tables there
#   lag_options=(OPTION…)  of cdc-lag: places that the settings do not name
#   prefixes=(NAME…)       of topics, where they are more than CDC_PREFIX
#   from_snapshot=(NAME…)  pipes that, where they lost their position, want all to be read again
#   stages=(NAME…)         which tools answer Prometheus: those at METRICS_PORT and the ports behind it
#   replay PLACE, repair   functions that the verbs of these names run; dead_letters: of a pipeline that keeps some;
#                          watch: of one that has something to show on the console
#   verify_views, flink_sql  of one whose views are compared in the target too, and of one that is a job of Flink's too
#   prepare                makes what the pipes need in the state folder, where setup must
#
# and calls `pipeline "$@"` last. Words for its pipes:
#
#   stage N                where stage N of `stages` answers Prometheus, from 0 on
#   stay                   a list { a && b; } in a pipe outlives the signals that stop a and b
#   verify [OPTION…]       cdc-verify, also where the target is filled through Kafka
#   views_same OPTION…     are views in the target what their SELECTs say: lib/verify-views
#   first COMMAND          the snapshot, but not behind a repair that made the slot anew: it brings what differs
#   without_group COMMAND  reads topics beside the group, and leaves its offsets alone
#   of_all_prefixes COMMAND  reads topics of several prefixes
#   every SECONDS COMMAND  again and again, until the pipe is stopped or COMMAND fails
#   forward FILE COMMAND   what FILE gets goes to COMMAND's standard input
#   target_has TABLE, run_sql FILE   about the target
set -uo pipefail

self=$(readlink -f "$0")
name=$(basename "$self")
scripts=$(cd "$(dirname "$self")/.." && pwd)
for bin in "$scripts/../build/bin" "$scripts/../../bin"; do # in a source tree, where it was installed
    [ ! -x "$bin/cdc-load" ] || PATH=$(cd "$bin" && pwd):$PATH
done
PATH=${CDC_TEST_BIN:+$CDC_TEST_BIN:}$PATH:/usr/lib/postgresql/15/bin

lag_options=() stages=() from_snapshot=() prefixes=()
# shellcheck source=scripts/lib/settings.sh
. "$scripts/lib/settings.sh"
# shellcheck source=scripts/lib/supervise.sh
. "$scripts/lib/supervise.sh"
# shellcheck source=scripts/lib/systemd.sh
. "$scripts/lib/systemd.sh"
# shellcheck source=scripts/lib/prometheus.sh
. "$scripts/lib/prometheus.sh"
# shellcheck source=scripts/lib/browse.sh
. "$scripts/lib/browse.sh"
# shellcheck source=scripts/lib/forward.sh
. "$scripts/lib/forward.sh"

say() { echo "$name: $*" >&2; }
fail() { # EXIT-STATUS MESSAGE…
    local code=$1
    shift
    say "error: $*"
    exit "$code"
}
hint() { say "hint: $*"; }
usage() {
    say "error: $*"
    echo "Try \"$name --help\"" >&2
    exit 2
}

#---------------------------------------------------------------------------- words for pipes
stay() { trap : INT TERM HUP; }
first() { [ -e "$state/repaired" ] || "$@"; }
without_group() { env -u CDC_GROUP "$@"; }
of_all_prefixes() { env -u CDC_PREFIX "$@"; }

every() { # SECONDS COMMAND…
    local seconds=$1 stopping=''
    shift
    trap 'stopping=1' INT TERM
    while [ -z "$stopping" ]; do
        "$@" || return
        sleep "$seconds"
    done
}

target_has() { # TABLE
    [ "$(cdc-query --log-level error "$CDC_TARGET" "EXISTS $1" 2>/dev/null)" = 1 ]
}

# Statements that end in a semicolon at the end of a line, one after the other.
run_sql() { # FILE of pipelines/sql
    local statement
    while IFS= read -r -d $'\f' statement; do
        [[ $statement != *[![:space:]]* ]] || cdc-query "$CDC_TARGET" "$statement" || return
    done < <(sed -e '/^--/d' -e 's/;$/\f/' "$scripts/pipelines/sql/$1")
}

# The verdict of a pipe over its stages: one that nobody may try again (2 to 5) before one that is worth it.
ended() { # CODE…
    local code worst=0
    [ ! -d "$state/run" ] || echo "$*" >"$state/run/${running_pipe:-$verb}.codes"
    for code in "$@"; do
        if [ "$code" -ge 2 ] && [ "$code" -le 5 ]; then return "$code"; fi
        [ "$code" = 0 ] || worst=1
    done
    return "$worst"
}

# cdc-verify needs to know how far the target has come; through Kafka no single file says so. Behind a backlog it is
# waited for. Where it does not come, a difference may be lag and is no verdict (exit status 2), but is repaired.
verify() {
    local out=$state/run/target.json tries=0 position code
    rm -f "$out"
    "$scripts/lib/target-position" "$state/capture.json" "$state/load.json" "$out" >/dev/null &
    position=$!
    until [ -s "$out" ] || ((++tries > PIPELINE_VERIFY_S * 10)) || ! kill -0 "$position" 2>/dev/null; do
        [ "$tries" != 100 ] || say "waiting for the target to come to where the source was 10 s ago, at most $PIPELINE_VERIFY_S s"
        sleep 0.1
    done
    if [ -s "$out" ]; then
        cdc-verify --checkpoint "$out" "$@"
        code=$?
    else
        say "warning: the target has not come to where the source was $((tries / 10)) s ago: what differs is not known to be more than lag"
        cdc-verify "$@"
        code=$?
        [ "$code" != 1 ] || [[ " $* " == *" --repair"* ]] || code=2
    fi
    kill "$position" 2>/dev/null
    wait "$position" 2>/dev/null
    return "$code"
}

# Where they differ the target is waited for, as in verify. 0: the same; 1: they differ; 2: not known.
views_same() { # TOPICS-READ CHECKPOINT-OF-READER…
    "$scripts/lib/verify-views" "$VIEWS" "$PIPELINE_VERIFY_S" "$state/capture.json" "$state/load.json" "$state/run/views.json" "$@"
}

# A repair whose lines were taken is done, whatever cdc-verify found (1: something differed).
repaired() { # CODE-OF-VERIFY CODE…
    local found=$1
    shift
    ended "$@" || return
    [ "$found" -le 1 ] || return 1
}

#---------------------------------------------------------------------------- the state folder
make_state() {
    mkdir -p "$state/run" "$state/logs" || fail 1 "cannot make '$state'"
    [ -s "$state/README" ] || cat >"$state/README" <<README
This folder belongs to the pipeline $name (cdc-toolkit): $self

  *.json        checkpoints: how far each pipe has come. While the slot exists, do not delete or
                restore them: cdc-toolkit(7), CHECKPOINT FILES
  logs/         what the tools say; NAME.log.1 and so on are older
  audit.log     who did what, when, with which result: time, user, verb, exit status, seconds
  run/          the processes that run now, and how each pipe ended last
  old/          checkpoints that a repair put aside
  repaired      when a repair made the slot anew: since then no snapshot is taken

"$name status" says how it is, "$name destroy" removes it with all that it made.
README
}

audit() { # RESULT SECONDS WORDS…
    local result=$1 seconds=$2
    shift 2
    [ -d "$state" ] || return 0
    printf '%s\tuser=%s\tverb=%s\tresult=%s\tseconds=%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "${SUDO_USER:-$(id -un)}" "$*" "$result" "$seconds" >>"$state/audit.log"
}

#---------------------------------------------------------------------------- verbs
verb_setup() {
    make_state
    ! declare -F prepare >/dev/null || prepare || fail 1 "the state folder cannot be prepared"
    if is_local; then
        services start "${services[@]}" || fail 1 "the local services do not start"
        use_services
        make_sample
    fi
    need_servers
    # Beside a slot of ours the check of what --create would do has been passed before.
    [ -s "$state/capture.json" ] || cdc-capture --check || return
    say "ready; its state is kept in '$state'. Next: $name start"
}

verb_start() {
    [ -d "$state" ] || fail 2 "'$name' is not set up; run: $name setup"
    make_state
    if is_local; then services start "${services[@]}" || fail 1 "the local services do not start"; fi
    use_services
    need_servers
    ! supervised || { say "runs already (process $(supervisor_pid))"; return 0; }
    not_under_systemd
    end_all
    setsid "$self" ${env_file:+--env "$env_file"} supervise </dev/null >>"$state/logs/supervisor.log" 2>&1 {busy}>&- &
    local tries=0
    until supervised; do
        ((++tries < 100)) || fail 1 "the supervisor does not start; its log is '$state/logs/supervisor.log'"
        sleep 0.1
    done
    say "started; see: $name status, $name logs"
}

verb_stop() {
    not_under_systemd
    if ! supervised && ! anything_runs; then
        say "does not run"
        return 0
    fi
    stop_supervisor || say "warning: it did not stop within $PIPELINE_STOP_S s and was killed; nothing is lost, it goes on from its checkpoints"
    say "stopped"
}

verb_restart() { verb_stop && verb_start; }
verb_deploy() { verb_setup && verb_start; }

# 0: all of it runs. 1: a pipe is down or waits for its next try. 3: it was not started.
verb_status() {
    local pipe result=0 state_word since restarts code reason pid
    [ -d "$state" ] || { echo "$name: not set up"; return 3; }
    if supervised; then
        echo "$name runs (process $(supervisor_pid)); state '$state'"
    elif under_systemd; then
        echo "$name runs under systemd (cdc-$name.target); state '$state'"
    else
        echo "$name is not started; state '$state'"
        result=3
    fi
    for pipe in "${pipes[@]}"; do
        read_run "$pipe"
        printf '  %-10s %-8s since %s' "$pipe" "$state_word" "$since"
        [ "$restarts" = 0 ] || printf ', started again %s times' "$restarts"
        [ -z "$code" ] || printf ', last exit status %s (%s)' "$code" "$(what_code_is "$code")"
        echo
        [ -z "$reason" ] || echo "             $reason"
        [ "$state_word" = running ] || [ "$result" != 0 ] || result=1
    done
    if [ "$result" != 3 ] && [ "${1:-}" != --pipes ]; then
        use_services
        timeout 20 cdc-lag "${lag_options[@]}" --connect-timeout 5s 2>&1 | sed 's/^/  /'
    fi
    return "$result"
}

verb_lag() {
    use_services
    need_servers
    cdc-lag "${lag_options[@]}" "$@"
}

# With options the tables alone are compared, as cdc-verify does.
verb_verify() {
    local code views=0
    use_services
    need_servers
    verify "$@"
    code=$?
    if [ $# = 0 ] && declare -F verify_views >/dev/null; then
        verify_views
        views=$?
    fi
    [ "$code" = 0 ] || [ "$views" = 1 ] || return "$code"
    return "$views"
}

# Rows that differ are brought again. Where the log has lost what capture needs, or a topic what load needs (exit
# status 3), they begin anew first: what happened in between is among the rows that differ.
verb_repair() {
    use_services
    need_servers
    cd "$state" || return 1
    local anew='' pipe
    if lost_position capture; then
        say "the log no longer has what the checkpoint needs: beginning anew $([ ${#from_snapshot[@]} = 0 ] && echo at its end || echo with a snapshot)"
        anew=yes
    fi
    for pipe in "${from_snapshot[@]}"; do
        ! lost_position "$pipe" || { say "'$pipe' lost its position: beginning anew with a snapshot"; anew=yes; }
    done
    if [ -z "$anew" ] && declare -F verify_views >/dev/null && ! { verify_views || [ $? != 1 ]; }; then
        say "views differ from their tables: beginning anew with a snapshot"
        anew=yes
    fi
    [ -z "$anew" ] || begin_anew || return
    if lost_position load; then
        say "the topics no longer have what the checkpoint needs: going on with what they have"
        read_what_is_left || return
        anew=yes
    fi
    [ -z "$anew" ] || start_again || return
    supervised || under_systemd || fail 2 "the repair takes the way of all changes; run first: $name start"
    repair
}

lost_position() { # PIPE
    local state_word since restarts code reason
    read_run "$1"
    [ "$state_word" = failed ] && [ "$code" = 3 ]
}

# The pipe itself, once, up to the ends of the topics.
read_what_is_left() {
    CDC_BEGIN_AGAIN=true CDC_EXIT_AT_END=true load || return
    rm -f "$state"/run/load.*
}

begin_anew() {
    local units=("${from_snapshot[@]/#/cdc-$name-}")
    if [ ${#from_snapshot[@]} != 0 ]; then
        if under_systemd; then
            systemctl stop "cdc-$name-capture.service" "${units[@]/%/.service}" || return
        else
            ! supervised || stop_supervisor || true
        fi
    fi
    case $CDC_SOURCE in
        mysql:* | mariadb:*) new_place ;;
        *) new_slot ;;
    esac || return
    rm -f "$state"/run/capture.*
}
start_again() {
    if under_systemd; then
        systemctl start "cdc-$name.target" "cdc-$name-capture.service" "cdc-$name-load.service"
    else
        ! supervised || stop_supervisor || true
        verb_start
    fi
}

put_aside() { # FILE
    local aside
    aside=$state/old/$(date -u +%Y%m%dT%H%M%SZ)
    mkdir -p "$aside" && mv "$1" "$aside/"
}

new_slot() {
    cdc-capture --drop || say "nothing is left to drop"
    put_aside "$state/capture.json" || return
    date -u +%Y-%m-%dT%H:%M:%SZ >"$state/repaired"
    cdc-capture --create --exit-after-create --checkpoint "$state/capture.json"
}

# The checkpoint stays: behind it orders are of a higher epoch. A snapshot that was not done is begun anew.
new_place() {
    if ! grep -q '"snapshot":"done"' "$state/capture.json"; then
        put_aside "$state/capture.json"
        return
    fi
    cdc-capture --begin-again --exit-at-end --checkpoint "$state/capture.json" | cdc-publish --checkpoint "$state/capture.json"
    ended "${PIPESTATUS[@]}"
}

verb_replay() { # [PLACE | dead-letters [FILE]]
    local file=${2:-}
    use_services
    need_servers
    [ -z "$file" ] || file=$(readlink -e "$file") || fail 2 "there is no file '$2'"
    cd "$state" || return 1
    replay "${1:-beginning}" ${file:+"$file"}
}

verb_dead-letters() {
    declare -F dead_letters >/dev/null || usage "$name keeps no dead letters"
    use_services
    need_servers
    dead_letters
}

verb_watch() { # [WORD…]
    declare -F watch >/dev/null || usage "$name has nothing to watch"
    use_services
    need_servers
    watch "$@"
}

verb_logs() {
    local files=("$state"/logs/*.log)
    if [ ! -e "${files[0]}" ]; then
        ! under_systemd || hint "under systemd the journal has them: journalctl -u 'cdc-$name-*'"
        fail 1 "there are no logs in '$state/logs'"
    fi
    case ${1:-} in
        -f | --follow) exec tail -n 20 -F "${files[@]}" ;;
        '') tail -n 40 "${files[@]}" ;;
        *)
            [[ " ${pipes[*]} supervisor " == *" $1 "* ]] || usage "no pipe '$1'; there are: ${pipes[*]} supervisor"
            [ -e "$state/logs/$1.log" ] || fail 1 "'$1' has said nothing yet"
            tail -n 200 "$state/logs/$1.log" ;;
    esac
}

# Everything that the pipeline made: slot, publication, state folder; of local services all.
# Topics and tables of servers elsewhere stay, for others may read them.
verb_destroy() {
    [ "${1:-}" = --yes ] || usage "$verb drops what the pipeline made at the source, and the state folder: $name $verb --yes"
    [ -d "$state" ] || { say "is not set up"; return 0; }
    not_under_systemd
    stop_supervisor || true
    if supervised || anything_runs; then
        fail 1 "processes of the pipeline do not end; they and '$state' are left as they are: $name status"
    fi
    if is_local; then
        CDC_SERVICES_DIR=$services_dir services stop --purge "${services[@]}" || return 1
        rm -rf "$services_dir"
    else
        need_servers
        case $CDC_SOURCE in
            mysql:* | mariadb:*) ;; # nothing was made there
            *) cdc-capture --drop || return ;;
        esac
        say "topics '$CDC_PREFIX.*' and the tables of the target are left; who needs them no more drops them there"
    fi
    mkdir -p "$(dirname "$state")"
    audit 0 0 "destroy $name"
    mv "$state/audit.log" "$(dirname "$state")/$name.audit.log"
    rm -rf "$state"
    say "is gone; its audit log is '$(dirname "$state")/$name.audit.log'"
}

verb_terminate() { verb_destroy "$@"; }

verb_flink-sql() {
    declare -F flink_sql >/dev/null || usage "$name has no views for Flink"
    use_services
    need_brokers
    flink_sql
}

#---------------------------------------------------------------------------- the command line
pipeline() {
    local code word began=$SECONDS
    [ "${1:-}" != --env ] || shift 2
    case ${1:-} in
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$self"; exit 0 ;;
        --systemd) shift; print_units "$@"; exit ;;
        --prometheus) shift; print_targets "$@"; exit ;;
        '') usage "no verb given" ;;
    esac
    verb=$1
    shift
    for word; do [ "$word" != --env ] || usage "--env stands before the verb: $name --env FILE $verb"; done
    case $verb in
        setup | start | stop | restart | deploy | repair) [ $# = 0 ] || usage "$verb takes no word more: '$*'" ;;
    esac
    case $verb in
        status | lag | logs | dead-letters | watch | topics | groups | messages | schemas | flink-sql) "verb_$verb" "$@"; exit ;;
        run) use_services; run_pipe "$@"; exit ;;
        supervise) use_services; supervise; exit ;;
        setup | start | stop | restart | verify | repair | replay | destroy | deploy | terminate) ;;
        *) usage "unknown verb '$verb'" ;;
    esac
    mkdir -p "$(dirname "$state")" || fail 1 "cannot make '$(dirname "$state")'"
    # One at a time of those that change something.
    if [ "$verb" != verify ]; then
        exec {busy}>"$state.lock"
        flock -w 30 "$busy" || fail 1 "another $name is at work; its lock is '$state.lock'"
    fi
    # In a shell of its own, so that whatever ends it has its line in the audit log.
    (verb_"$verb" "$@")
    code=$?
    audit "$code" "$((SECONDS - began))" "$verb${*:+ $*}"
    case $verb in destroy | terminate) rm -f "$state.lock" ;; esac
    exit "$code"
}

env_file=
find_settings "$@"
set_services_dir
