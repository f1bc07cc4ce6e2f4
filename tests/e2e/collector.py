"""An OpenTelemetry collector that prints the texts of each request on one line.

It needs only Python, and runs as a process or in a container of the image.
"""

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        texts = re.findall(rb"[\x20-\x7e]{4,}", body)
        sys.stdout.write(b" ".join(texts).decode() + "\n")
        sys.stdout.flush()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Suppress the request log."""


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
