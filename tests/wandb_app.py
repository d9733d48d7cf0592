"""W&B's server on loopback, with what its app shows beyond runs: histories, artifacts and workspaces."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.wandb_artifacts import Artifacts
from tests.wandb_history import history
from tests.wandb_server import PROJECT, Handler, Server

KEY = "0123456789" * 4


class App(Server):
    """Answers the real client; keeps saved workspaces by name."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = AppHandler
        self.artifacts = Artifacts(self.url)
        self.views: dict[str, dict[str, Any]] = {}
        self.pages: list[tuple[str, int, int]] = []
        """Requested pages of histories: run, first and last step."""
        self.dies_at: str | None = None
        """Text in a query that makes the server die for good."""

    def query(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        self.dead = self.dead or (self.dies_at is not None and self.dies_at in text)
        if self.dead:
            raise ConnectionError("the server has died")
        if "UpsertBucket" in text:
            self.exit_codes.pop(variables["name"], None)  # a resumed run is running again
        if "SampledHistoryPage" in text:
            spec = json.loads(variables["spec"])
            self.pages.append((variables["run"], spec["minStep"], spec["maxStep"]))
        return (
            history(text, variables, lambda run: self.rows[run])
            or self.artifacts.answer(text, variables)
            or self._view(text, variables)
            or super().query(text, variables)
        )

    def spec(self, name: str) -> dict[str, Any]:
        """The section of the workspace saved under a display name."""
        (view,) = [each for each in self.views.values() if each["displayName"] == name]
        section: dict[str, Any] = json.loads(view["spec"])["section"]
        return section

    def _view(self, text: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        if "upsertView(" in text:
            known = self.views.setdefault(variables["name"], {})
            assert variables.get("id") == known.get("id")  # otherwise a second one of this name would be made
            known |= variables | {"id": f"view-{variables['name']}"}
            return {"upsertView": {"view": known, "inserted": True}}
        if "allViews(" in text:
            if variables["project"] != PROJECT["name"]:
                return {"project": None}
            found = self.views.get(variables["viewName"])
            return {"project": {"allViews": {"edges": [{"node": found}] if found else []}}}
        return None


class AppHandler(Handler):
    server: App

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.artifacts.uploaded[self.path] = content
        self._answer({})


@contextmanager
def serving() -> Iterator[App]:
    """Serve during the block."""
    with App() as app:
        thread = threading.Thread(target=app.serve_forever)
        thread.start()
        try:
            yield app
        finally:
            app.shutdown()
            thread.join()


def settings(app: App) -> dict[str, str]:
    """Environment variables by which a client finds the server."""
    return {
        "WANDB_BASE_URL": app.url,
        "WANDB_API_KEY": KEY,
        "WANDB_HTTP_TIMEOUT": "30",
        "WANDB_INIT_TIMEOUT": "60",
        "WANDB_FINISH_TIMEOUT": "60",
        "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "0.5",
    }
