"""A file as an answer: downloaded, never shown by the browser itself, and kept by nobody on its way."""

from io import BytesIO

from flask import Response, send_file


def attachment(body: bytes, name: str) -> Response:
    """Whatever is in the bytes, to be saved under this name."""
    answer = send_file(BytesIO(body), "application/octet-stream", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
