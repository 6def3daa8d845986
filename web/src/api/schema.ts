// Written by web/api_types.py from the OpenAPI document: do not edit, run it again.

export type BrowserSessionRead = { "csrf_token": string; "expires_at": string; "user": Me };

export type DeviceKeyCreate = { "name"?: string; "expires_at"?: string | null; "old_keys_valid_until"?: string | null };

export type DeviceKeyCreated = { "key_id": string; "name": string; "prefix": string; "created_at": string; "expires_at": string | null; "last_used_at": string | null; "device_key": string };

export type Fleet = { "now": string; "sparkline_seconds": number; "servers": (FleetServer)[] };

export type FleetServer = { "server_ulid": string; "server_name": string; "tags": Record<string, string>; "state": "online" | "late" | "offline"; "last_seen": string | null; "offline_after_seconds": number; "measured_at": string | null; "values": Record<string, number>; "sparklines": Record<string, (number | null)[]> };

export type Login = { "username": string; "password": string };

export type Me = { "id": string; "username": string; "email": string | null; "workspaces": (WorkspaceOfUser)[] };

export type Presence = { "server_ulid": string; "server_name": string; "status": "online" | "offline"; "last_seen": string | null };

export type Register = { "username": string; "password": string; "email"?: string | null };

export type Registered = { "id": string; "username": string };

export type ServerCreate = { "server_name": string; "offline_after_seconds"?: number | null; "interval_seconds"?: number | null; "retention_days"?: number | null; "tags"?: Record<string, unknown> };

export type ServerCreated = { "server_ulid": string; "server_name": string; "offline_after_seconds": number | null; "interval_seconds": number | null; "retention_days": number | null; "tags": Record<string, string>; "created_at": string; "device_key": string };

export type ServerRead = { "server_ulid": string; "server_name": string; "offline_after_seconds": number | null; "interval_seconds": number | null; "retention_days": number | null; "tags": Record<string, string>; "created_at": string };

export type WorkspaceOfUser = { "workspace_ulid": string; "name": string; "role": "viewer" | "operator" | "admin" };

export interface Operations {
  "GET /auth/session": { query: {  }; body: undefined; answer: BrowserSessionRead };
  "GET /fleet": { query: { limit?: number; cursor?: string | null }; body: undefined; answer: Fleet };
  "GET /health/{server_ulid}": { query: {  }; body: undefined; answer: Presence };
  "GET /servers": { query: { name?: string | null }; body: undefined; answer: (ServerRead)[] };
  "GET /servers/{server_ulid}": { query: {  }; body: undefined; answer: ServerRead };
  "POST /auth/logout": { query: {  }; body: undefined; answer: undefined };
  "POST /auth/register": { query: {  }; body: Partial<Register>; answer: Registered };
  "POST /auth/session": { query: {  }; body: Partial<Login>; answer: BrowserSessionRead };
  "POST /servers": { query: {  }; body: Partial<ServerCreate>; answer: ServerCreated };
  "POST /servers/{server_ulid}/keys": { query: {  }; body: Partial<DeviceKeyCreate> | null; answer: DeviceKeyCreated };
}
