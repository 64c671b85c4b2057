#!/usr/bin/env python3
"""A schema registry that fails as it is told: registry_front.py PORT-FILE MODE-FILE

The first word of the mode file decides each answer: `well`; `broken` (503), `busy` (429), `slow` (2 s late),
`forbidding` (409 to every new schema, which its answers about compatibility do not foretell), `lost` (no schema
is known any more, numbers start anew), `user` and `token` (401 but for alice:wonder, Bearer s3cret), `old` (no
look-up by GUID).

References are kept as they come, even to what is not there. Each question is a line of the file `questions`
beside the mode file.
"""
import base64
import http.server
import json
import pathlib
import sys
import time
import uuid

PORT, MODE = map(pathlib.Path, sys.argv[1:])
LOGIN = {"user": "Basic " + base64.b64encode(b"alice:wonder").decode(), "token": "Bearer s3cret"}
schemas = []   # what was sent, by number - 1
subjects = {}  # name -> numbers of its versions


def number_of(body):
    """Of a schema that was sent before, as a list; of one that was not, an empty one."""
    kept = {name: body[name] for name in ("schema", "schemaType", "references") if body.get(name)}
    return kept, [schemas.index(kept) + 1] if kept in schemas else []


def guid_of(number):
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


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
            schemas.clear()
            subjects.clear()
            MODE.write_text("well\n")
        parts = self.path.split("?")[0].strip("/").split("/")
        with open(MODE.parent / "questions", "a", encoding="utf-8") as file:
            file.write(f"{self.command} {'/'.join(parts)}\n")
        if parts[0] == "schemas":
            if parts[1] == "guids" and mode == "old":
                return self.answer(404, {"error_code": 404, "message": "HTTP 404 Not Found"})
            known = [str(number) if parts[1] == "ids" else guid_of(number) for number in range(1, len(schemas) + 1)]
            if parts[2] in known:
                return self.answer(200, schemas[known.index(parts[2])])
            return self.answer(404, {"error_code": 40403, "message": "no schema"})
        if parts[0] == "compatibility":
            return self.answer(200, {"is_compatible": True})
        numbers = subjects.get(parts[1], [])
        if self.command == "GET":
            return self.version(parts[1], numbers, parts[3])
        kept, number = number_of(body)
        if len(parts) == 2:
            if number and number[0] in numbers:
                return self.answer(200, {"subject": parts[1], "version": 1, "id": number[0], "guid": guid_of(number[0])})
            return self.answer(404, {"error_code": 40403 if numbers else 40401, "message": "not there"})
        if mode == "forbidding":
            return self.answer(409, {"error_code": 409, "message": "this one breaks readers"})
        if not number:
            schemas.append(kept)
            number = [len(schemas)]
        subjects.setdefault(parts[1], []).extend(number)
        return self.answer(200, {"id": number[0], "guid": guid_of(number[0])})

    def version(self, subject, numbers, version):
        if not numbers:
            return self.answer(404, {"error_code": 40401, "message": "no such subject"})
        version = len(numbers) if version == "latest" else int(version)
        if version > len(numbers):
            return self.answer(404, {"error_code": 40402, "message": "no such version"})
        number = numbers[version - 1]
        return self.answer(200, {"subject": subject, "version": version, "id": number, **schemas[number - 1]})

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
PORT.write_text(f"{server.server_address[1]}\n")
server.serve_forever()
