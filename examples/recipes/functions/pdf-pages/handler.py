"""Returns text and pictures of a PDF's pages: {"pdf": BASE64} to {"text": TEXT, "pages": [BASE64 of a PNG, …]}."""
import base64
import os
import subprocess
import tempfile
from pathlib import Path

MOST_PAGES = "10"


def handler(event, context):
    with tempfile.TemporaryDirectory() as work:
        pdf = Path(work, "in.pdf")
        pdf.write_bytes(base64.b64decode(event["pdf"]))
        resolution = str(event.get("resolution", 72))
        subprocess.run([os.environ["PDFTOPPM"], "-png", "-r", resolution, "-l", MOST_PAGES, pdf, Path(work, "page")], check=True, timeout=20)
        text = subprocess.run([os.environ["PDFTOTEXT"], "-l", MOST_PAGES, pdf, "-"], stdout=subprocess.PIPE, check=True, text=True, timeout=5)
        pages = [base64.b64encode(page.read_bytes()).decode() for page in sorted(Path(work).glob("page*.png"))]
    return {"text": text.stdout, "pages": pages}
