interface User { id: string; username: string; email?: string; is_admin: boolean }
interface Me { user: User; tenant: { id: string; name: string }; permissions: string[]; multi_tenancy: boolean }
interface Counts { critical: number; warning: number; info: number }
interface HostKey { type: string; fingerprint: string; trusted: boolean; offered?: { type: string; fingerprint: string } }
interface Facts { os: string; kernel: string; arch: string; cpu_model: string; cpu_cores: number; memory_bytes: number; boot_at: string | null; virtualization: string; hostname: string; updates: number | null }
interface Readings { cpu_ratio: number | null; memory_ratio: number | null; memory_used_bytes: number | null; swap_ratio: number | null; disk_ratio: number | null; disk_mount: string; load1: number | null; network_receive_bytes_s: number | null; network_transmit_bytes_s: number | null; temperature_c: number | null; processes: number | null; uptime_s: number | null; at: string | null }
interface Server { id: string; rev: number; name: string; host: string; port: number; username: string; auth: "password" | "key" | "agent" | "local"; tags: string[]; group: string; notes: string; poll_seconds: number | null; snapshot_minutes: number | null; state: "up" | "down" | "untrusted" | "unknown"; state_since: string; reason: string; host_key: HostKey | null; last_seen: string | null; skew_ms: number | null; facts: Facts; readings: Readings; alerts: Counts; created_at: string }
interface Alert { id: string; rev: number; threshold_id: string | null; server_id: string | null; server_name: string; title: string; message: string; severity: "info" | "warning" | "critical"; state: "pending" | "firing" | "resolved"; value: number | null; labels: Record<string, string>; started_at: string; fired_at: string | null; resolved_at: string | null; stale_since: string | null; acknowledged_at: string | null; acknowledged_by: string | null; snoozed_until: string | null }
interface Stats { firing: number; pending: number; acknowledged: number; critical: number; warning: number; info: number; stale: number }
type Post<Body, Out> = { post: { parameters: {}; requestBody: { content: { "application/json": Body } }; responses: { 200: { content: { "application/json": Out } } } } };
type Get<Out, P = {}> = { get: { parameters: P; responses: { 200: { content: { "application/json": Out } } } } };
interface Page<T> { items: T[]; next_cursor?: string }
export interface paths {
  "/api/v1/setup": Get<{ needed: boolean; locked: boolean }> & Post<{ token: string; username: string; password: string }, { user: User }>;
  "/api/v1/unlock": Post<{ passphrase: string }, {}>;
  "/api/v1/auth/login": Post<{ username: string; password: string }, { user: User }>;
  "/api/v1/auth/logout": { post: { parameters: {}; responses: { 204: { content?: never } } } };
  "/api/v1/auth/me": Get<Me>;
  "/api/v1/system": Get<{ version: string; hostname: string }>;
  "/api/v1/system/dashboard": Get<{ local_server_id: string | null; servers: { up: number; down: number; untrusted: number; unknown: number; warning: number; critical: number; stale: number }; alerts: Stats }>;
  "/api/v1/servers": Get<Page<Server>, { query?: { q?: string; limit?: number; sort?: "name" | "newest"; state?: string } }>;
  "/api/v1/servers/{id}": Get<Server, { path: { id: string } }>;
  "/api/v1/alerts": Get<Page<Alert>, { query?: { state?: string; severity?: string; server?: string; limit?: number; q?: string } }>;
}
