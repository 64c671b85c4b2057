#!/usr/bin/env python3
"""kafka_kill.py on three brokers with three copies: the leader of a partition is killed, among others.

CDC_TEST_SOAK=1: 30 kills, else 2.
"""
import sys

import bed as beds
import kafka_kill


class ThreeBrokers(kafka_kill.KafkaPipe):
    kafka = "kafka3"


def run(bed):
    kafka_kill.run(bed, ["leader", "publish", "leader", "consume", "leader", "load", "capture"],
                   30 if beds.SOAK else 2)


if __name__ == "__main__":
    beds.main(ThreeBrokers, run)
