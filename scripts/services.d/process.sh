# Ports, and one server process with its children; sourced by scripts/services.
# A server is known by its pid and its start time, so that a reused pid is never touched.

start_time() { # pid
    local line
    line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The command name may hold spaces: count from behind its closing parenthesis.
    set -- ${line##*) }
    [[ $1 != Z ]] && echo "${20}"
}

server_pid() {
    local pid=
    [[ ! -s $state/pid ]] || read -r pid _ <"$state/pid"
    echo "$pid"
}

running() {
    local pid started
    [[ -s $state/pid ]] || return 1
    read -r pid started <"$state/pid"
    [[ $(start_time "$pid") == "$started" ]]
}

is_paused() {
    local line
    line=$(<"/proc/$(server_pid)/stat")
    set -- ${line##*) }
    [[ $1 == T ]]
}

# Below the range of outgoing connections, so that a server that is down keeps its port. A port that
# is given out is marked for a while, in which nobody else who starts servers here is given it.
choose_port() {
    local old=${port:-}
    port=$(python3 - "$old" <<'PY'
import os, random, socket, sys, tempfile, time
MARKED_S = 120
marks = os.path.join(tempfile.gettempdir(), f"cdc-ports-{os.getuid()}")
os.makedirs(marks, mode=0o700, exist_ok=True)

for name in os.listdir(marks):
    path = os.path.join(marks, name)
    try:
        if time.time() - os.stat(path).st_mtime > MARKED_S:
            os.unlink(path)
    except FileNotFoundError:
        pass

def mark(port):
    try:
        os.close(os.open(os.path.join(marks, str(port)), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

old = [int(sys.argv[1])] if sys.argv[1] else []
for port in old + random.sample(range(20000, 32000), 100):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    if port not in old and not mark(port):
        continue
    print(port)
    break
PY
    )
    [[ -n $port ]] || fail "no free port"
    [[ -z $old || $old == "$port" ]] || say "port $old is taken; $name moves to $port"
    echo "$port" >"$state/port"
}

# Runs argv as a session of its own, with none of our descriptors.
launch() {
    (
        for fd in "/proc/$BASHPID/fd"/*; do
            fd=${fd##*/}
            ((fd > 2 && fd != 255)) && eval "exec $fd>&-"
        done
        cd /
        # shellcheck disable=SC2086
        exec setsid $run_as "${argv[@]}" </dev/null >>"$log" 2>&1
    ) &
    local pid=$! started
    disown
    started=$(start_time "$pid") || started=gone
    echo "$pid $started" >"$state/pid"
}

wait_ready() {
    local deadline=$((SECONDS + ${CDC_SERVICES_WAIT:-60}))
    while ((SECONDS < deadline)); do
        running || return 1
        "${driver}_ready" && return 0
        sleep 0.05
    done
    return 1
}

children_of() { # pid: it and all below it
    local child
    echo "$1"
    for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do
        children_of "$child"
    done
}

any_process_in() { # folder: is it the working folder of any process?
    local folder link
    folder=$(realpath "$1")
    for link in /proc/[0-9]*/cwd; do
        [[ $(readlink "$link" 2>/dev/null) != "$folder" ]] || return 0
    done
    return 1
}

signal_tree() { # signal; the server first, so that it starts no more children meanwhile
    local pid
    pid=$(server_pid)
    [[ $1 != STOP ]] || kill -STOP "$pid"
    # shellcheck disable=SC2046
    kill "-$1" $(children_of "$pid") 2>/dev/null || true
}

resume_tree() { signal_tree CONT; }

kill_tree() {
    local pid pids
    pid=$(server_pid)
    kill -STOP "$pid"
    pids=$(children_of "$pid")
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    # shellcheck disable=SC2086
    wait_gone $pids
}

wait_gone() { # pids, up to 30 s
    local pid tries=0
    for pid in "$@"; do
        while start_time "$pid" >/dev/null; do
            ((++tries < 600)) || return 1
            sleep 0.05
        done
    done
}

terminate() { # signal; a server that does not end by it within 30 s is killed
    local pid
    pid=$(server_pid)
    kill "-$1" "$pid" 2>/dev/null || true
    wait_gone "$pid" && return 0
    say "$name did not stop within 30 s; killing it"
    kill_tree
}

http_answers() { # is there a ClickHouse HTTP interface on our port?
    local line
    {
        exec 8<>"/dev/tcp/127.0.0.1/$port" || return 1
        printf 'GET /ping HTTP/1.0\r\n\r\n' >&8
        IFS= read -r -t 2 line <&8
        exec 8>&-
    } 2>/dev/null
    [[ $line == HTTP/*' 200 '* ]]
}
