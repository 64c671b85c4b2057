# Settings of a pipeline: the environment, then its .env file, then the script's defaults; and the local
# services that stand for servers where none are named. Sourced by pipeline.sh.

# NAME=VALUE lines; quotes around a value are taken off, and so are blanks and DOS line ends behind it. Nothing in the
# file is run.
load_settings() { # FILE
    local line key value number=0
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        [ $number != 1 ] || line=${line#$'\xef\xbb\xbf'}
        line=${line#"${line%%[![:space:]]*}"}
        line=${line%"${line##*[![:space:]]}"}
        case $line in '' | '#'*) continue ;; esac
        key=${line%%=*} value=${line#*=}
        [[ $key =~ ^[A-Z][A-Z0-9_]*$ && $line == *=* ]] || fail 2 "'$1', line $number: not NAME=VALUE: '$line'"
        case $key in
            PIPELINE_SERVICES | PIPELINE_SERVICES_DIR | PIPELINE_LOCAL_SOURCE | PIPELINE_STATE) ;;
            PIPELINE_LOG_BYTES | PIPELINE_STOP_S | PIPELINE_VERIFY_S | METRICS_HOST | METRICS_PORT) ;;
            CDC_* | DATABASE_EXPORTER | TEXTFILES | PARTITIONS | RETENTION | SNAPSHOT_MODE | DEAD_LETTER_TOPIC | AGGREGATE_S | VIEWS | ALERTS | FORMAT | TABLE_TOPICS | PG* | MYSQL_* | CHDB_*) ;;
            *) fail 2 "'$1', line $number: '$key' is no setting of a pipeline or a tool" ;;
        esac
        case $value in
            \"*\") value=${value#\"} value=${value%\"} ;;
            \'*\') value=${value#\'} value=${value%\'} ;;
        esac
        [ -n "${!key+set}" ] || export "$key=$value"
    done <"$1"
}

# The first that is there: --env, $PIPELINE_ENV, beside the script, the machine's.
find_settings() { # [--env FILE]
    local file
    if [ "${1:-}" = --env ]; then
        [ -r "${2:-}" ] || fail 2 "--env: cannot read '${2:-}'"
        env_file=$(readlink -f "$2")
    else
        for file in "${PIPELINE_ENV:-}" "$(dirname "$self")/.env" "/etc/cdc-toolkit/$name.env"; do
            [ -n "$file" ] && [ -r "$file" ] || continue
            env_file=$(readlink -f "$file")
            break
        done
    fi
    [ -z "$env_file" ] || load_settings "$env_file"
    : "${PIPELINE_SERVICES:=local}" "${PIPELINE_LOG_BYTES:=10000000}" "${PIPELINE_STOP_S:=90}" "${PIPELINE_VERIFY_S:=60}"
    whole_number PIPELINE_LOG_BYTES PIPELINE_STOP_S PIPELINE_VERIFY_S
    state=${PIPELINE_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/cdc-toolkit}/$name
    case $PIPELINE_SERVICES in
        local | elsewhere) ;;
        *) fail 2 "PIPELINE_SERVICES is '$PIPELINE_SERVICES', which is neither local nor elsewhere" ;;
    esac
}

default() { # NAME VALUE
    [ -n "${!1+set}" ] || export "$1=$2"
}

one_of() { # NAME VALUE…
    local setting=$1 value
    shift
    for value in "$@"; do [ "${!setting}" != "$value" ] || return 0; done
    fail 2 "$setting is '${!setting}', which is none of: $*"
}

whole_number() { # NAME…
    local setting
    for setting; do
        [[ ${!setting} =~ ^[0-9]{1,15}$ ]] || fail 2 "$setting is '${!setting}', which is no whole number"
    done
}

is_local() { [ "$PIPELINE_SERVICES" = local ]; }

#---------------------------------------------------------------------------- local services
needed=(CDC_SOURCE CDC_BROKERS CDC_TARGET)
local_services() { services=("$@"); }
# A schema registry where FORMAT is of schemas.
with_registry() {
    [ "$FORMAT" = json ] || { services+=(registry) && needed+=(CDC_REGISTRY); }
}
local_sample() { database=$1 sample=$2; }

services() {
    "$scripts/services" "$@" 2>&1 | sed "s/^services:/$name:/" >&2
    return "${PIPESTATUS[0]}"
}

# Servers of other users must be able to enter the folder, so it is not below the state folder.
services_dir=
set_services_dir() {
    services_dir=${PIPELINE_SERVICES_DIR:-${TMPDIR:-/tmp}/cdc-$name-$UID}
    export CDC_SERVICES_DIR=$services_dir
}

# Addresses of the local services, for what names none.
use_services() {
    is_local || return 0
    local lines
    lines=$("$scripts/services" env "${services[@]}" 2>/dev/null) || return 0
    eval "$lines"
    local service
    for service in "${services[@]}"; do
        case $service in
            postgres) default CDC_SOURCE "${CDC_TEST_POSTGRES_URL%/*}/$database" ;;
            mysql) default CDC_SOURCE "$CDC_TEST_MYSQL_URL/$database" ;;
            mariadb) default CDC_SOURCE "$CDC_TEST_MARIADB_URL/$database" ;;
            kafka) default CDC_BROKERS "$CDC_TEST_KAFKA_BROKERS" ;;
            registry) default CDC_REGISTRY "$CDC_TEST_REGISTRY_URL" ;;
            clickhouse) default CDC_TARGET "${CDC_TEST_CLICKHOUSE_URL%/*}/$database" ;;
        esac
    done
}

make_sample() {
    case $CDC_SOURCE in
        postgres*) postgres_sample ;;
        *) mysql_sample ;;
    esac || fail 1 "the sample tables cannot be made"
}
postgres_sample() {
    [ "$(psql -X -At -d "${CDC_SOURCE%/*}/postgres" -c "SELECT 1 FROM pg_database WHERE datname = '$database'")" != 1 ] || return 0
    psql -X -q -d "${CDC_SOURCE%/*}/postgres" -c "CREATE DATABASE $database" &&
        psql -X -q -v ON_ERROR_STOP=1 -d "$CDC_SOURCE" -f "$scripts/pipelines/sql/$sample"
}
mysql_sample() {
    local server=${CDC_SOURCE%/*}
    local client=(mariadb --no-defaults --batch --skip-column-names -h 127.0.0.1 -P "${server##*:}" -u root)
    [ -z "$("${client[@]}" -e "SHOW DATABASES LIKE '$database'")" ] || return 0
    "${client[@]}" -e "CREATE DATABASE $database CHARACTER SET utf8mb4" &&
        "${client[@]}" "$database" <"$scripts/pipelines/sql/$sample"
}

need_servers() {
    local setting
    for setting in "${needed[@]}"; do
        [ -z "${!setting:-}" ] || continue
        if is_local; then fail 1 "the local services do not run; run: $name setup"; fi
        fail 2 "$setting is not set; name the servers in '${env_file:-$(dirname "$self")/.env}' (see .env.example), or set PIPELINE_SERVICES=local"
    done
}
