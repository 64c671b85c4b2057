#!/usr/bin/env bash
# scripts/flink/run: the views of ecommerce-stream in another engine, compared row by row. It fetches that engine.
exec "$(dirname "$0")/../../scripts/flink/run"
