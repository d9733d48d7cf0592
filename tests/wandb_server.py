"""The part of W&B's server that the real client needs, on loopback; keeps runs and returns them."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PROJECT = {"id": "p", "name": "scaling-study", "entity": {"id": "e", "name": "tester"}}


class Server(ThreadingHTTPServer):
    """Answers the real client; keeps what arrives by run id."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.refuses = False
        self.refuses_rows = False
        """Refuse rows with 403 but accept the run, as W&B does when a quota is used up."""
        self.deleted: set[str] = set()
        """Deleted runs, whose ids W&B does not accept again."""
        self.dead = False
        self.dies_after: int | None = None
        """Number of completed runs after which the server dies."""
        self.delay_s = 0.0
        self.status: int | None = None
        """Status with which every request is answered."""
        self.busy_for = 0
        """Number of further requests to answer with 429."""
        self.waits: list[float] = []
        """Seconds from each 429 to the next request."""
        self.told_to_wait: float | None = None
        self.lock = threading.Lock()
        self.at_once = 0
        self.most_at_once = 0
        """Largest number of simultaneous requests."""
        self.asked: Counter[str] = Counter()
        """Number of requests by kind."""
        self.runs: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.rewound: Counter[str] = Counter()
        """Number of overwritten rows by run."""
        self.summaries: dict[str, dict[str, Any]] = {}
        self.exit_codes: dict[str, int] = {}
        self.logs: dict[str, list[str]] = defaultdict(list)
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """System metrics by run."""

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that have gone before their answer."""

    def query(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The answer to a GraphQL query or mutation."""
        if "UpsertBucket" in text:
            run = self.runs.setdefault(variables["name"], {})
            run |= {key: value for key, value in variables.items() if value is not None}
            return {"upsertBucket": {"bucket": self._bucket(variables["name"]), "inserted": True}}
        if "RunResumeStatus" in text:
            known = variables["name"] in self.runs
            return {"model": PROJECT | {"bucket": self._bucket(variables["name"]) if known else None}}
        if "CreateRunFiles" in text:
            files = [{"name": name, "uploadUrl": f"{self.url}/{name}"} for name in variables["files"]]
            return {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": files}}
        if "query Run(" in text:
            return {
                "project": {"run": self._run(variables["name"]) if variables["name"] in self.runs else None}
            }
        if "query Runs(" in text:
            return {"project": self._page(variables) if variables["project"] == PROJECT["name"] else None}
        if "viewer {" in text:
            viewer = {"id": "u", "entity": "tester", "username": "tester", "flags": "{}"}
            return {"viewer": viewer | {"teams": {"edges": []}}}
        return {"serverInfo": {"features": []}}

    def receive(self, run_id: str, body: dict[str, Any]) -> None:
        """Take rows, summary and exit code, as they arrive during the run."""
        files = body.get("files") or {}
        if rows := files.get("wandb-history.jsonl"):
            self.rewound[run_id] += max(0, len(self.rows[run_id]) - rows["offset"])
            self.rows[run_id][rows["offset"] :] = [json.loads(line) for line in rows["content"]]
        if events := files.get("wandb-events.jsonl"):
            self.events[run_id][events["offset"] :] = [json.loads(line) for line in events["content"]]
        if log := files.get("output.log"):
            self.logs[run_id][log["offset"] :] = log["content"]
        if summary := files.get("wandb-summary.json"):
            self.summaries[run_id] = json.loads(summary["content"][-1])
        if body.get("complete"):
            self.exit_codes[run_id] = body["exitcode"]
            if self.dies_after is not None and len(self.exit_codes) >= self.dies_after:
                self.dead, self.dies_after = True, None

    def _page(self, variables: dict[str, Any]) -> dict[str, Any]:
        """A page of the requested group's runs after the cursor."""
        group = json.loads(variables["filters"])["group"]
        names = [name for name, run in self.runs.items() if run.get("groupName") == group]
        start = int(variables.get("cursor") or 0)
        chosen = list(enumerate(names, 1))[start : start + variables["perPage"]]
        edges = [{"node": self._run(name), "cursor": str(number)} for number, name in chosen]
        page = {"endCursor": None, "hasNextPage": start + len(chosen) < len(names)}
        return {"internalId": "1", "runCount": len(names), "runs": {"edges": edges, "pageInfo": page}}

    def _run(self, run_id: str) -> dict[str, Any]:
        """A run in the format of the public API."""
        exit_code = self.exit_codes.get(run_id)
        state = "running" if exit_code is None else "failed" if exit_code else "finished"
        run = self.runs[run_id]
        return self._bucket(run_id) | {
            "projectId": "1",
            "state": state,
            "tags": run.get("tags") or [],
            "group": run["groupName"],
            "jobType": run.get("jobType"),
        }

    def _bucket(self, run_id: str) -> dict[str, Any]:
        rows = self.rows[run_id]
        return {
            "id": run_id,
            "name": run_id,
            "displayName": run_id,
            "project": PROJECT | {"name": self.runs[run_id].get("project", PROJECT["name"])},
            "config": self.runs[run_id].get("config", "{}"),
            "summaryMetrics": json.dumps(self.summaries.get(run_id, {})),
            "historyLineCount": len(rows),
            "historyTail": json.dumps([json.dumps(row) for row in rows[-1:]]),
            "eventsLineCount": len(self.events[run_id]),
            "eventsTail": json.dumps([json.dumps(event) for event in self.events[run_id][-1:]]),
            "logLineCount": len(self.logs[run_id]),
            "tags": self.runs[run_id].get("tags") or [],
            "wandbConfig": '{"t": 1}',
        }


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
        with self.server.lock:
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
            self.server.busy_for -= (is_busy := self.server.busy_for > 0)
            now = time.monotonic()
            if self.server.told_to_wait is not None:
                self.server.waits.append(now - self.server.told_to_wait)
            self.server.told_to_wait = now if is_busy else None
        time.sleep(self.server.delay_s)
        self._respond(body, is_busy)
        with self.server.lock:
            self.server.at_once -= 1

    def _respond(self, body: dict[str, Any], is_busy: bool) -> None:
        status = 429 if is_busy else self.server.status
        self.server.asked[str(status or self._what(body))] += 1
        if self.server.dead:
            self.close_connection = True
        elif status is not None:
            self._answer({"errors": [{"message": f"status {status}"}]}, status=status)
        elif self.server.refuses:
            self._answer({"errors": [{"message": "permission denied"}]}, status=403)
        elif self.server.refuses_rows and self.path.endswith("/file_stream"):
            self._answer({"error": "quota"}, status=403)
        elif self.path.endswith("/file_stream"):
            self.server.receive(self.path.split("/")[-2], body)
            self._answer({})
        elif (body.get("variables") or {}).get("name") in self.server.deleted:
            self._answer({"errors": [{"message": "run was previously created and deleted"}]}, status=409)
        elif not body:  # an upload URL for telemetry
            self._answer({}, status=404)
        else:
            self._answer({"data": self.server.query(body["query"], body.get("variables") or {})})

    def _what(self, body: dict[str, Any]) -> str:
        return str(body.get("operationName") or self.path.rpartition("/")[2])

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({})

    def _answer(self, value: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if status == 429:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as running:
        monkeypatch.setenv("WANDB_BASE_URL", running.url)
        monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
        monkeypatch.setenv("WANDB_INIT_TIMEOUT", "3")
        monkeypatch.setenv("WANDB_FINISH_TIMEOUT", "3")
        monkeypatch.setenv(
            "WANDB__FILE_STREAM_TRANSMIT_INTERVAL", "1"
        )  # interval for rows; the default is 15 s
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()
