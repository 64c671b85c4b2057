#!/usr/bin/env python3
"""A schema registry that fails as it is told: registry_front.py PORT-FILE MODE-FILE

The first word of the mode file decides each answer: `well`; `broken` (503), `busy` (429), `slow` (2 s late),
`forbidding` (409 to every new schema, which its answers about compatibility do not foretell), `lost` (no schema
is known any more, numbers start anew), `user` and `token` (401 but for alice:wonder, Bearer s3cret).
"""
import base64
import http.server
import json
import pathlib
import sys
import time

PORT, MODE = map(pathlib.Path, sys.argv[1:])
LOGIN = {"user": "Basic " + base64.b64encode(b"alice:wonder").decode(), "token": "Bearer s3cret"}
ids = {}       # text of a schema -> its number
subjects = {}  # name -> texts


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.serve({})

    def do_POST(self):
        self.serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def serve(self, body):
        mode = MODE.read_text().split()[0]
        if mode in ("broken", "busy"):
            return self.answer({"broken": 503, "busy": 429}[mode], {"error_code": 50001, "message": "not now"})
        if mode in LOGIN and self.headers.get("Authorization") != LOGIN[mode]:
            return self.answer(401, {"error_code": 401, "message": "who are you"})
        if mode == "slow":
            time.sleep(2)
        if mode == "lost":
            ids.clear()
            subjects.clear()
            MODE.write_text("well\n")
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[0] == "schemas":
            for text, number in ids.items():
                if number == int(parts[2]):
                    return self.answer(200, {"schema": text})
            return self.answer(404, {"error_code": 40403, "message": "no schema"})
        if parts[0] == "compatibility":
            return self.answer(200, {"is_compatible": True})
        texts = subjects.get(parts[1], [])
        if len(parts) == 2:
            if body["schema"] in texts:
                return self.answer(200, {"subject": parts[1], "version": 1, "id": ids[body["schema"]]})
            return self.answer(404, {"error_code": 40403 if texts else 40401, "message": "not there"})
        if mode == "forbidding":
            return self.answer(409, {"error_code": 409, "message": "this one breaks readers"})
        subjects.setdefault(parts[1], []).append(body["schema"])
        return self.answer(200, {"id": ids.setdefault(body["schema"], len(ids) + 1)})

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
PORT.write_text(f"{server.server_address[1]}\n")
server.serve_forever()
