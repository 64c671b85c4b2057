#!/usr/bin/env python3
"""The shop of pipelines/ecommerce-stream in Spark, over the topics of cdc-publish --envelope payload.

    job.py stream --brokers B --folder DIR [--slow N]     windows over what is inserted, until the topics' ends are reached
    job.py batch --brokers B --views FILE --folder DIR    the views of the file over the topics' last rows
    job.py windows --brokers B --folder DIR [--slow N]    revenue of each minute alone; prints rows and milliseconds of each batch

stream (Structured Streaming, checkpoints in DIR/checkpoints): items as they were inserted, to Parquet; revenue of each minute
and activity by session, with a watermark of ten minutes, to the topics ecommerce.spark.*. --slow N reads N records a time.
batch: the last row of each key, by source.order; then the same SELECTs as cdc-transform and PostgreSQL, to DIR/NAME as
lines KEY tab VALUE.
"""
import argparse
import os
import re
import sys

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

PREFIX = "ecommerce"
LATE = "10 minutes"
GAP = "30 minutes"
BAGS = ("customer_sessions",)
WRITTEN = {"ignoreNullFields": "false", "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"}
COLUMNS = {
    "customers": "id int, first_name string, last_name string, email string, created_at timestamp_ntz",
    "products": "id int, name string, price decimal(10,2), reorder_level int, created_at timestamp_ntz",
    "orders": "id int, order_date date, purchaser int, quantity int, product_id int, created_at timestamp_ntz",
    "order_items": "id int, order_id int, product_id int, quantity int, price decimal(10,2), created_at timestamp_ntz",
    "inventory_movements": "id int, product_id int, quantity int, reason string, created_at timestamp_ntz",
    "customer_activity": "id int, customer_id int, kind string, page string, created_at timestamp_ntz",
}


def session(name, options):
    return (SparkSession.builder.appName(name).master("local[2]")
            .config("spark.jars", os.environ["SPARK_KAFKA_JARS"])
            .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.memory", options.memory).config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false").getOrCreate())


def changes(records, table):
    """op, order, key and the row of each change of a topic."""
    row = ", ".join(column.replace(" ", ": ", 1) for column in COLUMNS[table].split(", "))
    envelope = f"payload struct<op: string, after: struct<{row}>, source: struct<`order`: string>>"
    value = F.from_json(F.col("value").cast("string"), envelope, {"timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSSSSS]"})
    return (records.where("value IS NOT NULL")
            .select(F.col("key").cast("string").alias("record_key"), "partition", "offset", value.payload.alias("p"))
            .select("record_key", "partition", "offset", F.col("p.op").alias("op"),
                    F.col("p.source.order").alias("order"), F.col("p.after").alias("row")))


def topic(table):
    return f"{PREFIX}.inventory.{table}"


def inserted(spark, options, table):
    """The rows of a topic as they were inserted, with their places, and `at` as the time that the watermark goes by."""
    records = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", options.brokers)
               .option("subscribe", topic(table)).option("startingOffsets", "earliest")
               .option("maxOffsetsPerTrigger", options.slow).option("kafka.isolation.level", "read_committed").load())
    rows = changes(records, table).where("op IN ('c', 'r')").select("partition", "offset", "row.*")
    return rows.withColumn("at", F.col("created_at").cast("timestamp")).withWatermark("at", LATE)


def revenue_by_minute(items):
    return (items.groupBy(F.window("at", "1 minute"))
            .agg(F.sum(F.col("quantity") * F.col("price")).alias("revenue"), F.sum("quantity").alias("units"))
            .select(F.date_format("window.start", "yyyy-MM-dd HH:mm").alias("key"),
                    F.to_json(F.struct(F.col("window.start").alias("minute"), "units", "revenue")).alias("value")))


def start(rows, name, options, sink, place):
    """A query to the topics' ends: to a topic, or to Parquet."""
    writer = rows.writeStream.outputMode("append").queryName(name).trigger(availableNow=True)
    writer = writer.option("checkpointLocation", f"{options.folder}/checkpoints/{name}").format(sink)
    if sink == "kafka":
        return writer.option("kafka.bootstrap.servers", options.brokers).option("topic", f"{PREFIX}.spark.{place}").start()
    return writer.option("path", f"{options.folder}/parquet/{place}").start()


def stream(options):
    spark = session("stream", options)
    items = inserted(spark, options, "order_items")
    sessions = (inserted(spark, options, "customer_activity").groupBy(F.session_window("at", GAP), "customer_id")
                .agg(F.count("*").alias("events"))
                .select(F.col("customer_id").cast("string").alias("key"),
                        F.to_json(F.struct("customer_id", F.col("session_window.start").alias("began"), "events")).alias("value")))
    queries = [start(items, "order_items", options, "parquet", "order_items"),
               start(revenue_by_minute(items), "revenue", options, "kafka", "revenue_by_minute"),
               start(sessions, "sessions", options, "kafka", "customer_sessions")]
    for query in queries:
        query.awaitTermination()
    written = spark.read.parquet(f"{options.folder}/parquet/order_items")
    print(f"{written.count()} {written.select('partition', 'offset').distinct().count()}")


def windows(options):
    items = inserted(session("windows", options), options, "order_items")
    query = start(revenue_by_minute(items), "revenue", options, "kafka", "revenue_by_minute")
    query.awaitTermination()
    for batch_figures in query.recentProgress:
        print(f"{batch_figures['numInputRows']} {batch_figures['durationMs']['triggerExecution']}")


def batch(options):
    spark = session("batch", options)
    newest = Window.partitionBy("record_key").orderBy(F.col("order").desc(), F.col("offset").desc())
    for table in COLUMNS:
        records = (spark.read.format("kafka").option("kafka.bootstrap.servers", options.brokers)
                   .option("subscribe", topic(table)).option("kafka.isolation.level", "read_committed").load())
        last = changes(records, table).withColumn("place", F.row_number().over(newest)).where("place = 1 AND op <> 'd'")
        last.select("row.*").cache().createOrReplaceTempView(table)
    with open(options.views, encoding="utf-8") as file:
        text = re.sub(r"--[^\n]*", "", file.read())
    os.makedirs(options.folder, exist_ok=True)
    for name, found_by, select in re.findall(r"CREATE VIEW (\w+) (?:KEY|PARTITION) \((.*?)\) AS\s(.*?);", text, re.S):
        rows = spark.sql(select).cache()
        rows.createOrReplaceTempView(name)
        found = ["*"] if name in BAGS else found_by.split(", ") # a bag's rows are told apart whole
        lines = rows.select(F.to_json(F.struct(*found), WRITTEN).alias("key"), F.to_json(F.struct("*"), WRITTEN).alias("value"))
        with open(f"{options.folder}/{name}", "w", encoding="utf-8") as out:
            for line in lines.toLocalIterator():
                out.write(f"{line.key}\t{line.value}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("stream", "batch", "windows"))
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--views")
    parser.add_argument("--slow", type=int, default=100000)
    parser.add_argument("--memory", default="1g", help="heap of the engine")
    options = parser.parse_args()
    {"stream": stream, "batch": batch, "windows": windows}[options.what](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
