"""A real browser, driven through its debugging protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking "
    "--remote-debugging-pipe"
)
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), " ": (32, " ")}
"""Virtual key code and typed text of each key."""


class Page:
    """One page of the browser; waits end as soon as the browser answers."""

    def __init__(self, to_browser: BufferedWriter, from_browser: BufferedReader) -> None:
        self._out, self._in = to_browser, from_browser
        self._number, self._session, self._unread = 0, "", b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while (answer := self._message()).get("id") != self._number:
            pass
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def open(
        self, url: str, *, width: int, height: int = 900, dark: bool = False, script: bool = True
    ) -> None:
        """Load a page in a window of this size; one below 500 pixels wide is emulated as a phone."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=url)
        while self._message().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = 90) -> Any:
        """Wait until an expression is true and return its value; fail after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"{expression} is not true within {timeout_s} s"
            time.sleep(0.1)
        return value

    def point_at(self, x: float, y: float, *, click: bool = False) -> None:
        """Move the mouse to a place in the window and, with `click`, click there."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased") if click else ():
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def tap(self, x: float, y: float) -> None:
        """Touch a place in the window with a finger."""
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def press(self, key: str) -> None:
        """Press a key by its name, with the browser's own default action."""
        number, text = KEYS.get(key, (0, ""))
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=number,
                text=text if kind == "keyDown" else "",
            )

    def screenshot(self) -> bytes:
        """A screenshot of the window, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            some = self._in.read1()
            assert some, "the browser has gone"
            self._unread += some
        text, _, self._unread = self._unread.partition(b"\0")
        return json.loads(text)


@contextmanager
def browser(chromium: str, profile: Path) -> Iterator[Page]:
    """Run the browser at `chromium` during the block, with its own files in `profile`."""
    browser_reads, we_write = os.pipe()
    we_read, browser_writes = os.pipe()
    command = f'exec "$0" {FLAGS} "--user-data-dir=$1" 3<&{browser_reads} 4>&{browser_writes}'
    process = subprocess.Popen(
        ["bash", "-c", command, chromium, str(profile)],
        pass_fds=(browser_reads, browser_writes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(browser_reads)
    os.close(browser_writes)
    with process, os.fdopen(we_write, "wb") as to_browser, os.fdopen(we_read, "rb") as from_browser:
        try:
            page = Page(to_browser, from_browser)
            yield page
            page.call("Browser.close")
        finally:
            process.kill()
