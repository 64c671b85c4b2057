# Apache Flink from Maven Central, in the cache; sourced by run. Of services.d/maven.sh, what it needs: cache_dir, say, fail.
kFlink=2.2.0
flink_home=$cache_dir/flink-$kFlink

fetch_flink() {
    local artifact coordinates=()
    for artifact in flink-clients flink-table-planner-loader flink-table-runtime flink-table-api-java-bridge \
        flink-connector-files flink-json flink-statebackend-rocksdb; do
        coordinates+=("org.apache.flink:$artifact:$kFlink")
    done
    maven_fetch "$flink_home" "Apache Flink $kFlink" "${coordinates[@]}" \
        org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2 org.slf4j:slf4j-simple:1.7.36
}
