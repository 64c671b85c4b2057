#!/usr/bin/env python3
"""Each alert of scripts/monitoring/rules.yml fires when it should and is silent when not: promtool test rules.

Annotations are left out of what is compared; promtool check rules reads their templates.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "monitoring"
STAGE = 'pipeline="p",stage="load"'
SLOT = 'kind="slot",name="s"'
TABLE = 'pipeline="p",table="t"'
# alert: (series that make it fire, series that do not, when in minutes, labels of the alert)
CASES = {
    "CdcStageDown": ({f'up{{job="cdc",{STAGE}}}': "0x20"}, {f'up{{job="cdc",{STAGE}}}': "1 0 1x20"}, 5, {"job": "cdc", "pipeline": "p", "stage": "load"}),
    "CdcStageRestarts": ({f"cdc_load_start_time_seconds{{{STAGE}}}": "1+1x20"}, {f"cdc_load_start_time_seconds{{{STAGE}}}": "1 1 1 2 2 2x20"}, 10, {"pipeline": "p", "stage": "load"}),
    "CdcBehind": ({f"cdc_lag_seconds{{{SLOT}}}": "61x20"}, {f"cdc_lag_seconds{{{SLOT}}}": "59x20"}, 5, {"kind": "slot", "name": "s"}),
    "CdcLagUnknown": ({f"cdc_lag_known{{{SLOT}}}": "0x20"}, {f"cdc_lag_known{{{SLOT}}}": "1 0 0 1x20"}, 10, {"kind": "slot", "name": "s"}),
    "CdcLagNotRun": ({"cdc_lag_run_timestamp_seconds": "0x20"}, {"cdc_lag_run_timestamp_seconds": "0+60x20"}, 10, {}),
    "CdcSlotLost": ({f"cdc_lag_broken{{{SLOT}}}": "1x20"}, {f"cdc_lag_broken{{{SLOT}}}": "0x20"}, 5, {"kind": "slot", "name": "s"}),
    "CdcPositionLost": ({'cdc_lag_broken{kind="checkpoint",name="f"}': "1x20"}, {'cdc_lag_broken{kind="checkpoint",name="f"}': "0x20"}, 5, {"kind": "checkpoint", "name": "f"}),
    "CdcTargetBusy": ({f"cdc_load_retries_total{{{STAGE}}}": "0+1x20"}, {f"cdc_load_retries_total{{{STAGE}}}": "7x20"}, 15, {"pipeline": "p", "stage": "load"}),
    "CdcManyParts": ({'cdc_target_most_parts{kind="target",name="t"}': "1001x20"}, {'cdc_target_most_parts{kind="target",name="t"}': "999x20"}, 10, {"kind": "target", "name": "t"}),
    "CdcSlotRetention": ({f"cdc_slot_retained_bytes{{{SLOT}}}": "11e9x20"}, {f"cdc_slot_retained_bytes{{{SLOT}}}": "9e9x20", f"cdc_slot_safe_wal_bytes{{{SLOT}}}": "3e9x20"}, 10, {"kind": "slot", "name": "s"}),
    "CdcErrors": ({f"cdc_load_dead_letters_total{{{STAGE}}}": "0 0 0 5x20", f"cdc_consume_dead_letters_total{{{STAGE}}}": "0x20"}, {f"cdc_load_dead_letters_total{{{STAGE}}}": "5x20", f"cdc_consume_dead_letters_total{{{STAGE}}}": "0x20"}, 6, {"pipeline": "p"}),
    "CdcKeysParked": ({f"cdc_load_parked_keys{{{STAGE}}}": "2x30"}, {f"cdc_load_parked_keys{{{STAGE}}}": "2x10 0x20"}, 20, {"pipeline": "p", "stage": "load"}),
    "CdcNothingLoaded": ({f"cdc_capture_changes_total{{{STAGE}}}": "0+10x40", f"cdc_load_rows_total{{{STAGE}}}": "7x40"}, {f"cdc_capture_changes_total{{{STAGE}}}": "0+10x40", f"cdc_load_rows_total{{{STAGE}}}": "0+9x40"}, 8, {"pipeline": "p"}),
    "CdcTableStale": ({f"cdc_load_stale_tables{{{STAGE}}}": "1x20"}, {f"cdc_load_stale_tables{{{STAGE}}}": "0x20"}, 15, {"pipeline": "p", "stage": "load"}),
    "CdcRowsDiffer": ({f"cdc_check_parity{{{TABLE}}}": "0x20"}, {f"cdc_check_parity{{{TABLE}}}": "1x20"}, 5, {"pipeline": "p", "table": "t"}),
    "CdcParityOld": ({f"cdc_check_parity_timestamp_seconds{{{TABLE}}}": "-90000x20"}, {f"cdc_check_parity_timestamp_seconds{{{TABLE}}}": "-80000x20"}, 5, {"pipeline": "p", "table": "t"}),
    "CdcMemory": ({f"cdc_load_resident_memory_bytes{{{STAGE}}}": "2e9x20"}, {f"cdc_load_resident_memory_bytes{{{STAGE}}}": "9e8x20"}, 10, {"pipeline": "p", "stage": "load"}),
    "DatabaseUnreachable": ({'pg_up{instance="db"}': "0x20"}, {'pg_up{instance="db"}': "1x20"}, 5, {"instance": "db"}),
    "DiskFilling": ({'node_filesystem_avail_bytes{instance="h",mountpoint="/"}': "1x20", 'node_filesystem_size_bytes{instance="h",mountpoint="/"}': "10x20"}, {'node_filesystem_avail_bytes{instance="h",mountpoint="/"}': "3x20", 'node_filesystem_size_bytes{instance="h",mountpoint="/"}': "10x20"}, 10, {"instance": "h", "mountpoint": "/"}),
    "HostCpu": ({'node_cpu_seconds_total{instance="h",cpu="0",mode="idle"}': "0+6x60"}, {'node_cpu_seconds_total{instance="h",cpu="0",mode="idle"}': "0+30x60"}, 20, {"instance": "h"}),
    "HostMemory": ({'node_memory_MemAvailable_bytes{instance="h"}': "1x40", 'node_memory_MemTotal_bytes{instance="h"}': "10x40"}, {'node_memory_MemAvailable_bytes{instance="h"}': "3x40", 'node_memory_MemTotal_bytes{instance="h"}': "10x40"}, 15, {"instance": "h"}),
}


def case(alert, series, minutes, expected):
    test = {"interval": "1m", "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "alert_rule_test": [{"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": expected}]}
    if alert == "CdcNothingLoaded":  # rate over one minute needs two scrapes in it
        test["interval"] = "15s"
    return test


def panels_parse():
    """Whether the expression of each panel is one: each as a recording rule, which promtool reads."""
    expressions = [target["expr"] for path in sorted((FOLDER / "dashboards").glob("*.json"))
                   for panel in json.loads(path.read_text(encoding="utf-8"))["panels"] for target in panel["targets"]]
    recorded = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(expressions)]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "panels.yml")
        path.write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}), encoding="utf-8")
        done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    if done.returncode or len(expressions) < 50:
        print(done.stdout + done.stderr + f"{len(expressions)} panels")
        return False
    return True


def main():
    rules = (FOLDER / "rules.yml").read_text(encoding="utf-8")
    severity = dict(re.findall(r"- alert: (\w+)\n.*?severity: (\w+)", rules, re.S))
    if set(severity) != set(CASES):
        print(f"no case, or no alert: {', '.join(sorted(set(severity) ^ set(CASES)))}")
        return 1
    for command in (["promtool", "check", "config", FOLDER / "prometheus.yml"], ["amtool", "check-config", FOLDER / "alertmanager.yml"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            return 1
    if not panels_parse():
        return 1
    tests = []
    for alert, (firing, silent, minutes, labels) in CASES.items():
        tests.append(case(alert, firing, minutes, [{"exp_labels": {**labels, "severity": severity[alert]}}]))
        tests.append(case(alert, silent, minutes, []))
    with tempfile.TemporaryDirectory() as folder:
        bare = re.sub(r"\n +annotations:\n +summary: .*", "", rules)
        pathlib.Path(folder, "rules.yml").write_text(bare, encoding="utf-8")
        # JSON is YAML.
        pathlib.Path(folder, "tests.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": tests}), encoding="utf-8")
        done = subprocess.run(["promtool", "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr)
        return 1
    print(f"{len(CASES)} alerts, each firing and silent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
