"""A dashboard: the workspace in which W&B shows a study, as code."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any

import wandb_workspaces.workspaces as ws
from wandb_workspaces._graphql import execute_graphql

from analysis.dashboard.panels import sections
from analysis.source.wandb_runs import Group, client
from scaling.errors import Refused

COLUMNS = ("run:state", "summary:failure", "summary:top1", "summary:cost/flops", "summary:message")
"""Columns beside each name in the list of runs, which show what failed."""
MAX_RUNS = 500
"""Maximum number of runs in one panel; W&B's own default is 10."""
FIND_VIEW = """
query View($entity: String, $project: String, $viewName: String) {
  project(name: $project, entityName: $entity) {
    allViews(viewType: "project-view", viewName: $viewName) { edges { node { id } } }
  }
}
"""


def save_dashboard(group: Group) -> str:
    """Save the workspace of a study under its name, replacing an earlier one, and return its URL.

    Raises `Refused` without a network or an account, and where there is no such project.
    """
    workspace = dashboard(group)
    with client(f"{group.entity}/{group.project}") as wandb:
        workspace._internal_id = _known_id(wandb.Api(), group)
        workspace.save()
        return str(workspace.url)


def dashboard_json(group: Group) -> dict[str, Any]:
    """The workspace as it would be sent: `displayName`, `name` and `spec`. Uses no network."""
    view = dashboard(group)._to_model()
    spec = view.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"displayName": view.display_name, "name": view.name, "spec": spec}


def dashboard(group: Group) -> ws.Workspace:
    """The workspace of a study, the same every time: it shows whatever runs the group has, now or later."""
    workspace = ws.Workspace(
        entity=group.entity,
        project=group.project,
        name=_display_name(group),
        sections=sections(),
        settings=ws.WorkspaceSettings(x_axis="epoch", max_runs=MAX_RUNS),
        runset_settings=ws.RunsetSettings(
            order=[ws.Ordering(ws.Summary("status")), ws.Ordering(ws.Summary("top1"), ascending=False)],
            pinned_columns=list(COLUMNS),
        ),
    )
    # The text form that `filters` takes cannot express a name with a quote or an equals sign.
    workspace._stashed_filters_v2, workspace._stashed_filter_string = _only_runs_of(group), ""
    workspace._internal_name = _view_name(group)
    workspace._internal_runset_id = "runs"
    return workspace


def _only_runs_of(group: Group) -> dict[str, Any]:
    """The filter in the form that W&B's app writes."""
    own = {"key": {"section": "run", "name": "group"}, "op": "=", "value": group.name, "disabled": False}
    return {"filterFormat": "filterV2", "filters": [own]}


def _display_name(group: Group) -> str:
    """The group's name without symbols, none of which W&B accepts there, not even + and =."""
    return "".join("_" if unicodedata.category(letter).startswith("S") else letter for letter in group.name)


def _view_name(group: Group) -> str:
    """The name by which W&B finds the workspace again, in the form that its app uses."""
    return f"nw-{hashlib.sha256(group.name.encode()).hexdigest()[:11]}-v"


def _known_id(api: Any, group: Group) -> str:
    """The id of the workspace that an earlier call saved; empty where there is none."""
    asked = {"entity": group.entity, "project": group.project, "viewName": _view_name(group)}
    project = execute_graphql(api, FIND_VIEW, asked)["project"]
    if project is None:
        raise Refused(
            f"{group.entity}/{group.project} is not a project that this account can see in W&B: the first "
            "run that is sent creates it."
        )
    found = project["allViews"]["edges"]
    return str(found[0]["node"]["id"]) if found else ""
