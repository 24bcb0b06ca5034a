"""Converts a picture in S3 with ImageMagick: incoming/NAME.jpg to outgoing/NAME.png. See stack.ts."""
import hashlib
import json
import os
import subprocess
import tempfile
import urllib.parse
import urllib.request

import boto3

CONVERT = os.environ["CONVERT"]
INCOMING = os.environ["INCOMING"]
OUTGOING = os.environ["OUTGOING"]
SUFFIX = os.environ["SUFFIX"]
MAX_BYTES = int(os.environ["MAX_BYTES"])
# The format is stated: a file cannot choose another decoder of ImageMagick by its first bytes.
FORMAT = {".jpg": "jpeg", ".png": "png", ".tif": "tiff"}[SUFFIX]
# Small files can hold large pictures.
LIMITS = ["-limit", "width", "20KP", "-limit", "height", "20KP", "-limit", "memory", "768MiB", "-limit", "map", "768MiB", "-limit", "disk", "256MiB"]
# Time to upload the result and to call the webhook.
RESERVED_SECONDS = 20

s3 = boto3.client("s3")


def handler(event, context):
    for record in event.get("Records", []):  # S3 sends s3:TestEvent without records
        process(record["s3"], context)


def process(s3_event, context):
    bucket = s3_event["bucket"]["name"]
    # Keys in events are encoded like forms: "my+picture%28 1%29.jpg"
    key = urllib.parse.unquote_plus(s3_event["object"]["key"])
    if not (key.startswith(INCOMING) and key.endswith(SUFFIX)):
        raise ValueError(f"{key}: expected a key that begins with {INCOMING} and ends with {SUFFIX}")
    outgoing = OUTGOING + key[len(INCOMING):-len(SUFFIX)] + ".png"

    with tempfile.TemporaryDirectory() as work:  # in /tmp, which other invocations see
        source, result = os.path.join(work, "source"), os.path.join(work, "result.png")
        etag = download(bucket, key, source)
        convert(source, result, context)
        with open(result, "rb") as picture:
            s3.put_object(Bucket=bucket, Key=outgoing, Body=picture, ContentType="image/png")
    notify(bucket, outgoing, etag)
    print(f"{bucket}: {key} converted to {outgoing}")


def download(bucket, key, file):
    picture = s3.get_object(Bucket=bucket, Key=key)
    if picture["ContentLength"] > MAX_BYTES:
        raise ValueError(f"{key} has {picture['ContentLength']} bytes, the limit is {MAX_BYTES}")
    with open(file, "wb") as target:
        for chunk in picture["Body"].iter_chunks(1 << 20):
            target.write(chunk)
    return picture["ETag"]


def convert(source, result, context):
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVED_SECONDS
    # -strip removes the camera's data and the time of conversion, so the same picture gives the same bytes
    command = [CONVERT, *LIMITS, f"{FORMAT}:{source}[0]", "-auto-orient", "-resize", "1024x1024>", "-strip", f"png:{result}"]
    converted = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=seconds)
    if converted.returncode != 0:
        raise RuntimeError(f"convert ended with exit code {converted.returncode}: {converted.stderr.strip()[-1000:]}")


def notify(bucket, key, etag):
    request = urllib.request.Request(
        os.environ["WEBHOOK_URL"],
        data=json.dumps({"bucket": bucket, "key": key}).encode(),
        headers={
            "Content-Type": "application/json",
            # the same for a repeated event, so the receiver can ignore it
            "Idempotency-Key": hashlib.sha256(f"{bucket}/{key}/{etag}".encode()).hexdigest(),
        },
    )
    with urllib.request.urlopen(request, timeout=10):  # raises an error for status 400 and above
        pass
