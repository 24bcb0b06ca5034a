"""Returns the text in a picture: {"picture": BASE64, "languages": "eng+deu"} to {"text": TEXT}."""
import base64
import os
import re
import subprocess


def handler(event, context):
    languages = event.get("languages", "eng")
    if not re.fullmatch(r"[a-z_]+(\+[a-z_]+)*", languages):  # it becomes an argument, and part of a path
        raise ValueError(f"languages is {languages!r}, expected codes such as 'eng+deu'")
    command = [os.environ["TESSERACT"], "stdin", "stdout", "-l", languages]
    tesseract = subprocess.run(command, input=base64.b64decode(event["picture"]), stdout=subprocess.PIPE, check=True, timeout=25)
    return {"text": tesseract.stdout.decode()}
