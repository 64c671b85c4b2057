"""The engines that cdc-transform is measured against, from the cache of scripts/flink and scripts/spark; and their topics."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import time
from decimal import Decimal

from harness import ROOT, Run, median, metered, say, timed

PARTITIONS = 2
# Records get the broker's time, by which the last one of a topic says when an engine was through.
KAFKA_CONF = f"num.partitions={PARTITIONS}\nlog.message.timestamp.type=LogAppendTime\n"


def fetched(engine, answer):
    """Fetches it where it is not there, and gives what its fetch.sh sets or says."""
    script = ('set -euo pipefail; cache_dir=${CDC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/cdc-toolkit}\n'
              'say() { echo "bench: $*" >&2; }; fail() { say "error: $*"; exit 1; }\n'
              f'. "$0/services.d/maven.sh"; . "$0/{engine}/fetch.sh"; fetch_{engine}; echo "{answer}"')
    return subprocess.run(["bash", "-c", script, ROOT / "scripts"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip().splitlines()[-1]


def kcat(brokers, *words):
    done = subprocess.run(["kcat", "-q", "-b", brokers, *words], capture_output=True, text=True, check=False)
    return done.stdout


def records_of(brokers, topic):
    """How many records the topic has, over its partitions; 0 where it is not there yet."""
    places = [word for number in range(PARTITIONS) for word in ("-t", f"{topic}:{number}:-1")]
    return sum(int(found) for found in re.findall(r"offset (\d+)", kcat(brokers, "-Q", *places)))


def last_append(brokers, topic):
    """When the broker took the topic's last record, in seconds since 1970."""
    times = [kcat(brokers, "-C", "-t", topic, "-p", str(number), "-o", "-1", "-c", "1", "-e", "-f", "%T\n").split()
             for number in range(PARTITIONS)]
    return max(int(found[0]) for found in times if found) / 1000


def wait_until_quiet(brokers, topic, before, job, quiet_s=6, at_most_s=600):
    """Waits until the topic has more records than before and gets no more while the job has next to nothing to do: a long
    collection of garbage is not the end."""
    seen, start = before, time.monotonic()
    changed, (_, cpu) = start, job.used()
    while True:
        time.sleep(0.3)
        now, (_, cpu_now) = time.monotonic(), job.used()
        if not job.alive():
            raise SystemExit(f"the job that writes {topic} has ended")
        if now - start > at_most_s:
            raise SystemExit(f"the job that writes {topic} is not through after {at_most_s} s")
        if (found := records_of(brokers, topic)) != seen or (now - changed > quiet_s and cpu_now - cpu > quiet_s * 0.1):
            seen, changed, cpu = found, now, cpu_now
        elif seen != before and now - changed > quiet_s:
            return


def rows_of(brokers, topic):
    """The state that a reader of the topic has at its end: how many keys, and a hash over the rows."""
    rows = {}
    with subprocess.Popen(["kcat", "-q", "-b", brokers, "-C", "-t", topic, "-o", "beginning", "-e", "-f", "%k\t%s\n"],
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            key, _, value = line.rstrip("\n").partition("\t")
            if value:
                rows[key] = value
            else:
                rows.pop(key, None)
    hashes = (hashlib.blake2b(plain(row).encode(), digest_size=8).digest() for row in rows.values())
    return len(rows), sum(int.from_bytes(each, "big") for each in hashes) % 2**64


def plain(value):
    """A row by its values alone: what is a number in one topic is a text in the other."""
    row = json.loads(value, parse_float=str, parse_int=str)
    row.pop("__deleted", None)
    return repr(sorted((name, str(Decimal(cell).normalize()) if re.fullmatch(r"-?[\d.]+", cell) else cell)
                       for name, cell in row.items()))


def publish(folder, env, name, prefix):
    """A file of lines into topics, as Flink and Spark read them; ours read the same."""
    subprocess.run(["bash", "-c", f"cdc-publish --brokers {env['CDC_TEST_KAFKA_BROKERS']} --prefix {prefix} --marks --envelope payload "
                    f"--partitions {PARTITIONS} --checkpoint {folder}/published --log-level error <{folder}/{name}"], env=env, check=True)
    (folder / name).unlink()


def run_ours(folder, env, source, target, topics, more=""):
    """cdc-consume | cdc-transform | cdc-publish, from where they were to the end of the topics. Memory is the sum.

    Each has the least memory that costs it less than a tenth of its speed, as the peer has the least heap."""
    common = f"--brokers {env['CDC_TEST_KAFKA_BROKERS']} --checkpoint {folder}/{target}.place --log-level warning"
    stages = [f"cdc-consume {common} --topics {topics} --prefix {source} --marks --exit-at-end -X queued.max.messages.kbytes=4096",
              f"cdc-transform --views {folder}/views.sql --state {folder}/{target} --checkpoint {folder}/{target}.place "
              f"--memory 64MB --log-level warning {more}",
              f"cdc-publish {common} --prefix {target} --envelope flat --partitions {PARTITIONS} --queue 4MB"]
    files = [folder / f"rss_{stage}" for stage in range(3)]
    run = timed(" | ".join(metered(stage, file) for stage, file in zip(stages, files)), env)
    say(", ".join(f"{stage.split()[0]} {float(file.read_text()):.0f} MB" for stage, file in zip(stages, files)))
    return Run(run.wall, run.cpu, sum(float(file.read_text()) for file in files))


def used(pid):
    """Of a process and those below it, as far as they run: the sum of the most memory that each had (MB), and CPU seconds."""
    def of(one):
        found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{one}/status").read_text())
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        below = [of(each) for each in pathlib.Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        return ((int(found.group(1)) / 1024 if found else 0) + sum(memory for memory, _ in below),
                (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(cpu for _, cpu in below))
    try:
        return of(pid)
    except OSError: # one has ended meanwhile
        return 0, 0


def add_rows(results, work, mine, other, count, unit, peer, target=None, memory_target=None):
    """Speed, CPU seconds and memory of both, and their ratios."""
    results.rounds = len(mine)
    rate, peer_rate = (count / median(run.wall for run in runs) for runs in (mine, other))
    results.add(work, rate, unit, peer, peer_rate, rate / peer_rate, target)
    cpu, peer_cpu = (median(run.cpu for run in runs) for runs in (mine, other))
    results.add(f"cpu-{work}", cpu, "s", peer, peer_cpu, cpu / peer_cpu)
    memory, peer_memory = (max(run.rss_mb for run in runs) for runs in (mine, other))
    results.add(f"memory-{work}", memory, "MB", peer, peer_memory, memory / peer_memory, memory_target)
