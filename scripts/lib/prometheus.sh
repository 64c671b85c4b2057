# Where a pipeline answers Prometheus, as the files of targets that scripts/monitoring/prometheus.yml reads. Sourced by
# pipeline.sh.

stage() { echo "$METRICS_HOST:$((METRICS_PORT + $1))"; } # N

tool_targets() {
    local n
    for n in "${!stages[@]}"; do
        echo "- targets: ['$(stage "$n")']"
        echo "  labels: {pipeline: $name, stage: ${stages[n]}}"
    done
}

# The job that the exporter of the source's database is of, and where it answers.
exporter_job() {
    case ${services[0]} in postgres) echo postgres ;; *) echo mysql ;; esac
}
exporter_target() {
    case $(exporter_job) in
        postgres) default DATABASE_EXPORTER 127.0.0.1:9187 ;;
        *) default DATABASE_EXPORTER 127.0.0.1:9104 ;;
    esac
    echo "- targets: ['$DATABASE_EXPORTER']"
}

print_targets() { # [DIR]
    local exporter
    [ ${#stages[@]} != 0 ] || usage "$name tells no figures; pg-monitored is the same with them"
    exporter=$(exporter_job)-$name.yml
    if [ -z "${1:-}" ]; then
        printf '# targets/cdc-%s.yml\n%s\n\n# targets/%s\n%s\n' "$name" "$(tool_targets)" "$exporter" "$(exporter_target)"
        return 0
    fi
    mkdir -p "$1" || return 1
    # Prometheus may look at any moment.
    tool_targets >"$1/.new" && mv "$1/.new" "$1/cdc-$name.yml" || return 1
    exporter_target >"$1/.new" && mv "$1/.new" "$1/$exporter" || return 1
    say "written to '$1'; Prometheus looks there by itself when it is beside prometheus.yml, as 'targets'"
}
