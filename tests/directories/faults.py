"""What comes between revokd and a directory: servers on loopback that pass on half an answer, or one that is none."""
import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from world import Refused, ask


class Web:
    """A server whose answers are `answer(path, headers)`: status, headers, body, and how much of the body is sent."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):
                status, headers, body, sent = answer(handler.path, handler.headers)
                handler.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    handler.send_header(name, value)
                handler.end_headers()
                handler.wfile.write(body[:sent])
                handler.close_connection = sent is not None

            def log_message(handler, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


LOGIN_PAGE = b"<!DOCTYPE html><html><title>Sign in</title><form action=/login>Your session is over.</form></html>"


class ScimProxy(Web):
    """Passes on what the SCIM server answers; `fault` says what becomes of it."""

    def __init__(self, upstream):
        self.upstream, self.fault = upstream, None
        super().__init__(self.spoilt)

    def spoilt(self, path, headers):
        if self.fault == "login page":
            return 200, {"Content-Type": "text/html"}, LOGIN_PAGE, None
        if self.fault == "same page again":
            path = path.replace("startIndex=", "ignored=")
        try:
            text, _ = ask("GET", self.upstream + path, Authorization=headers["Authorization"])
        except Refused as refused:
            return refused.status, {}, b"", None
        page = json.loads(text)
        if self.fault == "more was promised":
            page["totalResults"] += 5
        if self.fault == "half of each page":
            page["Resources"] = page["Resources"][::2]
        if self.fault == "no total":
            del page["totalResults"]
        if self.fault == "nobody":
            page = {"schemas": page["schemas"], "totalResults": 0}
        body, kind = json.dumps(page).encode(), {"Content-Type": "application/scim+json"}
        if self.fault == "cut by the connection":
            return 200, kind, body, len(body) // 2
        if self.fault == "cut by the server":
            return 200, kind, body[:len(body) // 2], None
        return 200, kind, body, None


class LdapCut:
    """Passes on what a directory says, and no more of it than so many bytes on each connection; then it hangs up."""

    def __init__(self, url, bytes_passed):
        self.to = urlsplit(url).hostname, urlsplit(url).port
        self.bytes_passed = bytes_passed
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldap://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.create_connection(self.to) as directory:
            threading.Thread(target=self.pass_on, args=(client, directory, None), daemon=True).start()
            self.pass_on(directory, client, self.bytes_passed)
            for end in client, directory:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def pass_on(source, target, left):
        """`left`: how many bytes at most."""
        try:
            while (left is None or left > 0) and (part := source.recv(65536 if left is None else min(left, 65536))):
                target.sendall(part)
                left = None if left is None else left - len(part)
        except OSError:
            pass

    def stop(self):
        # Wakes whoever waits in accept, which closing alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
