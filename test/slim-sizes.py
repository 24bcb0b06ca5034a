#!/usr/bin/env python3
"""How large the slim layers of the field trial's programs are, each with its own command as the workload: a table in Markdown.

Each layer is made by `binary-layer slim` and run on each root as the field trial runs it. All layers have to pass, and where exodus
works, they are to take no more than 0.4 times its bytes, all together.

The sandbox of a workload has busybox's commands and no others, and no list of users: commands that check an output by Python only read
it, and HOME is set.

usage: slim-sizes.py FIELD-TRIAL ROOT [ROOT ...] [--source SOURCE] [--programs FILE] [--only NAME ...]
needs: bubblewrap, busybox-static, strace, the compiled project, the packages of the trial's programs
"""
import argparse, json, os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MOST = 0.4


def main():
    a = argparse.ArgumentParser(usage=__doc__)
    a.add_argument("trial", type=Path)
    a.add_argument("roots", nargs="+", type=Path)
    a.add_argument("--source", default="host")
    a.add_argument("--programs", default="programs.json")
    a.add_argument("--only", action="append")
    o = a.parse_args()
    exodus = {p["name"]: p for p in json.loads((o.trial / "exodus.json").read_text())}
    programs = [p for p in json.loads((o.trial / o.programs).read_text()) if not o.only or p["name"] in o.only]
    ours, theirs, failed = 0, 0, 0
    print(f"| program | MB | exodus | of it | {' | '.join(root.name for root in o.roots)} | seconds |\n|---|---|---|---|{'---|' * len(o.roots)}---|")
    with tempfile.TemporaryDirectory(prefix="slim-") as work:
        os.chmod(work, 0o755)
        task = Path(work, "task")
        subprocess.run([sys.executable, o.trial / "make_inputs.py", task], check=True)
        for p in programs:
            layer, start = Path(work, "layer"), time.monotonic()
            said = slim(p, layer, task, o.source)
            seconds = time.monotonic() - start
            size = bytes_of(layer)
            passes = [runs(p, layer, task, o.trial, root) for root in o.roots]
            other = exodus.get(p["name"])
            works = other is not None and all(other["passes"].values())
            if works:
                ours, theirs = ours + size, theirs + other["bytes"]
            failed += not all(passes)
            cells = [p["name"], f"{size / 1e6:.1f}", f"{other['bytes'] / 1e6:.1f}" if works else "", f"{size / other['bytes']:.2f}" if works else ""]
            print("|", " | ".join(cells + ["pass" if ok else "FAIL" for ok in passes] + [f"{seconds:.0f}"]), "|", flush=True)
            if said:
                print(said, file=sys.stderr, flush=True)
            shutil.rmtree(layer, ignore_errors=True)
    share = ours / theirs if theirs else 0
    print(f"\n{len(programs) - failed} of {len(programs)} pass on all roots.")
    print(f"Where exodus works: {ours / 1e6:.1f} MB, {share:.3f} of its {theirs / 1e6:.1f} MB (aim: {MOST}).")
    sys.exit(failed > 0 or share > MOST)


def slim(program, layer, task, source):
    """Makes the layer, and returns what was said if that failed."""
    checked = re.sub(r"\|\s*python3 /var/task/ink\.py", "| cat > /dev/null", program["run"])
    command = f"set -o pipefail; export HOME=/tmp; cd /tmp; {re.sub(r'python3 (?:-c|/var/task/ink.py)', ': ', checked) if 'python3' not in program['binary'] else checked}"
    made = subprocess.run(
        ["node", PROJECT / "build/cli/main.js", "slim", program["binary"], "--source", source, "-w", command, "--workload-files", task, "-o", f"{layer}/"],
        capture_output=True, text=True,
    )
    return "" if made.returncode == 0 else made.stderr


def bytes_of(layer):
    """Bytes of the regular files in a layer."""
    return sum(f.stat().st_size for f in layer.rglob("*") if f.is_file() and not f.is_symlink()) if layer.exists() else 0


def runs(program, layer, task, trial, root):
    """Whether the program passes on a root."""
    if not layer.exists():
        return False
    command = [trial / "sandbox.sh", root, layer, task, "sh", "-c", f"cd /tmp; {program['run']}"]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120).stdout
    return re.search(program["expect"], said.decode("utf-8", "replace"), re.M) is not None


if __name__ == "__main__":
    main()
