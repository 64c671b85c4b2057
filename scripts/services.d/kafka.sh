# Apache Kafka 4.1 in KRaft mode, from Maven: `kafka` is one node, `kafka3` three of them
# (kafka3-1 … kafka3-3, each of which can be killed and started alone); sourced by scripts/services.
#
# Every node has, beside its plain listener, one with SASL PLAIN, one with TLS, and one with TLS and
# SCRAM. Users: admin (admin-secret) may do everything, guest (guest-secret) nothing; whoever does not
# log in, on the plain and the TLS listener, may do everything too. By SCRAM-SHA-256 log in admin
# and guest as well, by SCRAM-SHA-512 admin512 (admin512-secret), who may do everything.

readonly kKafkaVersion=4.1.0
readonly kKafkaClusterId=Y2RjLXRvb2xraXQtdGVzdA

kafka_home() { echo "$cache_dir/kafka-$kKafkaVersion"; }

kafka_fetch() {
    maven_fetch "$(kafka_home)" "Kafka $kKafkaVersion" \
        "org.apache.kafka:kafka_2.13:$kKafkaVersion" org.slf4j:slf4j-simple:1.7.36
}

# The nodes of the cluster that $name belongs to.
kafka_nodes() {
    if [[ $name == kafka3-* ]]; then echo kafka3-1 kafka3-2 kafka3-3; else echo kafka; fi
}

# The others' ports must be known before they were ever started.
kafka_choose_ports() {
    local node kind
    for node in $(kafka_nodes); do
        for kind in port controller sasl tls scram; do
            [[ ! -s $base/$node/$kind ]] || continue
            mkdir -p "$base/$node"
            (state=$base/$node port='' choose_port_file "$kind")
        done
    done
}
choose_port_file() { # kind: a free port into $state/$kind
    local keep=
    [[ ! -s $state/port ]] || keep=$(<"$state/port")
    choose_port
    [[ $1 == port ]] || mv "$state/port" "$state/$1"
    [[ $1 == port || -z $keep ]] || echo "$keep" >"$state/port"
}

kafka_certificate() {
    [[ ! -s $state/server.pem ]] || return 0
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost \
        -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
        -keyout "$state/key.pem" -out "$state/ca.pem" 2>>"$log" || fail "openssl failed; see '$log'"
    cat "$state/key.pem" "$state/ca.pem" >"$state/server.pem"
}

kafka_prepare() {
    command -v java >/dev/null || fail "no java; run scripts/install-deps"
    kafka_fetch
    kafka_choose_ports
    kafka_certificate
    local node id=1 voters='' copies=1 in_sync=1 self
    for node in $(kafka_nodes); do
        [[ $node != "$name" ]] || self=$id
        voters+="${voters:+,}$id@127.0.0.1:$(<"$base/$node/controller")"
        id=$((id + 1))
    done
    if [[ $name == kafka3-* ]]; then copies=3 in_sync=2; fi
    local sasl tls scram controller
    sasl=$(<"$state/sasl") tls=$(<"$state/tls") scram=$(<"$state/scram") controller=$(<"$state/controller")
    cat >"$state/kraft.properties" <<CONF
process.roles=broker,controller
node.id=$self
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller,SASL_PLAINTEXT://127.0.0.1:$sasl,SSL://127.0.0.1:$tls,SASL_SSL://127.0.0.1:$scram
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
listener.name.sasl_plaintext.sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_admin="admin-secret" user_guest="guest-secret";
ssl.keystore.type=PEM
ssl.keystore.location=$state/server.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin;User:admin512
log.dirs=$state/data
num.partitions=1
default.replication.factor=$copies
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
broker.session.timeout.ms=6000
controlled.shutdown.enable=true
${CDC_KAFKA_CONF:-}
CONF
    [[ -s $state/data/meta.properties ]] || prepared_data "$(kafka_home)/formatted-$self-of-$copies" kafka_format
}

kafka_java() { # heap, then class and arguments
    local heap=$1
    shift
    argv=(java "-Xmx$heap" -XX:+UseSerialGC ${classes:+"$classes"} -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
        -Dlog4j2.level=WARN -cp "$(kafka_home)/libs/*" "$@")
}

kafka_format() {
    kafka_java 128m kafka.tools.StorageTool format -t "$kKafkaClusterId" \
        -c "$state/kraft.properties" --ignore-formatted \
        --add-scram 'SCRAM-SHA-256=[name=admin,password=admin-secret]' \
        --add-scram 'SCRAM-SHA-256=[name=guest,password=guest-secret]' \
        --add-scram 'SCRAM-SHA-512=[name=admin512,password=admin512-secret]'
    "${argv[@]}" >>"$log" 2>&1 || { tail -n 5 "$log" >&2; fail "cannot format '$state/data'"; }
}

kafka_command() {
    local classes
    java_classes "$(kafka_home)"
    # One of three cannot be stopped at will.
    [[ $name == kafka || -z $recording ]] || classes='' recording=''
    kafka_java 512m kafka.Kafka "$state/kraft.properties"
}

# One of three cannot serve before a second one runs, so the whole cluster is asked for only when
# all of it was started.
kafka_ready() {
    local node brokers='' count=0
    for node in $(kafka_nodes); do
        (select_service "$node" && running) || { port_answers "$(<"$state/controller")"; return; }
        count=$((count + 1))
    done
    brokers=$(kcat -b "127.0.0.1:$port" -L -m 2 2>/dev/null) || return 1
    grep -q "^ $count brokers:" <<<"$brokers"
}

port_answers() { (exec 8<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The last one of three waits in vain for a quorum to let it go.
kafka_stop_signal() {
    local node
    [[ $name != kafka ]] || { echo TERM; return; }
    for node in $(kafka_nodes); do
        if [[ $node != "$name" ]] && (select_service "$node" && running); then
            echo TERM
            return
        fi
    done
    echo KILL
}

kafka_list() { # kind of port: every node's address
    local node list=
    for node in $(kafka_nodes); do
        list+="${list:+,}127.0.0.1:$(<"$base/$node/$1")"
    done
    echo "$list"
}

kafka_url() { echo "127.0.0.1:$port"; }

kafka_env() {
    local upper=${name%-*}
    upper=${upper^^}
    echo "export CDC_TEST_${upper}_BROKERS='$(kafka_list port)'"
    echo "export CDC_TEST_${upper}_SASL_BROKERS='$(kafka_list sasl)'"
    echo "export CDC_TEST_${upper}_TLS_BROKERS='$(kafka_list tls)'"
    echo "export CDC_TEST_${upper}_SCRAM_BROKERS='$(kafka_list scram)'"
    echo "export CDC_TEST_${upper}_CA='$state/ca.pem'"
}
