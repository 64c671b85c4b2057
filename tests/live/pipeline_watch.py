#!/usr/bin/env python3
"""What the tools of pipelines hold on to: memory and descriptors of each process, over time.

    pipeline_watch.py watch FOLDER…         a sample every two seconds of each tool that works in one of these state
                                            folders, to standard output: time, folder, tool, pid, bytes, descriptors
    pipeline_watch.py tools FOLDER          the tools that work there now, sorted, one a line
    pipeline_watch.py judge SAMPLES SINCE   exit 1 if a process grew from SINCE (seconds since 1970) on, in which it lived
                                            LIVED_S at least; prints the most that each tool had

A life is cut into SPANS. What leaks with each event or look makes most of them larger than those before: the median of
these steps, times their number, is the slope. A burst, as a fault makes one, is one large step, for allocators keep what it
has needed; all steps together are bounded too. The slope's bound is below what the least leak makes of half an hour of
the test's load: 16 bytes of each of 300,000 rows.
"""
import collections
import os
import pathlib
import statistics
import sys
import time

INTERVAL_S = 2
LIVED_S = 60
SPANS = 10
SLOPE_BYTES = 4 << 20
GROWTH_BYTES = 24 << 20
GROWTH_DESCRIPTORS = 8
# Of any tool, whatever fails around it: buffers of librdkafka (publish, consume) are the largest.
MOST_BYTES = 160 << 20

Sample = collections.namedtuple("Sample", "time memory descriptors")


def tools_in(folders):
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            tool = (entry / "comm").read_text().strip()
            folder = os.readlink(entry / "cwd")
        except OSError: # it has ended meanwhile
            continue
        if tool.startswith("cdc-") and folder in folders:
            yield entry, folder, tool


def resident(entry):
    for line in (entry / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise FileNotFoundError(entry) # it is a zombie


def watch(folders):
    folders = {os.path.realpath(folder) for folder in folders}
    while True:
        for entry, folder, tool in tools_in(folders):
            try:
                print(f"{time.time():.1f}\t{os.path.basename(folder)}\t{tool}\t{entry.name}\t{resident(entry)}\t{len(os.listdir(entry / 'fd'))}")
            except OSError:
                continue
        sys.stdout.flush()
        time.sleep(INTERVAL_S)


def lives(path):
    """(folder, tool, pid) -> its samples."""
    found = collections.defaultdict(list)
    with open(path) as lines:
        for line in lines:
            when, folder, tool, pid, memory, descriptors = line.rstrip("\n").split("\t")
            found[folder, tool, pid].append(Sample(float(when), int(memory), int(descriptors)))
    return found


def growth(samples, field):
    """(slope, growth) over all of a life."""
    values = [getattr(sample, field) for sample in samples]
    size = len(values) // SPANS
    levels = [statistics.median(values[n * size:(n + 1) * size]) for n in range(SPANS)]
    steps = [after - before for before, after in zip(levels, levels[1:])]
    return statistics.median(steps) * len(steps), levels[-1] - levels[0]


def judge(path, since):
    most, watched, faults = collections.Counter(), 0, []
    for (folder, tool, pid), samples in lives(path).items():
        name = f"{folder}: {tool}"
        most[name] = max(most[name], *(sample.memory for sample in samples))
        calm = [sample for sample in samples if sample.time >= since]
        if len(calm) < 2 * SPANS or calm[-1].time - calm[0].time < LIVED_S:
            continue
        watched += 1
        (slope, more), (_, opened) = growth(calm, "memory"), growth(calm, "descriptors")
        hours = (calm[-1].time - calm[0].time) / 3600
        print(f"{name} ({pid}): {more / 1e6:+.1f} MB, slope {slope / 1e6:+.1f} MB, {opened:+.0f} descriptors in {hours:.2f} h")
        if slope > SLOPE_BYTES or more > GROWTH_BYTES or opened > GROWTH_DESCRIPTORS:
            faults.append(f"{name} ({pid}) grows")
    for name, bytes_ in sorted(most.items()):
        print(f"{name}: at most {bytes_ / 1e6:.0f} MB")
        if bytes_ > MOST_BYTES:
            faults.append(f"{name} had {bytes_} bytes")
    print(f"{watched} processes were watched for growth")
    if not most:
        faults.append("there are no samples")
    for fault in faults:
        print(f"FAILED: {fault}", file=sys.stderr)
    return 1 if faults else 0


def main():
    verb, *words = sys.argv[1:]
    if verb == "watch":
        watch(words)
    elif verb == "tools":
        for tool in sorted(tool for _, _, tool in tools_in({os.path.realpath(words[0])})):
            print(tool)
    else:
        sys.exit(judge(words[0], float(words[1])))


if __name__ == "__main__":
    main()
