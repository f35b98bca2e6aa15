"""A hub on this machine, as much of it as the client asks for.

``python -m tests.checkpoints.hub FOLDER`` prints its address. FOLDER/owner/name holds the files of a model.
"""

from __future__ import annotations

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "a" * 40


class Hub(BaseHTTPRequestHandler):
    """Answers ``/api/models/owner/name/revision/…`` and ``/owner/name/resolve/…/file``."""

    root: Path

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            folder = self.root.joinpath(*parts[2:4])
            files = [{"rfilename": path.name} for path in sorted(folder.iterdir())] if folder.is_dir() else None
            info = {"id": "/".join(parts[2:4]), "sha": COMMIT, "siblings": files, "tags": []}
            self._send(json.dumps(info).encode() if files is not None else None, with_body)
        else:
            path = self.root.joinpath(*parts[:2], parts[-1])
            self._send(path.read_bytes() if path.is_file() else None, with_body)

    def _send(self, body: bytes | None, with_body: bool) -> None:
        self.send_response(404 if body is None else 200)
        if body is None:
            self.send_header("X-Error-Code", "RepoNotFound")
        else:
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if with_body and body:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        print(self.command, self.path, file=sys.stderr)


def main(root: Path) -> None:
    Hub.root = root
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
