"""Returns a JPEG, 320 pixels wide, of a video: {"video": BASE64} to {"thumbnail": BASE64}."""
import base64
import os
import subprocess
import tempfile


def handler(event, context):
    with tempfile.NamedTemporaryFile() as video:  # MP4 needs seeking, so it cannot come from a pipe
        video.write(base64.b64decode(event["video"]))
        video.flush()
        command = [
            os.environ["FFMPEG"], "-v", "error", "-protocol_whitelist", "file,pipe", "-i", video.name,
            "-vf", "thumbnail=25,scale=320:-2", "-frames:v", "1", "-f", "image2pipe", "-c:v", "mjpeg", "pipe:1",
        ]
        ffmpeg = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=50)
    return {"thumbnail": base64.b64encode(ffmpeg.stdout).decode()}
