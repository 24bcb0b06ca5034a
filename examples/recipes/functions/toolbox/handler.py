"""Stores a file in less space, by its type: {"file": BASE64} to {"type": TYPE, "sizes": {ENCODING: BYTES, …}}."""
import base64
import os
import subprocess
import tempfile
from pathlib import Path


def handler(event, context):
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "source")
        source.write_bytes(base64.b64decode(event["file"]))
        kind = run("FILE", "--brief", "--mime-type", source).strip()
        if kind == "image/png":
            run("CWEBP", "-quiet", "-lossless", source, "-o", Path(work, "webp"))
            run("OPTIPNG", "-quiet", "-out", Path(work, "png"), source)
        else:
            run("COMPRESS", source, "--output=" + str(Path(work, "brotli")))
        return {"type": kind, "sizes": {file.name: file.stat().st_size for file in sorted(Path(work).iterdir())}}


def run(program, *arguments):
    return subprocess.run([os.environ[program], *arguments], stdout=subprocess.PIPE, check=True, text=True, timeout=20).stdout
