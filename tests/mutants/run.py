#!/usr/bin/env python3
"""Wrong changes on purpose: does a test notice? run.py BUILD [NAME…]

tests/mutants/NAME.patch breaks one promise of cdc-toolkit(7). Its first lines say

    Promise: what users rely on, in a sentence
    Tests: the names, as ctest has them, of the tests of which one must fail
    Cases: of tests/cases, the names that those tests take alone, with * and ?; may be left out

Each patch is applied alone to a copy of the tracked files under BUILD-mutants, built, and its tests
are run. A patch after which all of them pass has *survived*: a test is missing. The tree itself is
never touched; a copy that an interrupted run left patched is set right by the next one.

    --jobs N       so many copies at a time, default: one a processor and one more, for tests wait
    --go-on        leaves out what a run before this one has noticed: BUILD-mutants/noticed
    --baseline     first runs every test named anywhere without a patch: they must pass
    --unit         only patches that the unit tests are to notice
    --cmake FLAG   for the copy's build, may be repeated
    --list         name and promise of each, and nothing more
    --check        each patch applies to the tree, and names tests that there are; nothing is built

Exit status: 0 all noticed, 1 some survived or could not be tried, 2 wrong usage.
"""
import argparse
import os
import pathlib
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FLAGS = ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g0"]
if shutil.which("ld.gold"): # each patch links all tools, in half the time
    FLAGS.append("-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=gold")


class Mutant:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        text = path.read_text()
        words = dict(re.findall(r"^(Promise|Tests|Cases): (.+)$", text, re.M))
        if not {"Promise", "Tests"} <= set(words):
            sys.exit(f"{path}: needs the lines 'Promise: …' and 'Tests: …'")
        self.promise, self.tests, self.cases = words["Promise"], words["Tests"].split(), words.get("Cases")
        self.files = re.findall(r"^\+\+\+ b/(\S+)", text, re.M)


class Bed:
    """A copy of the tracked files, and its build."""

    def __init__(self, folder, flags):
        self.source, self.build, self.log = folder, folder / "build", folder / "log"
        self.said = ""
        self.running = None
        folder.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        for name in tracked.stdout.decode().split("\0")[:-1]:
            self.restore(name)
        if self.call(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", *FLAGS, *flags]):
            sys.exit(f"cannot configure; see {self.log}")

    def restore(self, name):
        """What differs is written anew, so that it is younger than what was built from it."""
        original, copy = ROOT / name, self.source / name
        if not original.is_file():
            copy.unlink(missing_ok=True)
            return
        wanted = original.read_bytes()
        if not copy.is_file() or copy.read_bytes() != wanted:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(wanted)
        copy.chmod(original.stat().st_mode & 0o777)

    def call(self, command, **environment):
        with subprocess.Popen(command, cwd=self.source, env=dict(os.environ, **environment), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True) as child:
            self.running = child
            self.said = child.communicate()[0]
            self.running = None
        with self.log.open("a") as file:
            file.write(f"$ {shlex.join(map(str, command))}\n{self.said}")
        return child.returncode

    def stop(self):
        """A test stops what it has started."""
        child = self.running
        if child is not None:
            subprocess.run(["pkill", "-TERM", "-s", str(child.pid)], check=False)

    def make(self, tests):
        """What these tests run."""
        only_unit = tests is not None and set(tests) == {"unit"}
        return self.call(["cmake", "--build", self.build, *(["--target", "unit_tests"] if only_unit else [])]) == 0

    def failed_test(self, tests, cases=None):
        """The first of these tests that fails, and its first words; None when all pass."""
        for test in tests:
            if self.call(["ctest", "--test-dir", self.build, "--no-tests=error", "--output-on-failure", "-R",
                          f"^{re.escape(test)}$"], **({"CDC_TEST_ONLY": cases} if cases else {})):
                words = re.search(r"^.*(FAILED:|ERROR:).*$", self.said, re.M)
                return f"{test}: {words.group(0).strip()[:160] if words else 'see the log'}"
        return None

    def judge(self, mutant):
        # Of the copy, not of the tree, which somebody may be working on.
        before = {name: (self.source / name).read_bytes() for name in mutant.files}
        try:
            if self.call(["patch", "-p1", "-s", "-N", "-r", "-", "--no-backup-if-mismatch", "-i", mutant.path]):
                return False, "the patch does not apply"
            if not self.make(mutant.tests):
                return False, "it does not compile"
            noticed = self.failed_test(mutant.tests, mutant.cases)
            return (True, noticed) if noticed else (False, f"SURVIVED {' '.join(mutant.tests)}")
        finally:
            for name, text in before.items():
                (self.source / name).write_bytes(text)


def check(mutants, build):
    """What a change of the code has made useless, by name."""
    shown = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"Test +#\d+: (\S+)", shown))
    wrong = []
    for mutant in mutants:
        applied = subprocess.run(["patch", "-p1", "-s", "-f", "--dry-run", "-i", mutant.path], cwd=ROOT,
                                 capture_output=True, text=True, check=False)
        if applied.returncode:
            wrong.append(f"{mutant.name}: the patch does not apply: {applied.stdout.strip()}")
        wrong += [f"{mutant.name}: there is no test {test}" for test in mutant.tests if test not in known]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", action="store_true")
    parser.add_argument("--unit", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--cmake", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 1) + 1)
    parser.add_argument("--go-on", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    mutants = [Mutant(path) for path in sorted(HERE.glob("*.patch"))]
    unknown = set(arguments.names) - {mutant.name for mutant in mutants}
    if unknown or not mutants:
        parser.error(f"no such mutant: {' '.join(sorted(unknown))}")
    if arguments.names:
        by_name = {mutant.name: mutant for mutant in mutants}
        mutants = [by_name[name] for name in arguments.names]
    if arguments.unit:
        mutants = [mutant for mutant in mutants if mutant.tests == ["unit"]]
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant.name}: {mutant.promise} [{' '.join(mutant.tests)}]")
        return 0
    if arguments.check:
        return check(mutants, arguments.build)
    folder = arguments.build.resolve()
    folder = folder.with_name(folder.name + "-mutants")
    folder.mkdir(exist_ok=True)
    noticed = folder / "noticed"
    if arguments.go_on and noticed.exists():
        known = {line.split(":")[0] for line in noticed.read_text().splitlines()}
        mutants = [mutant for mutant in mutants if mutant.name not in known]
    else:
        noticed.unlink(missing_ok=True)
    return Run(mutants, arguments, folder, noticed).all()


class Run:
    def __init__(self, mutants, arguments, folder, noticed):
        self.mutants, self.noticed, self.stopping = mutants, noticed, False
        self.lock = threading.Lock()
        self.good, self.bad = 0, 0
        self.waiting = queue.SimpleQueue()
        for mutant in mutants:
            self.waiting.put(mutant)
        signal.signal(signal.SIGTERM, self.stop) # the copies are restored then, too
        self.beds = []
        for number in range(1, min(arguments.jobs, len(mutants)) + 1):
            bed = Bed(folder / str(number), arguments.cmake)
            self.beds.append(bed)
            if not bed.make(["unit"] if arguments.unit else None):
                sys.exit(f"the unchanged tree does not build; see {bed.log}")
        if arguments.baseline:
            broken = self.beds[0].failed_test(sorted({test for mutant in mutants for test in mutant.tests}))
            if broken:
                sys.exit(f"without any patch: {broken}; see {self.beds[0].log}")

    def stop(self, *_):
        self.stopping = True
        for bed in self.beds:
            bed.stop()

    def all(self):
        workers = [threading.Thread(target=self.work, args=[bed]) for bed in self.beds]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        left = len(self.mutants) - self.good - self.bad
        print(f"{self.good} noticed, {self.bad} not" + (f", {left} not tried" if left else ""))
        return 1 if self.bad or left else 0

    def work(self, bed):
        while not self.stopping:
            try:
                mutant = self.waiting.get_nowait()
            except queue.Empty:
                return
            begun = time.monotonic()
            good, said = bed.judge(mutant)
            if not self.stopping:
                self.tell(mutant, good, said, time.monotonic() - begun)

    def tell(self, mutant, good, said, seconds):
        with self.lock:
            self.good += good
            self.bad += not good
            print(f"{'ok  ' if good else 'FAIL'} {mutant.name}: {said} ({seconds:.0f} s)", flush=True)
            if good:
                with self.noticed.open("a") as file:
                    file.write(f"{mutant.name}: {said}\n")
            else:
                print(f"     {mutant.promise}", flush=True)


sys.exit(main())
