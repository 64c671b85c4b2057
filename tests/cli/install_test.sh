#!/usr/bin/env bash
# What `make install` puts where, and that bash and zsh complete from there: install_test.sh BUILD
set -uo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
complain() { echo "FAILED: $*"; failed=1; }

cmake --install "$build" --prefix "$work/root" --strip >install.log 2>&1 || { cat install.log; exit 1; }
bin=$work/root/bin
share=$work/root/share
PATH=$bin:$PATH

tools=("$bin"/cdc-*)
[ ${#tools[@]} -ge 7 ] || complain "only ${#tools[@]} tools"

# complete_bash WORD…: what the last word may become
complete_bash() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    "_${1//-/_}" 2>/dev/null
    printf '%s\n' "${COMPREPLY[@]}"
}
expect() { # GOT WANTED WHAT
    [ "$1" = "$2" ] || complain "$3: got '${1//$'\n'/ }', wanted '${2//$'\n'/ }'"
}
for path in "${tools[@]}"; do
    tool=${path##*/}
    "$path" --version >/dev/null || complain "$tool does not run where it was installed"
    [ -s "$share/man/man1/$tool.1" ] || command -v pandoc >/dev/null || complain "no man page of $tool"
    [ -s "$share/zsh/site-functions/_$tool" ] || complain "no completion for zsh of $tool"
    # shellcheck source=/dev/null
    source "$share/bash-completion/completions/$tool" || complain "no completion for bash of $tool"
    expect "$(complete_bash "$tool" -- | grep -- '^--' | sort)" \
        "$("$path" --help | grep -oE '^  (-[A-Za-z],)?--[a-z0-9-]+' | grep -oE -e '--[a-z0-9-]+' | sort)" \
        "options of $tool"
done

expect "$(complete_bash cdc-snapshot --chunk-r)" --chunk-rows "an option"
expect "$(complete_bash cdc-snapshot --chunk-by '')" $'auto\nctid\nkey' "the values of an option"
expect "$(complete_bash cdc-snapshot --chunk-by = k)" key "the value behind an equals sign"
expect "$(complete_bash cdc-verify --js)" --json "a flag"
expect "$(complete_bash cdc-verify --json --qu)" --quiet "an option behind a flag"
expect "$(complete_bash cdc-capture --slot x)" "" "a value that only the user knows"
touch state.json
expect "$(complete_bash cdc-load --checkpoint st)" state.json "a file"

# zsh has no function to ask: a terminal, and a tab.
cat >ask.zsh <<'ZSH'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; unsetopt zle_bracketed_paste 2>/dev/null; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; echo ready"
while zpty -r shell line; do [[ $line == ready* ]] && break; done
zpty -w -n shell "$2"$'\t'
sleep 1
zpty -w -n shell $'\C-aecho "\C-e"\n'
text=
while zpty -r shell line; do text+=$line; [[ $line == $3* ]] && { print -r -- found; exit 0; }; done
print -r -- "$text"
ZSH
ask_zsh() { timeout 20 zsh -f ask.zsh "$share/zsh/site-functions" "$1" "$2" || true; }
command -v zsh >/dev/null || complain "zsh is not installed: scripts/install-deps"
expect "$(ask_zsh 'cdc-snapshot --chunk-r' 'cdc-snapshot --chunk-rows')" found "an option in zsh"
expect "$(ask_zsh 'cdc-lag --prom' 'cdc-lag --prometheus')" found "another option in zsh"
expect "$(ask_zsh 'cdc-snapshot --chunk-by=c' 'cdc-snapshot --chunk-by=ctid')" found "a value in zsh"

for pipeline in "$share"/cdc-toolkit/pipelines/*-*; do
    "$pipeline" --help >/dev/null || complain "${pipeline##*/} does not run where it was installed"
    PIPELINE_STATE=$work "$pipeline" --systemd >units
    grep -q "^ExecStart=\"$pipeline\" run" units || complain "unit files of ${pipeline##*/}"
done

[ $failed = 0 ] && echo "${#tools[@]} tools installed; bash and zsh complete their options"
exit $failed
