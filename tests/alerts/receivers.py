"""Local receivers of messages: real servers on free ports."""

import contextlib
import json
import socketserver
import threading
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Received:
    """The requests received. Each status in `answers` is returned one time, then 200; `before` is called first."""

    def __init__(self):
        self.requests, self.answers = [], []
        self.before = lambda: None

    @property
    def documents(self):
        return [json.loads(body) for _, _, body in self.requests]

    @property
    def keys(self):
        return [headers["Idempotency-Key"] for _, headers, _ in self.requests]


@contextmanager
def http_receiver():
    """A web server that accepts POSTs. Yields its URL and a `Received`."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.requests.append((self.path, dict(self.headers), body))
            received.before()
            status = received.answers.pop(0) if received.answers else 200
            with contextlib.suppress(ConnectionError):  # the sender may have been killed meanwhile
                self.answer(status)

        def answer(self, status):
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"no room" if status >= 400 else b"")

        do_GET = do_POST

        def log_message(self, *_args):
            """Logs nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}", received


@contextmanager
def smtp_receiver():
    """A mail server. Yields its URL and the mails accepted; mails only to `full...` are refused."""
    mails = []

    class Handler(socketserver.StreamRequestHandler):
        def respond(self, line):
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self):
            self.respond("220 ready")
            for raw in self.rfile:
                match raw.decode().split()[0].upper():
                    case "DATA":
                        self.respond("354 go on")
                        self.take_mail()
                    case "RCPT" if b"<full" in raw:
                        self.respond("452 mailbox full")
                    case "QUIT":
                        return self.respond("221 bye")
                    case _:
                        self.respond("250 fine")
            return None

        def take_mail(self):
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            mails.append(message_from_bytes(b"".join(lines), policy=default))
            self.respond("250 taken")

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"smtp://127.0.0.1:{port}", mails


@contextmanager
def serving(server):
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
