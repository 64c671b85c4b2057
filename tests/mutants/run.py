#!/usr/bin/env python3
"""Wrong changes on purpose: does a test notice? run.py BUILD [NAME…]

tests/mutants/NAME.patch breaks one promise of cdc-toolkit(7). Its first lines say

    Promise: what users rely on, in a sentence
    Tests: the names, as ctest has them, of the tests of which one must fail

Each patch is applied alone to a copy of the tracked files in BUILD-mutants, built, and its tests are
run. A patch after which all of them pass has *survived*: a test is missing. --baseline first runs
every test named anywhere without a patch: they must pass, or a failure says nothing.
Exit status: 0 all noticed, 1 some survived or could not be tried, 2 wrong usage.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Mutant:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        text = path.read_text()
        words = dict(re.findall(r"^(Promise|Tests): (.+)$", text, re.M))
        if set(words) != {"Promise", "Tests"}:
            sys.exit(f"{path}: needs the lines 'Promise: …' and 'Tests: …'")
        self.promise, self.tests = words["Promise"], words["Tests"].split()


def call(command, folder, log):
    with log.open("a") as file:
        return subprocess.run(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, check=False).returncode


class Bed:
    def __init__(self, build):
        self.source, self.build = build / "source", build / "build"
        shutil.rmtree(self.source, ignore_errors=True)
        self.log = build / "log"
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        for name in tracked.stdout.decode().split("\0")[:-1]:
            if (ROOT / name).is_file():
                (self.source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.source / name)
        self.log.write_text("")
        if call(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                 "-DCMAKE_CXX_FLAGS=-O0 -g0"], ROOT, self.log):
            sys.exit(f"cannot configure; see {self.log}")

    def make(self):
        return call(["cmake", "--build", self.build], self.source, self.log) == 0

    def patch(self, mutant, *more):
        return call(["patch", "-p1", "-s", "-N", "-i", mutant.path, *more], self.source, self.log) == 0

    def failed_test(self, tests):
        """The first of these tests that fails, None when all pass."""
        for test in tests:
            if call(["ctest", "--test-dir", self.build, "--no-tests=error", "--output-on-failure", "-R",
                     f"^{re.escape(test)}$"], self.source, self.log):
                return test
        return None

    def judge(self, mutant):
        if not self.patch(mutant, "--dry-run"):
            return False, "the patch does not apply"
        self.patch(mutant)
        try:
            if not self.make():
                return False, "it does not compile"
            test = self.failed_test(mutant.tests)
            return (True, f"noticed by {test}") if test else (False, f"SURVIVED {' '.join(mutant.tests)}")
        finally:
            self.patch(mutant, "-R")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    mutants = [Mutant(path) for path in sorted(HERE.glob("*.patch"))]
    unknown = set(arguments.names) - {mutant.name for mutant in mutants}
    if unknown or not mutants:
        parser.error(f"no such mutant: {' '.join(sorted(unknown))}")
    if arguments.names:
        mutants = [mutant for mutant in mutants if mutant.name in arguments.names]
    build = arguments.build.resolve()
    build = build.with_name(build.name + "-mutants")
    build.mkdir(exist_ok=True)
    bed = Bed(build)
    if not bed.make():
        sys.exit(f"the unchanged tree does not build; see {bed.log}")
    if arguments.baseline:
        broken = bed.failed_test(sorted({test for mutant in mutants for test in mutant.tests}))
        if broken:
            sys.exit(f"{broken} fails without any patch; see {bed.log}")
    bad = 0
    for mutant in mutants:
        begun = time.monotonic()
        good, said = bed.judge(mutant)
        bad += not good
        print(f"{'ok  ' if good else 'FAIL'} {mutant.name}: {said} ({time.monotonic() - begun:.0f} s)", flush=True)
        if not good:
            print(f"     {mutant.promise}", flush=True)
    print(f"{len(mutants) - bad} passed, {bad} failed")
    return 1 if bad else 0


sys.exit(main())
