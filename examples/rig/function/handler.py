"""Answers with an identity that nobody has."""
import subprocess


def handler(event, context):
    rig = subprocess.run(["rig"], stdout=subprocess.PIPE, check=True, text=True)
    return {"identity": rig.stdout.strip()}
