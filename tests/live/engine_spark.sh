#!/usr/bin/env bash
# scripts/spark/run: the views of ecommerce-stream in another engine, compared row by row. It fetches that engine.
exec "$(dirname "$0")/../../scripts/spark/run"
