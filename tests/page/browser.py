"""A chromium without a window, spoken to over two pipes: no port, no library."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
)
ANSWER_S = 120  # the only clock: a browser that is stuck is a failure, not a wait for ever


def find():
    """The path of a browser, or None."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return None


class Broken(Exception):
    """The browser has gone, is stuck, or refuses a command."""


def high(fd):
    """Moved out of the way of 3 and 4, which the browser wants."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


class Browser:
    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="sparkspool-page.")
        theirs_in, self.to = [high(fd) for fd in os.pipe()]
        self.since, theirs_out = [high(fd) for fd in os.pipe()]

        def hand_over():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self.process = subprocess.Popen(
            [program, *OPTIONS, "--user-data-dir=" + self.profile, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=hand_over, pass_fds=(3, 4))
        os.close(theirs_in)
        os.close(theirs_out)
        self.pending = b""
        self.number = 0
        self.events = []

    def close(self):
        os.close(self.to)
        try:
            self.process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.since)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self):
        until = time.monotonic() + ANSWER_S
        while b"\0" not in self.pending:
            ready, _, _ = select.select([self.since], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise Broken("no answer from the browser in %d s" % ANSWER_S)
            piece = os.read(self.since, 1 << 16)
            if not piece:
                raise Broken("the browser has gone")
            self.pending += piece
        message, _, self.pending = self.pending.partition(b"\0")
        return json.loads(message.decode("utf-8"))

    def command(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Broken("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method, session):
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    return event
            self.events.append(self.receive())

    def open(self, url, width=1280, height=900, dark=False, media="screen"):
        """A new tab that shows the page, all of it loaded."""
        return Tab(self, url, width, height, dark, media)


class Tab:
    def __init__(self, browser, url, width, height, dark, media):
        self.browser = browser
        target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.command(
            "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.command(domain + ".enable")
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=width < 600)
        self.command("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        browser.events = [e for e in browser.events if e.get("sessionId") != self.session]
        self.command("Page.navigate", url=url)
        browser.wait_for("Page.loadEventFired", self.session)

    def command(self, method, **params):
        return self.browser.command(method, self.session, **params)

    def events(self, method):
        return [e["params"] for e in self.browser.events
                if e.get("method") == method and e.get("sessionId") == self.session]

    def ask(self, expression):
        """The value of a JavaScript expression, as the debugger sees it: the policy of the page
        does not hold for it."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Broken("%s: %s" % (expression, answer["exceptionDetails"]))
        return answer["result"].get("value")

    def screenshot(self, path, whole=True):
        data = self.command("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def pdf(self, path):
        self.command("Emulation.setEmulatedMedia", media="")
        data = self.command("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def close(self):
        self.browser.command("Target.closeTarget", targetId=self.target)
        self.browser.events = []
