#!/usr/bin/env python3
"""How large the layers of the field trial's programs are, against what exodus makes of them: a table in Markdown.

Where exodus makes something that does not work, the aim is its bytes, 1.2 times the data that the program opens in the
trial's command, and 15 MB. Where it works, the layers are to take no more than 1.1 times its bytes, all together.

Data are the regular files below /usr, /etc and /var that the command opens or executes on this machine, without the
program, its loader and its libraries.

usage: field-sizes.py FIELD-TRIAL [NAME ...]      needs: strace, the compiled project, the packages of the trial's programs
"""
import json, os, re, shutil, subprocess, sys, tempfile, zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ROOM = 15e6


def main(trial, names):
    exodus = {p["name"]: p for p in json.loads((trial / "exodus.json").read_text())}
    programs = [p for p in json.loads((trial / "programs.json").read_text()) if not names or p["name"] in names]
    over, ours, theirs = 0, 0, 0
    print("| program | MB | exodus | works | opens | aim | over by |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="sizes-") as work:
        subprocess.run([sys.executable, trial / "make_inputs.py", f"{work}/task"], check=True)
        for p in programs:
            size, other = layer_bytes(trial, p["binary"], work), exodus[p["name"]]
            cells = [p["name"], size, other["bytes"]]
            if all(other["passes"].values()):
                ours, theirs = ours + size, theirs + other["bytes"]
                cells += ["yes", "", "", ""]
            else:
                data = opened_bytes(p, work)
                aim = other["bytes"] + 1.2 * data + ROOM
                over += size > aim
                cells += ["no", data, aim, size - aim if size > aim else ""]
            print("|", " | ".join(c if isinstance(c, str) else f"{c / 1e6:.1f}" for c in cells), "|", flush=True)
    if theirs:
        print(f"\nWhere exodus works: {ours / 1e6:.1f} MB, {ours / theirs:.3f} of its {theirs / 1e6:.1f} MB (aim: 1.1).")
    print(f"\nOver the aim: {over}.")
    sys.exit(over > 0 or ours > 1.1 * theirs)


def layer_bytes(trial, binary, work):
    """Bytes of the layer, unzipped."""
    out = f"{work}/layer.zip"
    subprocess.run([trial / "bundle-with-construct.mjs", binary, out], check=True, env={**os.environ, "PROJECT": str(PROJECT)}, stderr=subprocess.DEVNULL)
    with zipfile.ZipFile(out) as layer:
        return sum(entry.file_size for entry in layer.infolist() if entry.external_attr >> 28 == 0o10)


def opened_bytes(program, work):
    """Bytes of the data that the program opens when its command runs on this machine."""
    place, log = shutil.which(program["binary"]), Path(work, "log")
    log.write_text("")
    traced = f"strace -A -f -y -qq -e trace=open,openat,execve -e signal=none -o {log} {place}"
    command = re.sub(r"/opt/bin/[\w.+-]+", traced, program["run"]).replace("/var/task", f"{work}/task")
    subprocess.run(["sh", "-c", f"cd {tempfile.mkdtemp(dir=work)}; {command}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    text = log.read_text(errors="replace")
    found = re.findall(r"open(?:at)?\(.*\) = \d+<([^>]*)>", text) + re.findall(r'execve\("([^"]*)".*\) = 0', text)
    real = {os.path.realpath(f) for f in found}
    return sum(os.path.getsize(f) for f in real - libraries(place) if re.match("/(usr|etc|var)/", f) and os.path.isfile(f))


def libraries(program):
    """A program, its loader and its libraries; of a script, what runs it."""
    with open(program, "rb") as file:
        line = file.readline(200)
    if line.startswith(b"#!"):
        return {os.path.realpath(program)} | libraries(shutil.which(line[2:].split()[0].decode()))
    said = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return {os.path.realpath(f) for f in [program, *re.findall(r"(/\S+) \(0x", said)]}


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
