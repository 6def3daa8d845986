// Written by web/api_types.py from the OpenAPI document: do not edit, run it again.

export type AccountProof = { "password": string; "totp"?: string | null };

export type AllCondition = { "kind": "all"; "conditions": (ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition)[] };

export type AnyCondition = { "kind": "any"; "conditions": (ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition)[] };

export type ArrivalsRead = { "received": number; "duplicates": number; "rejected": number; "late": number; "lag_seconds": Lag | null; "clock_ahead_seconds": number | null };

export type AttemptRead = { "at": string; "seconds": number; "delivered": boolean; "error": string | null };

export type AuditRead = { "audit_id": string; "at": string; "actor_kind": "user" | "api_key" | "device_key" | "system"; "actor_id": string; "actor_name": string | null; "action": string; "target": string; "before": Record<string, unknown> | null; "after": Record<string, unknown> | null; "address": string | null; "request_id": string };

export type BacktestReport = { "start_time": string; "end_time": string; "servers": number; "firing": Firing; "coverage": Coverage; "by_day": (DayFiring)[]; "by_server": (ServerFiring)[]; "incidents": (PastIncident)[]; "suggestion": Suggestion | null; "took_seconds": number };

export type BacktestRequest = { "rule"?: Judged | null; "rule_id"?: string | null; "start_time": string; "end_time"?: string | null; "flap_seconds"?: number; "max_incidents"?: number; "job"?: boolean; "wanted"?: Wanted | null };

export type Band = { "low": number; "high": number };

export type Begin = { "to"?: string; "invitation"?: string | null };

export type Begun = { "authorization_url": string };

export type Behind = { "timestamp": string; "value": number };

export type BothProofs = { "password": string; "totp": string };

export type BrowserSessionRead = { "csrf_token": string; "expires_at": string; "user": Me };

export type ChannelCreate = { "url"?: string | null; "to"?: (string)[] | null; "smtp"?: Smtp | null; "chat_id"?: string | null; "token"?: string | null; "enabled"?: boolean | null; "language"?: "en" | "pt" | null; "events"?: ("opened" | "reopened" | "acknowledged" | "resolved")[] | null; "group_seconds"?: number | null; "per_minute"?: number | null; "name": string; "kind"?: "webhook" | "email" | "slack" | "telegram" };

export type ChannelCreated = { "channel_id": string; "name": string; "kind": "webhook" | "email" | "slack" | "telegram"; "url"?: string | null; "to"?: (string)[] | null; "smtp"?: SmtpRead | null; "chat_id"?: string | null; "enabled": boolean; "language": "en" | "pt"; "events": ("opened" | "reopened" | "acknowledged" | "resolved")[]; "group_seconds": number; "per_minute": number; "created_at": string; "secret": string | null };

export type ChannelRead = { "channel_id": string; "name": string; "kind": "webhook" | "email" | "slack" | "telegram"; "url"?: string | null; "to"?: (string)[] | null; "smtp"?: SmtpRead | null; "chat_id"?: string | null; "enabled": boolean; "language": "en" | "pt"; "events": ("opened" | "reopened" | "acknowledged" | "resolved")[]; "group_seconds": number; "per_minute": number; "created_at": string };

export type ConnectedIdentity = { "issuer": string; "subject": string; "created_at": string; "was_connected": boolean };

export type Coverage = { "readings": number; "first_reading": string | null; "last_reading": string | null; "silent_seconds": number; "share": number };

export type DayFiring = { "day": string; "count": number };

export type DeviationCondition = { "above"?: number | null; "below"?: number | null; "outside"?: Band | null; "inside"?: Band | null; "hysteresis"?: number; "hold_seconds"?: number; "no_data_seconds"?: number; "kind": "deviation"; "quantity": string; "days"?: number; "zone"?: string };

export type DeviceKey = { "key_id": string; "name": string; "prefix": string; "created_at": string; "expires_at": string | null; "last_used_at": string | null };

export type DeviceKeyCreate = { "name"?: string; "expires_at"?: string | null; "old_keys_valid_until"?: string | null };

export type DeviceKeyCreated = { "key_id": string; "name": string; "prefix": string; "created_at": string; "expires_at": string | null; "last_used_at": string | null; "device_key": string };

export type Disconnect = { "password": string; "totp"?: string | null; "issuer": string; "subject": string };

export type Enrolment = { "secret": string; "uri": string; "qr_svg": string };

export type ExportRequest = { "server_ulid"?: (string)[]; "start_time"?: string | null; "end_time"?: string | null; "sensor_type"?: (string)[]; "aggregation"?: "10s" | "1m" | "minute" | "5m" | "15m" | "1h" | "hour" | "6h" | "1d" | "day" | "1w" | "1mo" | "1y" | null; "function"?: (string)[]; "tz"?: string; "fill"?: "none" | "null" | "previous" | "linear"; "group_by"?: string | null; "where"?: (string)[]; "order"?: "asc" | "desc"; "limit"?: null; "cursor"?: null; "max_points"?: number | null; "format"?: "json" | "ndjson" | "csv" | "arrow" | "parquet"; "explain"?: false };

export type FactorRead = { "enabled": boolean; "confirmed_at": string | null; "recovery_codes_left": number };

export type Firing = { "count": number; "per_week": number; "flaps": number; "open_at_end": number; "total_seconds": number; "longest_seconds": number | null; "median_seconds": number | null };

export type FirstCode = { "totp": string };

export type Fleet = { "now": string; "sparkline_seconds": number; "servers": (FleetServer)[] };

export type FleetServer = { "server_ulid": string; "server_name": string; "tags": Record<string, string>; "state": "online" | "late" | "offline"; "last_seen": string | null; "offline_after_seconds": number; "measured_at": string | null; "values": Record<string, number>; "sparklines": Record<string, (number | null)[]> };

export type IncidentDetail = { "incident_id": string; "rule_id": string; "rule_name": string; "server_ulid": string; "server_name": string; "severity": "info" | "warning" | "critical"; "state": "open" | "acknowledged" | "resolved"; "opened_at": string; "resolved_at": string | null; "acknowledged_at": string | null; "acknowledged_by": string | null; "resolved_by": string | null; "reopened": number; "silenced_until": string | null; "why": Record<string, unknown>; "timeline": (TimelineEntry)[] };

export type IncidentRead = { "incident_id": string; "rule_id": string; "rule_name": string; "server_ulid": string; "server_name": string; "severity": "info" | "warning" | "critical"; "state": "open" | "acknowledged" | "resolved"; "opened_at": string; "resolved_at": string | null; "acknowledged_at": string | null; "acknowledged_by": string | null; "resolved_by": string | null; "reopened": number; "silenced_until": string | null; "why": Record<string, unknown> };

export type InvitationCreate = { "role"?: "viewer" | "operator" | "admin"; "email"?: string | null; "expires_at"?: string | null };

export type InvitationCreated = { "invitation_id": string; "role": "viewer" | "operator" | "admin"; "email": string | null; "created_at": string; "expires_at": string; "token": string; "link": string; "mailed": boolean };

export type InvitationShown = { "workspace_ulid": string; "workspace_name": string; "role": "viewer" | "operator" | "admin"; "expires_at": string };

export type InvitationToken = { "token": string };

export type JobOwner = { "kind": "user" | "api_key" | "device_key" | "system"; "id": string; "name": string | null };

export type JobRead = { "job_id": string; "kind": string; "state": "queued" | "running" | "done" | "failed" | "cancelled"; "progress": number; "owner": JobOwner | null; "attempts": number; "cancel_requested": boolean; "created_at": string; "started_at": string | null; "finished_at": string | null; "error": string | null; "result": Record<string, unknown> | null };

export type Judged = { "condition": ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition | AllCondition | AnyCondition; "schedule"?: Schedule | null; "server_ulids"?: (string)[] | null; "tag"?: Tag | null };

export type Key = { "key_id": string; "name": string; "prefix": string; "created_at": string; "expires_at": string | null; "last_used_at": string | null; "scopes": ("read" | "write" | "admin")[]; "rate_limit": number | null; "line_protocol": LineMapping | null };

export type KeyCreate = { "name": string; "scopes"?: ("read" | "write" | "admin")[]; "expires_at"?: string | null; "rate_limit"?: number | null; "line_protocol"?: LineMapping | null };

export type KeyCreated = { "key_id": string; "name": string; "prefix": string; "created_at": string; "expires_at": string | null; "last_used_at": string | null; "scopes": ("read" | "write" | "admin")[]; "rate_limit": number | null; "line_protocol": LineMapping | null; "key": string };

export type Lag = { "least": number; "mean": number; "largest": number };

export type LatestOfServer = { "server_ulid": string; "server_name": string; "values": Record<string, LatestValue> };

export type LatestValue = { "timestamp": string; "value": number };

export type LineMapping = { "server_tag"?: string | null; "quantities"?: Record<string, string>; "ignored_tags"?: (string)[]; "create_servers"?: boolean };

export type Login = { "username": string; "password": string; "totp"?: string | null };

export type Me = { "id": string; "username": string; "email": string | null; "workspaces": (WorkspaceOfUser)[] };

export type MemberRead = { "user_id": string; "username": string; "role": "viewer" | "operator" | "admin"; "joined_at": string };

export type NoDataCondition = { "kind": "nodata"; "quantity": string; "for_seconds"?: number };

export type NotificationDetail = { "notification_id": string; "channel_id": string; "event": string; "incident_id": string | null; "body": Record<string, unknown>; "state": "queued" | "delivered" | "dead" | "grouped" | "cancelled"; "grouped_into": string | null; "silence_id": string | null; "attempts": number; "last_error": string | null; "created_at": string; "next_at": string | null; "delivered_at": string | null; "history": (AttemptRead)[] };

export type NotificationRead = { "notification_id": string; "channel_id": string; "event": string; "incident_id": string | null; "body": Record<string, unknown>; "state": "queued" | "delivered" | "dead" | "grouped" | "cancelled"; "grouped_into": string | null; "silence_id": string | null; "attempts": number; "last_error": string | null; "created_at": string; "next_at": string | null; "delivered_at": string | null };

export type OfflineCondition = { "kind": "offline"; "hold_seconds"?: number };

export type OwnIdentity = { "issuer": string; "subject": string; "created_at": string; "in_use": boolean };

export type PasswordChange = { "old_password": string; "new_password": string };

export type PasswordProof = { "password": string };

export type PastIncident = { "server_ulid": string; "server_name": string; "since": string; "opened_at": string; "resolved_at": string | null; "seconds": number; "value": number | null; "peak": number | null; "peak_at": string | null; "readings": (Behind)[]; "data": string };

export type Presence = { "server_ulid": string; "server_name": string; "status": "online" | "offline"; "last_seen": string | null };

export type QualityOfServer = { "server_ulid": string; "server_name": string; "start_time": string; "end_time": string; "interval_seconds": number | null; "interval_declared": boolean; "readings": number; "expected": number | null; "completeness": number | null; "gaps": Stretches; "quantities": Record<string, QuantityQuality>; "arrivals": ArrivalsRead | null };

export type QuantityQuality = { "readings": number; "minimum": number; "maximum": number; "out_of_range": number; "stuck": Stretches };

export type QuantityRead = { "name": string; "unit": string | null; "custom": boolean };

export type RateCondition = { "above"?: number | null; "below"?: number | null; "outside"?: Band | null; "inside"?: Band | null; "hysteresis"?: number; "hold_seconds"?: number; "no_data_seconds"?: number; "kind": "rate"; "quantity": string; "per"?: "second" | "minute" | "hour" | "day"; "window_seconds"?: number };

export type RecoveryCodes = { "recovery_codes": (string)[] };

export type Register = { "username": string; "password": string; "email"?: string | null; "invitation"?: string | null };

export type Registered = { "id": string; "username": string };

export type Remark = { "text": string };

export type Replay = { "channel_id"?: string | null };

export type Replayed = { "queued": number };

export type ResetAsk = { "username": string };

export type ResetConfirm = { "token": string; "new_password": string };

export type RoleChange = { "role": "viewer" | "operator" | "admin" };

export type RuleCreate = { "condition": ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition | AllCondition | AnyCondition; "schedule"?: Schedule | null; "server_ulids"?: (string)[] | null; "tag"?: Tag | null; "name": string; "severity"?: "info" | "warning" | "critical"; "channel_ids"?: (string)[]; "reopen_seconds"?: number; "enabled"?: boolean };

export type RulePatch = { "name"?: string | null; "severity"?: "info" | "warning" | "critical" | null; "condition"?: ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition | AllCondition | AnyCondition | null; "schedule"?: Schedule | null; "server_ulids"?: (string)[] | null; "tag"?: Tag | null; "channel_ids"?: (string)[] | null; "reopen_seconds"?: number | null; "enabled"?: boolean | null };

export type RuleRead = { "rule_id": string; "name": string; "severity": "info" | "warning" | "critical"; "condition": ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition | AllCondition | AnyCondition; "schedule": Schedule | null; "server_ulids": (string)[] | null; "tag": Tag | null; "channel_ids": (string)[]; "reopen_seconds": number; "enabled": boolean; "created_at": string };

export type Schedule = { "zone"?: string; "weekdays"?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[]; "start"?: string; "end"?: string };

export type ServerCreate = { "server_name": string; "offline_after_seconds"?: number | null; "interval_seconds"?: number | null; "retention_days"?: number | null; "tags"?: Record<string, unknown> };

export type ServerCreated = { "server_ulid": string; "server_name": string; "offline_after_seconds": number | null; "interval_seconds": number | null; "retention_days": number | null; "tags": Record<string, string>; "created_at": string; "device_key": string };

export type ServerFiring = { "server_ulid": string; "server_name": string; "count": number; "total_seconds": number; "readings": number; "share": number };

export type ServerRead = { "server_ulid": string; "server_name": string; "offline_after_seconds": number | null; "interval_seconds": number | null; "retention_days": number | null; "tags": Record<string, string>; "created_at": string };

export type SessionRead = { "session_id": string; "kind": "browser" | "program"; "current": boolean; "created_at": string; "last_used_at": string | null; "expires_at": string | null; "address": string | null; "user_agent": string | null };

export type SilenceCreate = { "reason": string; "server_ulids"?: (string)[] | null; "tag"?: Tag | null; "rule_ids"?: (string)[] | null; "severities"?: ("info" | "warning" | "critical")[] | null; "starts_at"?: string | null; "until": string };

export type SilenceRead = { "silence_id": string; "reason": string; "server_ulids": (string)[] | null; "tag": Tag | null; "rule_ids": (string)[] | null; "severities": ("info" | "warning" | "critical")[] | null; "starts_at": string; "until": string; "state": "pending" | "active" | "ended"; "created_by": string | null; "created_at": string };

export type Smtp = { "host": string; "port"?: number; "security"?: "starttls" | "tls" | "none"; "username"?: string | null; "password"?: string | null; "sender": string };

export type SmtpRead = { "host": string; "port": number; "security": string; "username": string | null; "sender": string };

export type Stretch = { "start_time": string; "end_time": string; "value"?: number | null; "readings"?: number | null };

export type Stretches = { "count": number; "seconds": number; "longest": (Stretch)[] };

export type Suggestion = { "condition": ThresholdCondition | RateCondition | DeviationCondition | OfflineCondition | NoDataCondition | AllCondition | AnyCondition; "count": number; "per_week": number };

export type Tag = { "name": string; "value": string };

export type ThresholdCondition = { "above"?: number | null; "below"?: number | null; "outside"?: Band | null; "inside"?: Band | null; "hysteresis"?: number; "hold_seconds"?: number; "no_data_seconds"?: number; "kind": "threshold"; "quantity": string };

export type TimelineEntry = { "at": string; "event": "opened" | "reopened" | "acknowledged" | "commented" | "resolved" | "silenced" | "delivered" | "delivery_failed"; "actor"?: string | null; "text"?: string | null; "why"?: Record<string, unknown> | null; "told"?: string | null; "channel_id"?: string | null; "channel_name"?: string | null; "notification_id"?: string | null };

export type ViewRead = { "view_id": string; "name": string; "query": string; "saved_at": string };

export type ViewSave = { "name": string; "query": string };

export type Wanted = { "incidents": number; "per"?: "day" | "week" | "month" };

export type Ways = { "provider": string | null };

export type WorkspaceOfUser = { "workspace_ulid": string; "name": string; "role": "viewer" | "operator" | "admin" };

export type WorkspacePatch = { "name"?: string | null; "time_zone"?: string | null; "retention_days"?: number | null };

export type WorkspaceRead = { "workspace_ulid": string; "name": string; "time_zone": string; "retention_days": number | null; "created_at": string };

export interface Operations {
  "DELETE /auth/sessions": { query: { others?: boolean }; body: undefined; answer: undefined };
  "DELETE /auth/sessions/{session_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /channels/{channel_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /keys/{key_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /rules/{rule_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /servers/{server_ulid}/keys/{key_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /silences/{silence_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /views/{view_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /workspaces/{workspace_ulid}/members/{user_id}": { query: {  }; body: undefined; answer: undefined };
  "DELETE /workspaces/{workspace_ulid}/members/{user_id}/totp": { query: {  }; body: undefined; answer: undefined };
  "GET /audit": { query: { actor_id?: string | null; action?: string | null; target?: string | null; start_time?: string | null; end_time?: string | null; limit?: number; cursor?: string | null }; body: undefined; answer: (AuditRead)[] };
  "GET /auth/me/identities": { query: {  }; body: undefined; answer: (OwnIdentity)[] };
  "GET /auth/session": { query: {  }; body: undefined; answer: BrowserSessionRead };
  "GET /auth/sessions": { query: {  }; body: undefined; answer: (SessionRead)[] };
  "GET /auth/totp": { query: {  }; body: undefined; answer: FactorRead };
  "GET /auth/ways": { query: {  }; body: undefined; answer: Ways };
  "GET /channels": { query: { limit?: number; cursor?: string | null }; body: undefined; answer: (ChannelRead)[] };
  "GET /data/latest": { query: { server_ulid?: (string)[]; sensor_type?: (string)[] }; body: undefined; answer: (LatestOfServer)[] };
  "GET /data/quality": { query: { server_ulid?: (string)[]; sensor_type?: (string)[]; start_time?: string | null; end_time?: string | null; plausible?: (string)[]; stuck_after?: number }; body: undefined; answer: (QualityOfServer)[] };
  "GET /fleet": { query: { limit?: number; cursor?: string | null }; body: undefined; answer: Fleet };
  "GET /health/{server_ulid}": { query: {  }; body: undefined; answer: Presence };
  "GET /incidents": { query: { state?: ("open" | "acknowledged" | "resolved")[]; severity?: ("info" | "warning" | "critical")[]; server_ulid?: string | null; rule_id?: string | null; start_time?: string | null; end_time?: string | null; limit?: number; cursor?: string | null }; body: undefined; answer: (IncidentRead)[] };
  "GET /incidents/{incident_id}": { query: {  }; body: undefined; answer: IncidentDetail };
  "GET /jobs": { query: { kind?: (string)[] | null; state?: ("queued" | "running" | "done" | "failed" | "cancelled")[] | null; limit?: number; cursor?: string | null }; body: undefined; answer: (JobRead)[] };
  "GET /jobs/{job_id}": { query: {  }; body: undefined; answer: JobRead };
  "GET /keys": { query: { limit?: number; cursor?: string | null }; body: undefined; answer: (Key)[] };
  "GET /notifications": { query: { state?: ("queued" | "delivered" | "dead" | "grouped" | "cancelled")[] | null; channel_id?: string | null; limit?: number; cursor?: string | null }; body: undefined; answer: (NotificationRead)[] };
  "GET /notifications/{notification_id}": { query: {  }; body: undefined; answer: NotificationDetail };
  "GET /quantities": { query: {  }; body: undefined; answer: (QuantityRead)[] };
  "GET /rules": { query: { limit?: number; cursor?: string | null }; body: undefined; answer: (RuleRead)[] };
  "GET /rules/{rule_id}": { query: {  }; body: undefined; answer: RuleRead };
  "GET /servers": { query: { name?: string | null; search?: string | null; tag?: (string)[]; limit?: number; cursor?: string | null }; body: undefined; answer: (ServerRead)[] };
  "GET /servers/{server_ulid}": { query: {  }; body: undefined; answer: ServerRead };
  "GET /servers/{server_ulid}/keys": { query: {  }; body: undefined; answer: (DeviceKey)[] };
  "GET /silences": { query: { state?: ("pending" | "active" | "ended")[] | null; limit?: number; cursor?: string | null }; body: undefined; answer: (SilenceRead)[] };
  "GET /views": { query: { limit?: number; cursor?: string | null }; body: undefined; answer: (ViewRead)[] };
  "GET /workspaces/{workspace_ulid}": { query: {  }; body: undefined; answer: WorkspaceRead };
  "GET /workspaces/{workspace_ulid}/members": { query: { limit?: number; cursor?: string | null }; body: undefined; answer: (MemberRead)[] };
  "PATCH /rules/{rule_id}": { query: {  }; body: Partial<RulePatch>; answer: RuleRead };
  "PATCH /workspaces/{workspace_ulid}": { query: {  }; body: Partial<WorkspacePatch>; answer: WorkspaceRead };
  "PATCH /workspaces/{workspace_ulid}/members/{user_id}": { query: {  }; body: Partial<RoleChange>; answer: MemberRead };
  "POST /auth/logout": { query: {  }; body: undefined; answer: undefined };
  "POST /auth/me/identities": { query: {  }; body: Partial<AccountProof>; answer: Begun };
  "POST /auth/me/identities/confirm": { query: {  }; body: undefined; answer: ConnectedIdentity };
  "POST /auth/me/identities/disconnect": { query: {  }; body: Partial<Disconnect>; answer: undefined };
  "POST /auth/oidc": { query: {  }; body: Partial<Begin>; answer: Begun };
  "POST /auth/password": { query: {  }; body: Partial<PasswordChange>; answer: undefined };
  "POST /auth/register": { query: {  }; body: Partial<Register>; answer: Registered };
  "POST /auth/reset": { query: {  }; body: Partial<ResetAsk>; answer: undefined };
  "POST /auth/reset/confirm": { query: {  }; body: Partial<ResetConfirm>; answer: undefined };
  "POST /auth/session": { query: {  }; body: Partial<Login>; answer: BrowserSessionRead };
  "POST /auth/totp": { query: {  }; body: Partial<PasswordProof>; answer: Enrolment };
  "POST /auth/totp/confirm": { query: {  }; body: Partial<FirstCode>; answer: RecoveryCodes };
  "POST /auth/totp/disable": { query: {  }; body: Partial<BothProofs>; answer: undefined };
  "POST /auth/totp/recovery-codes": { query: {  }; body: Partial<BothProofs>; answer: RecoveryCodes };
  "POST /channels": { query: {  }; body: Partial<ChannelCreate>; answer: ChannelCreated };
  "POST /channels/{channel_id}/test": { query: {  }; body: undefined; answer: NotificationRead };
  "POST /exports": { query: {  }; body: Partial<ExportRequest>; answer: JobRead };
  "POST /incidents/{incident_id}/acknowledge": { query: {  }; body: undefined; answer: IncidentDetail };
  "POST /incidents/{incident_id}/comments": { query: {  }; body: Partial<Remark>; answer: IncidentDetail };
  "POST /incidents/{incident_id}/resolve": { query: {  }; body: undefined; answer: IncidentDetail };
  "POST /invitations/accept": { query: {  }; body: Partial<InvitationToken>; answer: WorkspaceOfUser };
  "POST /invitations/show": { query: {  }; body: Partial<InvitationToken>; answer: InvitationShown };
  "POST /jobs/{job_id}/cancel": { query: {  }; body: undefined; answer: JobRead };
  "POST /jobs/{job_id}/retry": { query: {  }; body: undefined; answer: JobRead };
  "POST /keys": { query: {  }; body: Partial<KeyCreate>; answer: KeyCreated };
  "POST /notifications/retry": { query: {  }; body: Partial<Replay> | null; answer: Replayed };
  "POST /notifications/{notification_id}/retry": { query: {  }; body: undefined; answer: NotificationRead };
  "POST /rules": { query: {  }; body: Partial<RuleCreate>; answer: RuleRead };
  "POST /rules/backtest": { query: {  }; body: Partial<BacktestRequest>; answer: BacktestReport };
  "POST /servers": { query: {  }; body: Partial<ServerCreate>; answer: ServerCreated };
  "POST /servers/{server_ulid}/keys": { query: {  }; body: Partial<DeviceKeyCreate> | null; answer: DeviceKeyCreated };
  "POST /silences": { query: {  }; body: Partial<SilenceCreate>; answer: SilenceRead };
  "POST /views": { query: {  }; body: Partial<ViewSave>; answer: ViewRead };
  "POST /workspaces/{workspace_ulid}/invitations": { query: {  }; body: Partial<InvitationCreate>; answer: InvitationCreated };
  "PUT /views/{view_id}": { query: {  }; body: Partial<ViewSave>; answer: ViewRead };
}
