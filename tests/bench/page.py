"""The rows of bench.json as a page in Markdown, with the machine, the versions and the commands."""
import pathlib
import re
import subprocess
import sys

from harness import ROOT, is_short, machine

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
             "medians. A ratio is ours by the peer's. SHORT: the target is missed. Rows of several machines are not to be compared.", "",
             *[f"- {text}" for text in versions(bin_folder)]]
    last = ""
    for row in sorted(rows, key=lambda row: row.get("machine", "") != machine()): # this one's first; else as they are
        if row.get("machine", "") != last:
            last = row.get("machine", "")
            lines += ["", f"## {last}", "", "| work | ours | unit | peer | peer's | ratio | target | | taken | rounds |",
                      "| --- | ---: | --- | --- | ---: | ---: | --- | --- | --- | ---: |"]
        lines.append("| " + " | ".join([
            row["work"], number(row["value"]), row["unit"], row["peer"] or "",
            "" if row["peer_value"] is None else number(row["peer_value"]),
            "" if row["ratio"] is None else f"{row['ratio']:.2f}", row["target"] or "",
            "SHORT" if is_short(row) else "", row.get("taken", ""), str(row.get("rounds", ""))]) + " |")
    pathlib.Path(path).write_text("\n".join(lines) + "\n")
    print(f"written: {path}", file=sys.stderr)
