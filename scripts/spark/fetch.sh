# PySpark from PyPI and its Kafka source from Maven Central, in the cache; sourced by run. Needs cache_dir, say, fail and
# maven_fetch of services.d/maven.sh.
kSpark=3.5.7
spark_home=$cache_dir/spark-$kSpark
spark_kafka=$cache_dir/spark-kafka-$kSpark

fetch_spark() {
    if [[ ! -d $spark_home ]]; then
        say "fetching pyspark $kSpark"
        rm -rf "$spark_home.new"
        python3 -m venv "$spark_home.new" && "$spark_home.new/bin/python3" -m pip -q install "pyspark==$kSpark" >&2 ||
            { rm -rf "$spark_home.new"; fail "could not install pyspark $kSpark"; }
        mv -T "$spark_home.new" "$spark_home"
    fi
    maven_fetch "$spark_kafka" "Spark's Kafka source" "org.apache.spark:spark-sql-kafka-0-10_2.12:$kSpark"
}

# All else that Maven brings is in pyspark already.
spark_jars() {
    local name jars=()
    for name in spark-sql-kafka spark-token-provider-kafka kafka-clients commons-pool2; do
        jars+=("$spark_kafka"/libs/$name*.jar)
    done
    (IFS=,; echo "${jars[*]}")
}
