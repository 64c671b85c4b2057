# Looking at what lies in Kafka and in the schema registry; sourced by pipeline.sh. Nobody's place is moved.

# Tools that are told by their options alone what to look at.
alone() { env -u CDC_SOURCE -u CDC_TARGET -u CDC_SLOT -u CDC_GROUP -u CDC_TOPICS -u CDC_STAGE -u CDC_CHECKPOINT -u CDC_PREFIX "$@"; }

need_brokers() {
    [ -n "${CDC_BROKERS:-}" ] || need_servers
}

# How many partitions and records each has, and how fast it grows.
verb_topics() { # [PATTERN]
    use_services
    need_brokers
    alone cdc-lag --topics "${1:-^${CDC_PREFIX//./[.]}[.]}"
}

# The groups that read the topics: whether anybody is in them, and how far each partition is behind.
verb_groups() {
    use_services
    need_brokers
    alone cdc-lag --group "$CDC_GROUP" --partitions
}

# The last N messages of each partition, as lines, whatever their form in the topic is; the oldest first.
verb_messages() { # TOPIC|TABLE [N]
    local topics from
    [ -n "${1:-}" ] || usage "messages wants a topic or a table: $name messages TOPIC [N]"
    [[ ${2:-10} =~ ^[0-9]{1,9}$ ]] || usage "'$2' is no number of messages"
    use_services
    need_brokers
    topics=$1
    [[ $1 == *[.^*]* ]] || topics="^${CDC_PREFIX//./[.]}[.](.*[.])?$1\$"
    from=$(alone cdc-consume --log-level warning --topics "$topics" --from end --exit-at-end | before_ends "${2:-10}")
    [ "${PIPESTATUS[0]}" = 0 ] && [ -n "$from" ] || return 1
    alone cdc-consume --log-level warning --topics "$topics" --from "$from" --begin-again --exit-at-end --with kafka |
        grep -v '^{"checkpoint"'
    return "${PIPESTATUS[0]}"
}

# The place so many records before the ends that a checkpoint line names: "topic:0=5,1=7;other:0=2".
before_ends() { # N
    sed -n 's/^{"checkpoint".*"position":"\([^"]*\)".*/\1/p' | tail -n 1 | awk -v n="$1" '{
        while (match($0, /=[0-9]+/)) {
            offset = substr($0, RSTART + 1, RLENGTH - 1) + 0
            printf "%s=%d", substr($0, 1, RSTART - 1), (offset > n ? offset - n : 0)
            $0 = substr($0, RSTART + RLENGTH)
        }
        print
    }'
}

#---------------------------------------------------------------------------- schemas
# Of the registry: subjects with their versions, or the text of one. Without a registry the shapes that tables have had.
verb_schemas() { # [SUBJECT [VERSION]]
    local subject subjects
    use_services
    if [ -z "${CDC_REGISTRY:-}" ]; then
        need_brokers
        shapes "$@"
    elif [ -n "${1:-}" ]; then
        registry "/subjects/$(escaped "$1")/versions/${2:-latest}" | jq -r '.schema | fromjson? // .'
        return "${PIPESTATUS[0]}"
    else
        subjects=$(registry /subjects | jq -r --arg prefix "$CDC_PREFIX." '.[] | select(startswith($prefix))' | sort; exit "${PIPESTATUS[0]}") || return
        printf '%-60s %-10s %8s %6s\n' SUBJECT TYPE VERSIONS ID
        for subject in $subjects; do
            registry "/subjects/$(escaped "$subject")/versions/latest" |
                jq -r '"\(.subject) \(.schemaType // "AVRO") \(.version) \(.id)"' | xargs printf '%-60s %-10s %8s %6s\n'
            [ "${PIPESTATUS[0]}" = 0 ] || return 1
        done
    fi
}

shapes() { # [TABLE]
    local prefix
    command -v kcat >/dev/null || fail 1 "no kcat; it is Debian's package kcat"
    [ ${#prefixes[@]} != 0 ] || prefixes=("$CDC_PREFIX")
    for prefix in "${prefixes[@]}"; do
        kcat -q ${CDC_KAFKA_CONFIG:+-F "$CDC_KAFKA_CONFIG"} -b "$CDC_BROKERS" -C -t "$prefix.schema-changes" -o beginning -e || exit
    done |
        jq -r --arg table "${1:-}" 'select(.table and ($table == "" or $table == .source.table or $table == .table.name)) |
            "\(.table.name) \(.table.version) \([.table.columns[] | "\(.name) \(.type)"] | join(", "))"' | awk '!seen[$0]++'
    return "${PIPESTATUS[0]}"
}

escaped() { jq -rn --arg text "$1" '$text | @uri'; }

# The first server of CDC_REGISTRY that answers. Its login is read from files and given by standard input: neither is seen
# in the list of processes.
registry() { # PATH
    local urls url
    IFS=, read -r -a urls <<<"$CDC_REGISTRY"
    for url in "${urls[@]}"; do
        curl -sS --fail-with-body -m 30 --config <(registry_login "$url") \
            "$(sed -E 's/[?].*//; s/^(https?:[/][/])[^/@]*@/\1/; s/[/]$//' <<<"$url")$1" && return
    done
    fail 1 "the schema registry does not answer as it should: $1"
}
registry_login() { # URL
    local option file user
    user=$(sed -nE 's/^https?:[/][/]([^/@:]*)(:[^/@]*)?@.*/\1/p' <<<"$1")
    while IFS= read -r option; do
        file=${option#*=}
        case $option in
            passfile=*) printf 'user = "%s:%s"\n' "$user" "$(head -n 1 "$file")" ;;
            tokenfile=*) printf 'header = "Authorization: Bearer %s"\n' "$(head -n 1 "$file")" ;;
            sslrootcert=*) printf 'cacert = "%s"\n' "$file" ;;
            sslcert=*) printf 'cert = "%s"\n' "$file" ;;
            sslkey=*) printf 'key = "%s"\n' "$file" ;;
        esac
    done < <(sed -n 's/^[^?]*?//p' <<<"$1" | tr '&' '\n')
}
