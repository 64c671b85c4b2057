# Unit files that do what the supervisor does: one service a pipe, started again on 1, down on 2 to 5, and a
# target over them. Sourced by pipeline.sh.

unit() { # PIPE
    local env=''
    [ -z "$env_file" ] || env="--env \"$env_file\" "
    cat <<UNIT
[Unit]
Description=cdc-toolkit: $name, $1
Documentation=man:cdc-pipelines(7)
PartOf=cdc-$name.target
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart="$self" ${env}run $1
Environment=PIPELINE_STATE=$(dirname "$state") PIPELINE_SERVICES=elsewhere
User=$(id -un)
# 2 to 5 would come again: the unit stays failed until somebody has looked.
Restart=always
RestartSec=5s
RestartPreventExitStatus=2 3 4 5
# All tools of the pipe get SIGTERM and drain.
KillMode=control-group
TimeoutStopSec=${PIPELINE_STOP_S}s
NoNewPrivileges=yes
PrivateTmp=yes

[Install]
WantedBy=cdc-$name.target
UNIT
}

target_unit() {
    cat <<UNIT
[Unit]
Description=cdc-toolkit: $name
Documentation=man:cdc-pipelines(7)
Wants=$(printf 'cdc-%s-%s.service ' $(for pipe in "${pipes[@]}"; do echo "$name $pipe"; done))

[Install]
WantedBy=multi-user.target
UNIT
}

print_units() { # [DIR]
    local pipe
    if [ -n "${1:-}" ]; then
        mkdir -p "$1" || return 1
        for pipe in "${pipes[@]}"; do unit "$pipe" >"$1/cdc-$name-$pipe.service" || return 1; done
        target_unit >"$1/cdc-$name.target" || return 1
        say "written to '$1'; copy them to /etc/systemd/system, then: systemctl daemon-reload && systemctl enable --now cdc-$name.target"
        return 0
    fi
    for pipe in "${pipes[@]}"; do
        echo "# /etc/systemd/system/cdc-$name-$pipe.service"
        unit "$pipe"
        echo
    done
    echo "# /etc/systemd/system/cdc-$name.target"
    target_unit
}
