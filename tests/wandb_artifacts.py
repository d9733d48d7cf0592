"""The part of W&B's server that the real client needs to log artifacts; keeps their versions and files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.wandb_server import PROJECT

Answer = dict[str, Any]


@dataclass
class Version:
    """A version of an artifact, as it arrived."""

    name: str
    kind: str
    run: str
    digest: str
    uploads: dict[str, str] = field(default_factory=dict)
    """Storage path by the file's name in the artifact."""
    committed: bool = False


class Artifacts:
    """Answers the queries and gives URLs for uploads; `uploaded` has what is sent there."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.versions: list[Version] = []
        self.uploaded: dict[str, bytes] = {}
        """Content by path below the server's URL."""

    def of(self, run: str, kind: str) -> list[Version]:
        """Committed versions of the artifacts of a kind that a run logged."""
        return [each for each in self.versions if each.committed and (each.run, each.kind) == (run, kind)]

    def content(self, version: Version, name: str) -> bytes:
        """Content of a file of an artifact."""
        return self.uploaded[version.uploads[name]]

    def answer(self, text: str, variables: Mapping[str, Any]) -> Answer | None:
        """The answer to a query about artifacts; None for any other query."""
        if "query ArtifactType(" in text:
            return {"project": {"artifact": None}}
        if "mutation CreateArtifact " in text:
            return self._create(variables["input"])
        if "mutation CreateArtifactManifest " in text:
            return {"createArtifactManifest": {"artifactManifest": self._manifest(variables["artifactID"])}}
        if "mutation CreateArtifactFiles " in text:
            edges = [{"node": self._place(each)} for each in variables["input"]["artifactFiles"]]
            return {"createArtifactFiles": {"files": {"edges": edges}}}
        if "mutation CommitArtifact " in text:
            version = self.versions[int(variables["artifactID"])]
            version.committed = True
            return {"commitArtifact": {"artifact": {"id": variables["artifactID"], "digest": version.digest}}}
        if "ArtifactByID" in text:
            return {"artifact": self._described(variables["id"])}
        return None

    def _described(self, artifact: str) -> Answer:
        version = self.versions[int(artifact)]
        project = {**PROJECT, "__typename": "Project", "internalId": "UHJvamVjdEludGVybmFsSWQ6MQ=="}
        return {
            "__typename": "Artifact",
            "id": artifact,
            "artifactSequence": {
                "__typename": "ArtifactSequence",
                "id": version.name,
                "name": version.name,
                "project": project,
            },
            "versionIndex": 0,
            "artifactType": {"name": version.kind},
            "description": None,
            "metadata": None,
            "ttlDurationSeconds": -2,
            "ttlIsInherited": True,
            "tags": [],
            "historyStep": None,
            "state": "COMMITTED",
            "size": sum(len(self.content(version, name)) for name in version.uploads),
            "digest": version.digest,
            "commitHash": None,
            "fileCount": len(version.uploads),
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": None,
            "aliases": [],
        }

    def _create(self, asked: Mapping[str, Any]) -> Answer:
        name, digest = asked["artifactCollectionName"], asked["digest"]
        for number, known in enumerate(self.versions):
            if (known.name, known.digest, known.committed) == (name, digest, True):
                return self._created(number, "COMMITTED")
        self.versions.append(
            Version(name=name, kind=asked["artifactTypeName"], run=asked["runName"], digest=digest)
        )
        return self._created(len(self.versions) - 1, "PENDING")

    def _created(self, number: int, state: str) -> Answer:
        latest = {"latestArtifact": None}
        return {
            "createArtifact": {"artifact": {"id": str(number), "state": state, "artifactSequence": latest}}
        }

    def _manifest(self, artifact: str) -> Answer:
        url = f"{self._url}/manifests/{artifact}"
        return {"id": artifact, "file": {"id": artifact, "uploadUrl": url, "uploadHeaders": []}}

    def _place(self, asked: Mapping[str, Any]) -> Answer:
        path = f"/artifacts/{asked['artifactID']}/{asked['name']}"
        self.versions[int(asked["artifactID"])].uploads[asked["name"]] = path
        return {
            "storagePath": path,
            "uploadUrl": self._url + path,
            "uploadHeaders": [],
            "uploadMultipartUrls": None,
            "artifact": {"id": asked["artifactID"]},
        }


def table_in(content: bytes) -> dict[str, Any]:
    """Columns and data of a stored wandb.Table."""
    table: dict[str, Any] = json.loads(content)
    return table
