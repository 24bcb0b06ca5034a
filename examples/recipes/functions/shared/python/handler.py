"""Returns the keys of an event, as jq lists them: {"b": 1, "a": 2} to {"keys": ["a", "b"]}."""
import json
import os
import subprocess


def handler(event, context):
    jq = subprocess.run([os.environ["JQ"], "keys"], input=json.dumps(event), stdout=subprocess.PIPE, check=True, text=True, timeout=10)
    return {"keys": json.loads(jq.stdout)}
