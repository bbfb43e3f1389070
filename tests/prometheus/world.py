"""Processes of the suite's own, on ports that were free a moment ago, and how they are asked."""
import json
import os
import re
import socket
import subprocess
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from waiting import until

REVOKD, STATE, HERE = os.environ["REVOKD"], Path(os.environ["STATE"]), Path(os.environ["HERE"])
DASHBOARDS = HERE.parent.parent / "dashboards"
# No proxy of the caller's may come between.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not re.fullmatch("(?i)(https?|all)_proxy", name)}
browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
processes = []


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(url):
    with browser.open(url, timeout=10) as answer:
        return answer.read().decode()


def answers(url):
    try:
        get(url)
    except OSError:
        return False
    return True


def tool(*command, **options):
    """A command that must end well; gives all it said."""
    ended = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, **options)
    if ended.returncode:
        raise AssertionError(f"{command}: exit {ended.returncode}\n{ended.stdout}")
    return ended.stdout


class Process:
    """A process of ours, with what it says in a file; it is ended by whatever ends the suite."""

    def __init__(self, name, *command):
        self.log = STATE / f"{name}.log"
        with self.log.open("w") as said:
            command = [str(word) for word in command]
            self.process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=STATE, env=ENVIRONMENT)
        processes.append(self)

    def is_up(self, what, holds):
        def up():
            if self.process.poll() is not None:
                raise AssertionError(f"{' '.join(self.process.args)} has ended: {self.log.read_text()}")
            return holds()
        return until(what, up)

    def ended(self):
        """Waits for the end; gives the exit code and all it said."""
        return self.process.wait(timeout=120), self.log.read_text()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self in processes:
            processes.remove(self)


def end_all():
    while processes:
        processes[-1].end()


class Hook:
    """Takes what Alertmanager delivers."""

    def __init__(self):
        self.delivered = delivered = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                delivered.extend((alert["status"], alert["labels"], alert["annotations"]) for alert in body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def last(self, alert, **labels):
        """The status, labels and annotations that were delivered last of an alert; `None` where it never fired."""
        fitting = [one for one in self.delivered if one[1]["alertname"] == alert and labels.items() <= one[1].items()]
        return fitting[-1] if fitting else None


class Prometheus(Process):
    def __init__(self, config):
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        super().__init__("prometheus", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={STATE / 'tsdb'}",
                         f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn")
        self.is_up("Prometheus is ready", lambda: answers(f"{self.url}/-/ready"))

    def query(self, expression):
        """The values that an instant query gives, each with its labels."""
        answer = json.loads(get(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"))
        return [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]


class Daemon(Process):
    """revokd, with two simulated clouds and some of the shipped policies. The one by a list of people runs every other second, so
    that it soon has missed three times; the others have the time that a busy machine takes."""

    SECONDS = {"10": 10, "15": 2, "20": 10, "80": 10}

    # Both take every call for a share of an image, and the share stays.
    FAULTS = "--fault", "remove-member=204", "--fault", "remove-members=job-fails"

    def __init__(self):
        self.port = free_port()
        self.folder = STATE / "world"
        self.clouds = Process("simulate", REVOKD, "simulate", "--directory", self.folder, *self.FAULTS)
        self.clouds.is_up("the simulated clouds answer", lambda: "Ctrl-C" in self.clouds.log.read_text())
        self.config = self.folder / "revokd.toml"
        self.config.write_text(self.config.read_text().replace("127.0.0.1:9469", f"127.0.0.1:{self.port}"))
        for file in (self.folder / "policies").glob("*.toml"):
            if file.name[:2] not in self.SECONDS:
                file.unlink()
        self.set_mode("observe")
        self.start()

    def start(self):
        super().__init__("revokd", REVOKD, "--config", self.config, "run")
        self.is_up("revokd answers", lambda: answers(f"http://127.0.0.1:{self.port}/healthz"))

    def set_mode(self, mode):
        for number, seconds in self.SECONDS.items():
            file = next((self.folder / "policies").glob(f"{number}-*.toml"))
            text = re.sub(r'(?m)^schedule( *)=.*$', rf'schedule\1= "*/{seconds} * * * * *"', file.read_text())
            wanted = "approve" if number == "20" and mode == "enforce" else mode
            file.write_text(re.sub(r'(?m)^mode( *)=.*$', rf'mode\1= "{wanted}"', text))

    def reload(self):
        self.process.send_signal(1)

    def metrics(self):
        return get(f"http://127.0.0.1:{self.port}/metrics")
