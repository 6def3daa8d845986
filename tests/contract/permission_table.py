"""Who may do what: one row an operation. A new operation needs a row; test_permissions.py tries every cell.

`needs` is what an operation asks of its caller:
`nothing`; `read`, `write`, `admin`: that scope, of a key or of a person's role; `person`: to have signed in;
`person read`, `person admin`: that, and a role with the scope; `installation`: to run the whole installation;
`ingest`: `write`, or the server's own device key; `cookie`: a browser's session.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Needs = Literal[
    "nothing", "read", "write", "admin", "person", "person read", "person admin", "installation", "ingest", "cookie"
]


@dataclass(frozen=True)
class Row:
    """One operation: what it asks of its caller, how it answers whoever may, and an input that it takes."""

    needs: Needs
    ok: int
    body: Any = None
    """JSON; `{server_ulid}` and the like in its texts are filled in as in the path."""
    params: dict[str, str] = field(default_factory=dict)
    content: str | None = None
    """A body that is no JSON."""
    fresh: tuple[str, ...] = ()
    """What a call that succeeds uses up, and so is made anew for each: path parameters, `session`, `membership`."""
    streams: bool = False
    """Whether the answer goes on for ever: only its beginning is looked at."""
    takes_workspace: bool = True
    """Whether a foreign `Sentinela-Workspace` is looked at, with a credential."""


LOGIN = {"username": "{username}", "password": "{password}"}
RANGE = {"query": "max(temperature)", "start": "2026-01-31T12:00:00Z", "end": "2026-01-31T13:00:00Z", "step": "1m"}
READING = {"server_ulid": "{server_ulid}", "temperature": 20.5}

TABLE: dict[tuple[str, str], Row] = {
    # people
    ("POST", "/auth/register"): Row("nothing", 201, {"username": "{new_name}", "password": "violet-otter-42"}),
    ("POST", "/auth/login"): Row("nothing", 200, LOGIN, takes_workspace=False),
    ("POST", "/auth/refresh"): Row("nothing", 401, {"refresh_token": "snt_r_unknown"}, takes_workspace=False),
    ("POST", "/auth/session"): Row("nothing", 200, LOGIN, takes_workspace=False),
    ("GET", "/auth/session"): Row("cookie", 200, takes_workspace=False),
    # Without a provider; test_oidc.py, test_oidc_attacks.py and test_identities.py have one.
    ("GET", "/auth/ways"): Row("nothing", 200, takes_workspace=False),
    ("POST", "/auth/oidc"): Row("nothing", 404, {}, takes_workspace=False),
    ("GET", "/auth/oidc/callback"): Row("nothing", 404, takes_workspace=False),
    ("GET", "/auth/me/identities"): Row("person", 200),
    ("POST", "/auth/me/identities"): Row("person", 404, {"password": "{password}"}),
    ("POST", "/auth/me/identities/confirm"): Row("person", 409),
    ("POST", "/auth/me/identities/disconnect"): Row("person", 422, {}),
    ("POST", "/auth/logout"): Row("person", 204, fresh=("session",)),
    ("GET", "/auth/sessions"): Row("person", 200),
    ("DELETE", "/auth/sessions"): Row("person", 204, params={"others": "true"}),
    ("DELETE", "/auth/sessions/{session_id}"): Row("person", 204, fresh=("session_id",)),
    # An empty body shows that the credential was enough; test_passwords.py does it in earnest.
    ("POST", "/auth/password"): Row("person", 422, {}),
    ("POST", "/auth/reset"): Row("nothing", 409, {"username": "{username}"}, takes_workspace=False),
    ("POST", "/auth/reset/confirm"): Row("nothing", 422, {}, takes_workspace=False),
    ("GET", "/auth/me"): Row("person", 200),
    ("PATCH", "/auth/me"): Row("person", 200, {}),
    ("GET", "/auth/me/export"): Row("person", 200),
    ("POST", "/auth/me/delete"): Row("person", 422, {}),
    ("GET", "/users"): Row("installation", 200),
    ("POST", "/users/reset"): Row("installation", 201, {"username": "{username}"}),
    ("POST", "/users/totp/reset"): Row("installation", 409, {"username": "{username}"}),
    ("GET", "/auth/totp"): Row("person", 200),
    ("POST", "/auth/totp"): Row("person", 422, {}),
    ("POST", "/auth/totp/confirm"): Row("person", 422, {}),
    ("POST", "/auth/totp/recovery-codes"): Row("person", 422, {}),
    ("POST", "/auth/totp/disable"): Row("person", 422, {}),
    ("DELETE", "/workspaces/{workspace_ulid}/members/{user_id}/totp"): Row("person admin", 409),
    ("POST", "/workspaces"): Row("person", 201, {"name": "another"}),
    ("GET", "/workspaces/{workspace_ulid}"): Row("read", 200),
    ("PATCH", "/workspaces/{workspace_ulid}"): Row("admin", 200, {"retention_days": None}),
    ("DELETE", "/workspaces/{workspace_ulid}"): Row("person admin", 202, fresh=("workspace_ulid",)),
    ("GET", "/workspaces/{workspace_ulid}/members"): Row("read", 200),
    ("PATCH", "/workspaces/{workspace_ulid}/members/{user_id}"): Row("admin", 200, {"role": "viewer"}),
    ("DELETE", "/workspaces/{workspace_ulid}/members/{user_id}"): Row("admin", 204, fresh=("user_id",)),
    ("POST", "/workspaces/{workspace_ulid}/leave"): Row("person read", 204, fresh=("membership",)),
    # To nobody: whoever may is told that there is no such member.
    ("POST", "/workspaces/{workspace_ulid}/handover"): Row("person admin", 404, {"user_id": "nobody"}),
    ("POST", "/workspaces/{workspace_ulid}/invitations"): Row("admin", 201, {}),
    ("GET", "/workspaces/{workspace_ulid}/invitations"): Row("admin", 200),
    ("DELETE", "/workspaces/{workspace_ulid}/invitations/{invitation_id}"): Row("admin", 204, fresh=("invitation_id",)),
    ("POST", "/invitations/show"): Row("nothing", 404, {"token": "snt_i_unknown"}, takes_workspace=False),
    ("POST", "/invitations/accept"): Row("person", 404, {"token": "snt_i_unknown"}),
    ("POST", "/keys"): Row("admin", 201, {"name": "another"}),
    ("GET", "/keys"): Row("admin", 200),
    ("DELETE", "/keys/{key_id}"): Row("admin", 204, fresh=("key_id",)),
    ("GET", "/audit"): Row("admin", 200),
    # servers
    ("POST", "/servers"): Row("admin", 201, {"server_name": "{new_name}"}),
    ("GET", "/servers"): Row("read", 200),
    ("GET", "/servers/{server_ulid}"): Row("read", 200),
    ("PATCH", "/servers/{server_ulid}"): Row("admin", 200, {"offline_after_seconds": 60}),
    ("DELETE", "/servers/{server_ulid}"): Row("admin", 202, fresh=("server_ulid",)),
    ("POST", "/servers/{server_ulid}/keys"): Row("admin", 201, {}),
    ("GET", "/servers/{server_ulid}/keys"): Row("admin", 200),
    ("DELETE", "/servers/{server_ulid}/keys/{device_key_id}"): Row("admin", 204, fresh=("device_key_id",)),
    # readings
    ("POST", "/data"): Row("ingest", 201, READING),
    ("POST", "/write"): Row("ingest", 204, content="reading,server={server_ulid} temperature=20.5"),
    ("POST", "/api/v2/write"): Row("ingest", 204, content="reading,server={server_ulid} temperature=20.5"),
    ("GET", "/ping"): Row("nothing", 204, takes_workspace=False),
    ("GET", "/api/v1/query"): Row("read", 200, params={"query": "temperature"}),
    ("GET", "/api/v1/query_range"): Row("read", 200, params=RANGE),
    ("GET", "/api/v1/series"): Row("read", 200),
    ("GET", "/api/v1/labels"): Row("read", 200),
    ("GET", "/api/v1/label/{name}/values"): Row("read", 200),
    ("GET", "/api/v1/metadata"): Row("read", 200),
    ("GET", "/api/v1/status/buildinfo"): Row("read", 200),
    # Without a form: whoever may is told that the query is missing.
    ("POST", "/api/v1/query"): Row("read", 400),
    ("POST", "/api/v1/query_range"): Row("read", 400),
    ("POST", "/api/v1/series"): Row("read", 200),
    ("POST", "/api/v1/labels"): Row("read", 200),
    ("GET", "/data"): Row("read", 200, params={"server_ulid": "{server_ulid}"}),
    ("GET", "/data/latest"): Row("read", 200, params={"server_ulid": "{server_ulid}"}),
    ("GET", "/data/quality"): Row(
        "read",
        200,
        params={
            "server_ulid": "{server_ulid}",
            "start_time": "2026-01-31T12:00:00Z",
            "end_time": "2026-01-31T13:00:00Z",
        },
    ),
    ("GET", "/data/stream"): Row("read", 200, streams=True),
    ("DELETE", "/data"): Row("admin", 200, params={"server_ulid": "{server_ulid}", "end_time": "2020-01-31T12:00:00Z"}),
    ("GET", "/receipts/{receipt_id}"): Row("read", 200),
    ("GET", "/quantities"): Row("read", 200),
    ("GET", "/health/all"): Row("read", 200),
    ("GET", "/health/{server_ulid}"): Row("read", 200),
    ("GET", "/servers/{server_ulid}/presence"): Row("read", 200),
    ("GET", "/fleet"): Row("read", 200),
    ("POST", "/imports"): Row("write", 202, content="server_ulid,timestamp,temperature\n"),
    ("POST", "/exports"): Row("read", 202, {"server_ulid": ["{server_ulid}"]}),
    # It is an import, which has no file for anybody.
    ("GET", "/exports/{job_id}/file"): Row("read", 404),
    ("GET", "/workspaces/{workspace_ulid}/exports/{job_id}/file"): Row("read", 404),
    ("GET", "/jobs/{job_id}"): Row("read", 200),
    ("GET", "/jobs"): Row("read", 200),
    ("GET", "/jobs/{job_id}/log"): Row("read", 200),
    # It is done, which whoever may is told.
    ("POST", "/jobs/{job_id}/cancel"): Row("write", 409),
    ("POST", "/jobs/{job_id}/retry"): Row("write", 409),
    # views
    ("POST", "/views"): Row("person read", 201, {"name": "{new_name}", "query": "range=24h"}),
    ("GET", "/views"): Row("person read", 200),
    ("PUT", "/views/{view_id}"): Row("person read", 200, {"name": "{new_name}", "query": ""}, fresh=("view_id",)),
    ("DELETE", "/views/{view_id}"): Row("person read", 204, fresh=("view_id",)),
    # alerts
    ("POST", "/channels"): Row("admin", 201, {"name": "{new_name}", "url": "https://example.com/hook"}),
    ("GET", "/channels"): Row("admin", 200),
    ("GET", "/channels/{channel_id}"): Row("admin", 200),
    ("DELETE", "/channels/{channel_id}"): Row("admin", 204, fresh=("channel_id",)),
    ("PATCH", "/channels/{channel_id}"): Row("admin", 200, {"language": "pt"}),
    ("POST", "/channels/{channel_id}/test"): Row("admin", 202),
    ("POST", "/rules"): Row("admin", 201, {"name": "{new_name}", "condition": {"kind": "offline"}}),
    ("GET", "/rules"): Row("read", 200),
    ("POST", "/rules/backtest"): Row(
        "read",
        200,
        {"rule": {"condition": {"kind": "offline"}}, "start_time": "2026-01-31T12:00:00Z"},
    ),
    ("GET", "/rules/{rule_id}"): Row("read", 200),
    ("GET", "/rules/{rule_id}/explain"): Row("read", 200, params={"server_ulid": "{server_ulid}"}),
    ("PATCH", "/rules/{rule_id}"): Row("admin", 200, {"enabled": True}),
    ("DELETE", "/rules/{rule_id}"): Row("admin", 204, fresh=("rule_id",)),
    ("GET", "/incidents"): Row("read", 200),
    ("GET", "/incidents/{incident_id}"): Row("read", 200),
    ("POST", "/incidents/{incident_id}/acknowledge"): Row("write", 200),
    ("POST", "/incidents/{incident_id}/comments"): Row("write", 201, {"text": "The door was open."}),
    ("POST", "/incidents/{incident_id}/resolve"): Row("write", 200, fresh=("incident_id",)),
    ("GET", "/notifications"): Row("read", 200),
    ("GET", "/notifications/{notification_id}"): Row("read", 200),
    ("POST", "/notifications/retry"): Row("write", 202, {"channel_id": "{channel_id}"}),
    ("POST", "/silences"): Row(
        "write",
        201,
        {
            "reason": "maintenance",
            "until": "2099-01-31T12:00:00Z",
            "severities": ["info"],
            "starts_at": "2098-12-31T12:00:00Z",
        },
    ),
    ("GET", "/silences"): Row("read", 200),
    ("GET", "/silences/{silence_id}"): Row("read", 200),
    ("PATCH", "/silences/{silence_id}"): Row("write", 200, {"until": "2099-01-31T12:00:00Z"}),
    ("DELETE", "/silences/{silence_id}"): Row("write", 204, fresh=("silence_id",)),
    # Dead, for its address is no public one.
    ("POST", "/notifications/{notification_id}/retry"): Row("write", 202, fresh=("notification_id",)),
    # cache
    ("POST", "/cache/set"): Row("write", 200, {"key": "greeting", "value": "olá"}),
    ("GET", "/cache/get/{key}"): Row("read", 200),
    # operation
    ("POST", "/maintenance/seal"): Row("installation", 202),
    ("POST", "/maintenance/verify"): Row("installation", 202),
    ("GET", "/livez"): Row("nothing", 200, takes_workspace=False),
    ("GET", "/readyz"): Row("nothing", 200, takes_workspace=False),
    ("GET", "/metrics"): Row("nothing", 200, takes_workspace=False),
}
