"""The rows of bench.json as a page in Markdown, with the machine, the versions and the commands."""
import os
import pathlib
import re
import subprocess
import sys

from harness import ROOT, is_short

sys.path.insert(0, str(ROOT / "scripts"))
import chdb


def first_line(*command):
    return output(*command).partition("\n")[0]


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip()


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) / 2**20
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return (f"{os.cpu_count()} processors ({cpu.group(1) if cpu else os.uname().machine}), {memory:.0f} GiB of memory, "
            f"{system.group(1)}, Linux {os.uname().release}; tools, peers and all servers on it together")


def versions(bin_folder):
    """Of what is measured, and of what it is measured against: fetched programs lie in folders of their version."""
    said = [first_line(bin_folder / "cdc-capture", "--version"), first_line("/usr/lib/postgresql/15/bin/postgres", "--version"),
            "".join(f"kcat {version}" for version in re.findall(r"Version ([\d.]+)", output("kcat", "-V")))]
    cache = pathlib.Path(chdb.library_path()).parent
    kinds = ("apicurio", "chdb", "debezium", "duckdb", "kafka", "librdkafka", "mysql")
    fetched = sorted(folder.name for folder in cache.iterdir() if re.match(rf"({'|'.join(kinds)})[a-z-]*-\d", folder.name))
    return [text for text in (*said, ", ".join(fetched)) if text]


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def write(path, rows, bin_folder):
    lines = ["# Figures", "",
             "Written by `make bench PAGE=tests/bench/FIGURES.md`; each row alone by `make bench ONLY=…`. Ours and the peer in turn, "
             "medians. A ratio is ours by the peer's. SHORT: the target is missed.", "",
             f"Machine: {machine()}.", "", *[f"- {text}" for text in versions(bin_folder)], "",
             "| work | ours | unit | peer | peer's | ratio | target | | taken | rounds |",
             "| --- | ---: | --- | --- | ---: | ---: | --- | --- | --- | ---: |"]
    for row in rows:
        lines.append("| " + " | ".join([
            row["work"], number(row["value"]), row["unit"], row["peer"] or "",
            "" if row["peer_value"] is None else number(row["peer_value"]),
            "" if row["ratio"] is None else f"{row['ratio']:.2f}", row["target"] or "",
            "SHORT" if is_short(row) else "", row.get("taken", ""), str(row.get("rounds", ""))]) + " |")
    pathlib.Path(path).write_text("\n".join(lines) + "\n")
    print(f"written: {path}", file=sys.stderr)
