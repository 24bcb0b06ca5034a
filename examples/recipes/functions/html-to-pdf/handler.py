"""Returns a PDF of a page: {"html": TEXT} to {"pdf": BASE64}."""
import base64
import os
import subprocess


def handler(event, context):
    # HTML of others can name files and servers: let trusted HTML in only, or filter what WeasyPrint fetches
    command = [os.environ["WEASYPRINT"], "--encoding", "utf-8", "-", "-"]
    # the interpreter in the layer is another version than the function's, whose modules are on PYTHONPATH
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["HOME"] = "/tmp"  # for fontconfig's cache
    weasyprint = subprocess.run(command, input=event["html"].encode(), stdout=subprocess.PIPE, check=True, timeout=25, env=environment)
    return {"pdf": base64.b64encode(weasyprint.stdout).decode()}
