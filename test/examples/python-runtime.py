"""Calls a Python handler as Lambda's runtime does: the event on standard input, the result on standard output."""
import importlib
import json
import os
import sys
import time


class Context:
    def __init__(self):
        self.end = time.monotonic() + float(os.environ["SANDBOX_TIMEOUT"])
        self.aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self):
        return int((self.end - time.monotonic()) * 1000)


# what a handler or its programs print is a function's log
result = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
module, function = sys.argv[1].split(".")
handler = getattr(importlib.import_module(module), function)
json.dump(handler(json.load(sys.stdin), Context()), result)
result.flush()
