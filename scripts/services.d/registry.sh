# A schema registry with Confluent's REST interface, from Maven: Apicurio 2.6, one process on Java 17;
# sourced by scripts/services. Everything is kept in memory: a restart loses it, and ids start anew.
#
# Compatibility is BACKWARD, as in Confluent's; Apicurio's own is NONE.

readonly kRegistryVersion=2.6.13.Final

registry_home() { echo "$cache_dir/apicurio-registry-$kRegistryVersion"; }

registry_fetch() {
    local home work
    home=$(registry_home)
    begin_fetch "$home" || return 0
    say "fetching Apicurio Registry $kRegistryVersion"
    work=$(mktemp -d "$cache_dir/fetch.XXXXXX")
    mvn -B -q -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
        -Dartifact="io.apicurio:apicurio-registry-app:$kRegistryVersion:tar.gz:all" \
        -DoutputDirectory="$work" >&2 ||
        { rm -rf "$work"; fail "Maven could not fetch Apicurio Registry"; }
    mkdir "$work/home"
    tar -xzf "$work"/*.tar.gz -C "$work/home" || { rm -rf "$work"; fail "a broken archive"; }
    mv -T "$work/home" "$home"
    rm -rf "$work"
    end_fetch
}

registry_prepare() {
    command -v java >/dev/null || fail "no java; run scripts/install-deps"
    registry_fetch
}

registry_command() {
    local classes
    java_classes "$(registry_home)"
    argv=(java -Xmx256m -XX:+UseSerialGC "$classes" -Dquarkus.http.host=127.0.0.1
        "-Dquarkus.http.port=$port" -Dquarkus.log.level=WARN
        -jar "$(registry_home)/apicurio-registry-app-$kRegistryVersion-runner.jar")
}

registry_ready() {
    curl -sf -m 5 "$(registry_url)/subjects" >/dev/null || return 1
    curl -sf -m 5 -X PUT -H 'Content-Type: application/json' -d '{"compatibility":"BACKWARD"}' \
        "$(registry_url)/config" >/dev/null
}

registry_stop_signal() { echo TERM; }
registry_url() { echo "http://127.0.0.1:$port/apis/ccompat/v7"; }
