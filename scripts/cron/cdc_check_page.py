"""The page of cdc-check --html: what the history says, for people. One file, no script, no network.

Of each pipeline: whether it is well, its alerts, a strip of all looks, each hop's lag and throughput over time, and
for each table whether its rows are the same, when that last held, how the rows grow, and its mark.
"""
import datetime
import html

LOOKS = 2000    # of a pipeline, the last ones
POINTS = 240    # of a curve: more of them are joined, the highest counts
CELLS = 96      # of a strip: more looks are joined, the worst counts

STYLE = """
:root { color-scheme: light dark; --back: #f4f5f7; --card: #fff; --ink: #1c2430; --dim: #647084; --edge: #e1e5ea;
  --line: #2563c9; --fill: #2563c91c; --flow: #0d8a7a; --flow-fill: #0d8a7a1c; --good: #1a7f4b; --good-back: #e0f4e8;
  --bad: #c22f12; --bad-back: #fde6e1; --open: #8a5b00; --open-back: #fbf0d5; --none: #d5dae1; }
@media (prefers-color-scheme: dark) { :root { --back: #10141a; --card: #181e27; --ink: #e4e9f0; --dim: #93a0b4;
  --edge: #2a3340; --line: #7fb0ff; --fill: #7fb0ff22; --flow: #4fd1bd; --flow-fill: #4fd1bd22; --good: #5fd699;
  --good-back: #16382a; --bad: #ff8f75; --bad-back: #43201a; --open: #f2c46a; --open-back: #3b2f14; --none: #36414f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.2rem 1rem 3rem; }
h1 { font-size: 1.35rem; margin: 0; } h2 { font-size: 1.15rem; margin: 0; } h3 { font-size: .8rem; margin: 1.4rem 0 .5rem; color: var(--dim);
  text-transform: uppercase; letter-spacing: .06em; font-weight: 600; }
header, .title { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: center; }
header { margin-bottom: 1rem; }
.dim { color: var(--dim); } .small { font-size: .85rem; } .push { margin-left: auto; }
section { background: var(--card); border: 1px solid var(--edge); border-radius: .7rem; padding: 1rem 1.1rem 1.2rem; margin-bottom: 1.1rem; }
.pill { border-radius: 1rem; padding: .08rem .6rem; font-size: .85rem; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: var(--good-back); } .bad { color: var(--bad); background: var(--bad-back); }
.open { color: var(--open); background: var(--open-back); } .none { color: var(--dim); background: var(--edge); }
.alert { border-radius: .5rem; padding: .5rem .7rem; margin: .7rem 0 0; } .alert pre { margin: .2rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .82rem; }
.strip { width: 100%; height: 1.3rem; display: block; border-radius: .25rem; } .strip .good { fill: var(--good); } .strip .bad { fill: var(--bad); }
.strip .open { fill: var(--open); } .strip .none { fill: var(--none); }
.ends { display: flex; justify-content: space-between; gap: 1rem; color: var(--dim); font-size: .75rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: .9rem 1.2rem; }
figure { margin: 0; min-width: 0; } figcaption { display: flex; gap: .5rem; align-items: baseline; font-size: .88rem; }
figcaption span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; } figcaption b { margin-left: auto; white-space: nowrap; }
.curve { width: 100%; height: 4.6rem; display: block; border-bottom: 1px solid var(--edge); margin-top: .15rem; }
.curve polyline { fill: none; stroke: var(--line); stroke-width: 1.6; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.curve polygon { fill: var(--fill); } .flow polyline { stroke: var(--flow); } .flow polygon { fill: var(--flow-fill); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th { text-align: left; color: var(--dim); font-weight: 600; font-size: .78rem; }
th, td { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--edge); vertical-align: middle; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tr:last-child td { border-bottom: 0; } td .strip, td .curve { width: 7.5rem; height: 1.1rem; border: 0; margin: 0; } td.name { font-weight: 600; white-space: nowrap; }
@media (max-width: 46rem) { main { padding: .8rem .6rem 2rem; } section { padding: .8rem .8rem 1rem; } .push { margin-left: 0; flex-basis: 100%; }
  thead { display: none; } tr { display: grid; grid-template-columns: 1fr 1fr; gap: .15rem .8rem; padding: .6rem 0; border-bottom: 1px solid var(--edge); }
  tr:last-child { border-bottom: 0; } td, td.number { display: block; border: 0; padding: 0; text-align: left; } td.name, td.wide { grid-column: 1 / -1; }
  td::before { content: attr(data-label); display: block; color: var(--dim); font-size: .72rem; } td.name { white-space: normal; overflow-wrap: anywhere; } td.name::before { content: none; } td .strip, td .curve { width: 100%; }
  td:empty { display: none; } }
"""


def text_of(value):
    return html.escape(str(value))


def moment(seconds):
    if seconds is None:
        return "never"
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")


def short_moment(seconds, span):
    """For the ends of an axis that is `span` seconds long."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%H:%MZ" if span < 20 * 3600 else "%b %d, %H:%MZ")


def duration(seconds):
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{seconds:.0f} s"


def count(number):
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if number >= size:
            return f"{number / (1000 if unit == 'k' else size):.1f}{unit}"
    return f"{number:.1f}" if 0 < number < 10 and number != int(number) else f"{number:,.0f}"


def size(number):
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1024
    return f"{number:.3g} TB"


def joined(points):
    """At most POINTS of them: the highest value of neighbours."""
    step = -(-len(points) // POINTS)
    if step <= 1:
        return points
    out = []
    for first in range(0, len(points), step):
        some = points[first:first + step]
        known = [y for _, y in some if y is not None]
        out.append((some[-1][0], max(known) if known else None))
    return out


def polylines(points, top, area=True):
    """A line for each run of known values, in a box of 600 by 100."""
    first, last = points[0][0], points[-1][0]
    runs = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((round((x - first) / ((last - first) or 1) * 600, 1), round(97 - y / top * 92, 1)))
    out = []
    for run in runs:
        if not run:
            continue
        if len(run) == 1:
            run = [(max(run[0][0] - 2, 0), run[0][1]), (run[0][0] + 2, run[0][1])]
        line = " ".join(f"{x},{y}" for x, y in run)
        if area:
            out.append(f'<polygon points="{run[0][0]},100 {line} {run[-1][0]},100"></polygon>')
        out.append(f'<polyline points="{line}"></polyline>')
    return "".join(out)


def curve(title, points, unit, kind=""):
    """Points are (seconds since 1970, value or None); a gap where a value is not known."""
    known = [y for _, y in points if y is not None]
    if not known:
        return ""
    latest = points[-1][1]
    now = "not known" if latest is None else unit(latest)
    span = points[-1][0] - points[0][0]
    return (f'<figure><figcaption><span title="{text_of(title)}">{text_of(title)}</span><b>{text_of(now)}</b></figcaption>'
            f'<svg class="curve {kind}" viewBox="0 0 600 100" preserveAspectRatio="none" role="img" aria-label="{text_of(title)}: now {text_of(now)}, '
            f'at most {text_of(unit(max(known)))}">{polylines(joined(points), max(known) or 1)}</svg>'
            f'<div class="ends"><span>{short_moment(points[0][0], span)}</span><span>at most {text_of(unit(max(known)))}</span>'
            f'<span>{short_moment(points[-1][0], span)}</span></div></figure>')


def small_curve(points):
    known = [y for _, y in points if y is not None]
    if len(known) < 2:
        return ""
    low = min(known)
    moved = [(x, None if y is None else y - low) for x, y in points]
    return (f'<svg class="curve" viewBox="0 0 600 100" preserveAspectRatio="none" role="img" aria-label="{known[0]} to {known[-1]} rows">'
            f'{polylines(joined(moved), max(known) - low or 1, area=False)}</svg>')


def strip(states, label):
    """States are (seconds since 1970, "good"|"open"|"bad"|"none", words), the oldest first."""
    order = ("none", "good", "open", "bad")
    step = -(-len(states) // CELLS)
    cells = [max(states[first:first + step], key=lambda state: order.index(state[1])) for first in range(0, len(states), step)]
    width = 600 / len(cells)
    bars = "".join(f'<rect class="{kind}" x="{number * width:.2f}" y="0" width="{max(width - (1.5 if len(cells) < 97 else 0), 0.5):.2f}" height="20">'
                   f"<title>{moment(when)}: {text_of(words)}</title></rect>" for number, (when, kind, words) in enumerate(cells))
    return f'<svg class="strip" viewBox="0 0 600 20" preserveAspectRatio="none" role="img" aria-label="{text_of(label)}">{bars}</svg>'


def state_of(entry):
    """Of one look: class and words."""
    found = entry.get("found")
    if found is None:  # as earlier versions kept it
        found = ["not all of it runs"] if not entry["running"] else ["rows differ"] if entry["verdict"] == "different" else []
    if found:
        return "bad", "; ".join(words.splitlines()[0] for words in found)
    if entry.get("untold"):
        return "open", "could not tell: " + "; ".join(words.splitlines()[0] for words in entry["untold"])
    return "good", "all is well"


PILLS = {"good": "well", "open": "could not tell", "bad": "not well"}
VERDICTS = {"same": "good", "different": "bad"}


def alerts(entry):
    out = []
    for kind, texts in (("bad", entry.get("found", [])), ("open", [f"could not tell: {words}" for words in entry.get("untold", [])])):
        for words in texts:
            first, *more = words.splitlines()
            details = f"<pre>{text_of(chr(10).join(line.strip() for line in more))}</pre>" if more else ""
            out.append(f'<div class="alert {kind}"><b>{text_of(first)}</b>{details}</div>')
    return out


def hop_points(entries, hop, member):
    return [(entry["ts_ms"] / 1000, next((item.get(member) for item in entry["hops"] if (item["kind"], item["name"]) == hop), None))
            for entry in entries]


def rates(points):
    """Of a count that rises: how much a second since the look before; nothing where it began anew."""
    out = []
    for (before, low), (now, high) in zip(points, points[1:]):
        known = low is not None and high is not None and high >= low and now > before
        out.append((now, (high - low) / (now - before) if known else None))
    return out


def hop_name(entries, hop):
    kind, name = hop
    if kind == "stage":
        kind = next((item["tool"] for entry in reversed(entries) for item in entry["hops"]
                     if (item["kind"], item["name"]) == hop and item.get("tool")), kind)
    return f"{kind} {name.rsplit('/', 1)[-1]}" if kind == "checkpoint" else f"{kind} {name}"


def hops(entries):
    """Curves of lag, and of throughput."""
    lags, flows = [], []
    # In the order of cdc-lag, which is that of the way.
    for hop in dict.fromkeys((hop["kind"], hop["name"]) for entry in reversed(entries) for hop in entry["hops"]):
        for member, unit in (("seconds", duration), ("events", lambda number: f"{count(number)} events"), ("bytes", size)):
            drawn = curve(f"{hop_name(entries, hop)} behind", hop_points(entries, hop, member), unit)
            if drawn:
                lags.append(drawn)
                break
        counts_events = hop[0] in ("group", "topic", "stage") or any(y is not None for _, y in hop_points(entries, hop, "events"))
        unit = (lambda number: f"{count(number)}/s") if counts_events else (lambda number: f"{size(number)}/s")
        flow = rates(hop_points(entries, hop, "passed"))
        if flow:
            flows.append(curve(f"through {hop_name(entries, hop)}", flow, unit, "flow"))
    rows = [(entry["ts_ms"] / 1000, sum(table["source_rows"] or 0 for table in entry["tables"]) if entry["tables"] else None) for entry in entries]
    flows.append(curve("rows of the source", rows, count, "flow"))
    return [item for item in lags if item], [item for item in flows if item]


def table_row(name, entries, now, held):
    latest = next(table for entry in reversed(entries) for table in entry["tables"] if table["table"] == name)
    told = any(table["table"] == name for table in now["tables"])
    verdict = latest["verdict"] if told else "not told"  # the last look did not come to it
    looks = [(entry["ts_ms"] / 1000, table) for entry in entries for table in entry["tables"] if table["table"] == name]
    states = [(when, VERDICTS.get(table["verdict"], "none"), table["verdict"]) for when, table in looks]
    ago = f"{duration(now['ts_ms'] / 1000 - held)} before the last look" if held and held < now["ts_ms"] / 1000 else ""
    differ = ", ".join(f"{latest[word]} {word}" for word in ("missing", "extra", "different") if latest.get(word)) if told else ""

    def number(value):
        return "-" if value is None else f"{value:,}"

    return (f'<tr><td class="name">{text_of(name)}</td>'
            f'<td data-label="rows"><span class="pill {VERDICTS.get(verdict, "none")}">{text_of(verdict)}</span> <span class="dim small">{text_of(differ)}</span></td>'
            f'<td data-label="parity last held">{moment(held)}<br><span class="dim small">{ago}</span></td>'
            f'<td class="number" data-label="source">{number(latest["source_rows"])}</td><td class="number" data-label="target">{number(latest["target_rows"])}</td>'
            f'<td data-label="parity, look by look">{strip(states, f"parity of {name}")}</td>'
            f'<td data-label="growth">{small_curve([(when, table["source_rows"]) for when, table in looks])}</td>'
            f'<td class="wide" data-label="mark">{text_of(latest["stale"]) if latest["stale"] else ""}</td></tr>')


def pipeline_section(name, entries, held):
    now = entries[-1]
    kind, words = state_of(now)
    body = [f'<section><div class="title"><h2>{text_of(name)}</h2><span class="pill {kind}">{PILLS[kind]}</span>'
            f'<span class="pill {"good" if now["running"] else "bad"}">{"runs" if now["running"] else "does not run"}</span>'
            f'<span class="dim small push">last look {moment(now["ts_ms"] / 1000)}</span></div>']
    body += alerts(now)
    states = [(entry["ts_ms"] / 1000, *state_of(entry)) for entry in entries]
    span = states[-1][0] - states[0][0]
    well = sum(state[1] == "good" for state in states)
    body.append(f'<h3>Looks</h3>{strip(states, f"{well} of {len(states)} looks found all well")}<div class="ends"><span>{short_moment(states[0][0], span)}</span>'
                f"<span>{well} of {len(states)} found all well</span><span>{short_moment(states[-1][0], span)}</span></div>")
    lags, flows = hops(entries)
    for heading, charts in (("Lag", lags), ("Throughput", flows)):
        if charts:
            body.append(f'<h3>{heading}</h3><div class="charts">{"".join(charts)}</div>')
    names = sorted({table["table"] for entry in entries for table in entry["tables"]})
    if names:
        heads = "".join(f'<th{" class=number" if head in ("source", "target") else ""}>{head}</th>' for head in
                        ("table", "rows", "parity last held", "source", "target", "parity, look by look", "growth", "mark"))
        rows = "".join(table_row(table, entries, now, held.get((name, table))) for table in names)
        body.append(f"<h3>Parity</h3><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
    return "\n".join(body) + "</section>"


def page(history, held, now):
    """`held`: (pipeline, table) -> when its rows were last found the same, of the whole history."""
    pipelines = {}
    for entry in history:
        pipelines.setdefault(entry["pipeline"], []).append(entry)
    sections = [pipeline_section(name, entries[-LOOKS:], held) for name, entries in sorted(pipelines.items())]
    states = [state_of(entries[-1])[0] for entries in pipelines.values()]
    worst = next((kind for kind in ("bad", "open") if kind in states), "good")
    summary = f"{states.count('good')} of {len(states)} pipelines are well" if states else "no look yet"
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>cdc pipelines: {summary}</title><style>{STYLE}</style></head><body><main><header><h1>cdc pipelines</h1>"
            f'<span class="pill {worst}">{summary}</span><span class="dim small push">as of {moment(now)}</span></header>\n'
            + "\n".join(sections) + "\n</main></body></html>\n")
