"""Answers with a random identity: as JSON over HTTP, as text when invoked directly."""
import json
import os
import subprocess


def handler(event, context):
    rig = subprocess.run([os.environ["RIG"]], stdout=subprocess.PIPE, check=True, text=True, timeout=5)
    # function URLs and API Gateway send the same event, in payload format 2.0
    if "requestContext" not in event:
        return {"identity": rig.stdout.strip()}
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(identity(rig.stdout)),
    }


def identity(text):
    name, street, city, phone = text.strip().splitlines()
    return {"name": name, "street": street, "city": city, "phone": phone}
