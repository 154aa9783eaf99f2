"""A mail server that keeps what it is given, or refuses it."""
import socketserver
import threading


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        sink = self.server.sink
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line.split()[0].upper().decode() if line.strip() else ""
            if verb == "QUIT":
                return self._say("221 bye")
            if verb == "MAIL" and sink.refusal:
                self._say(sink.refusal)
            elif verb == "DATA":
                self._say("354 go on")
                sink.mails.append(self._content())
                self._say("250 taken")
            else:
                self._say("250 ok")

    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def _content(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class MailSink:
    """`mails`: contents, oldest first; `refusal`: said to every sender while it is set."""

    def __init__(self):
        self.mails, self.refusal = [], None
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.sink = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
