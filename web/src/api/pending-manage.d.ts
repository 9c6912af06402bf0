// Shapes of resources that are managed, as the document will describe them.
import type { Alert, Server, Threshold } from "./types";

interface Page<T> {
  items: T[];
  next_cursor?: string;
}
type Json<T> = { content: { "application/json": T } };
type Id = { path: { id: string } };
type Write = Id & { header?: { "If-Match"?: string } };
type Ask<Out, P> = { parameters: P; responses: { 200: Json<Out> } };
type Send<Body, Out, P = object> = { parameters: P; requestBody: Json<Body>; responses: { 200: Json<Out> } };
type Remove = { parameters: Write; responses: { 204: { content?: never } } };

export interface ServerInput {
  name?: string;
  host?: string;
  port?: number;
  username?: string;
  auth?: "password" | "key" | "agent" | "local";
  password?: string;
  private_key?: string;
  passphrase?: string;
  tags?: string[];
  group?: string;
  notes?: string;
  poll_seconds?: number | null;
  snapshot_minutes?: number | null;
  trust_fingerprint?: string;
}
export interface Stage {
  stage: string;
  ok: boolean;
  message: string;
  code?: string;
  ms: number;
}
export interface TestResult {
  items: Stage[];
  host_key: { type: string; fingerprint: string; trusted: boolean } | null;
}
export interface ImportRow {
  line: number;
  name: string;
  host: string;
  port: number;
  username: string;
  auth: string;
  tags: string[];
  ok: boolean;
  message: string;
  id?: string;
}
export interface Metric {
  metric: string;
  title: string;
  unit: string;
  example: number | null;
}
export interface ThresholdInput {
  name: string;
  server_id: string | null;
  tag: string;
  metric: string;
  condition: Threshold["condition"];
  value: number;
  clear_value: number | null;
  for_seconds: number;
  severity: Threshold["severity"];
  enabled: boolean;
  channel_ids: string[] | null;
}
export interface FullThreshold extends Threshold {
  muted_until: string | null;
  channel_ids: string[] | null;
  created_at: string;
}
export interface TimelineEvent {
  at: string;
  kind: string;
  actor: string;
  text: string;
}
export interface Attempt {
  at: string;
  ok: boolean;
  message: string;
}
export interface Delivery {
  id: string;
  channel_id: string;
  channel_name: string;
  alert_id: string;
  event: "firing" | "resolved" | "test";
  state: "queued" | "sent" | "failed";
  attempts: Attempt[];
  next_at: string;
  created_at: string;
  sent_at: string | null;
}
export interface AlertDetail extends Alert {
  timeline: TimelineEvent[];
  deliveries: Delivery[];
}
export interface Silence {
  id: string;
  rev: number;
  source: "mute" | "snooze" | "maintenance" | "manual" | "quiet_hours";
  threshold_id: string;
  alert_id: string;
  server_id: string;
  tag: string;
  severity: "" | "info" | "warning" | "critical";
  comment: string;
  actor: string;
  starts_at: string;
  ends_at: string;
  created_at: string;
}
export interface SilenceInput {
  server_id?: string;
  tag?: string;
  severity?: Silence["severity"];
  comment?: string;
  starts_at?: string;
  ends_at?: string;
}
export interface Channel {
  id: string;
  rev: number;
  name: string;
  type: "webhook" | "ntfy" | "smtp";
  enabled: boolean;
  config: Record<string, unknown>;
  template: string;
  created_at: string;
}
export interface ChannelInput {
  name?: string;
  type?: Channel["type"];
  enabled?: boolean;
  config?: Record<string, unknown>;
  template?: string;
}

export interface PendingManage {
  "/api/v1/servers": { post: Send<ServerInput, Server> };
  "/api/v1/servers/{id}": { patch: Send<ServerInput, Server, Write> };
  "/api/v1/servers/test": { post: Send<ServerInput, TestResult> };
  "/api/v1/servers/import": {
    post: Send<{ format: "ssh_config" | "csv"; text: string; dry_run: boolean }, { items: ImportRow[] }>;
  };
  "/api/v1/servers/tags": { get: Ask<{ items: { tag: string; count: number }[] }, object> };
  "/api/v1/servers/public-key": {
    get: Ask<{ public_key: string; authorized_keys_line: string; fingerprint: string }, object>;
  };
  "/api/v1/thresholds": { post: Send<ThresholdInput, FullThreshold> };
  "/api/v1/thresholds/metrics": { get: Ask<{ items: Metric[] }, object> };
  "/api/v1/thresholds/{id}": {
    get: Ask<FullThreshold, Id>;
    patch: Send<Partial<ThresholdInput>, FullThreshold, Write>;
    delete: Remove;
  };
  "/api/v1/thresholds/{id}/mute": { post: Send<{ minutes: number }, FullThreshold, Id> };
  "/api/v1/thresholds/{id}/unmute": { post: Ask<FullThreshold, Id> };
  "/api/v1/alerts/{id}": { get: Ask<AlertDetail, Id> };
  "/api/v1/alerts/{id}/acknowledge": { post: Ask<Alert, Id> };
  "/api/v1/alerts/{id}/unacknowledge": { post: Ask<Alert, Id> };
  "/api/v1/alerts/{id}/resolve": { post: Ask<Alert, Id> };
  "/api/v1/alerts/{id}/snooze": { post: Send<{ minutes: number }, Alert, Id> };
  "/api/v1/alerts/acknowledge": { post: Send<{ ids: string[] }, { items: Alert[] }> };
  "/api/v1/alerts/resolve": { post: Send<{ ids: string[] }, { items: Alert[] }> };
  "/api/v1/alerts/snooze": { post: Send<{ ids: string[]; minutes: number }, { items: Alert[] }> };
  "/api/v1/alerts/stats": {
    get: Ask<
      {
        firing: number;
        pending: number;
        acknowledged: number;
        critical: number;
        warning: number;
        info: number;
        stale: number;
      },
      object
    >;
  };
  "/api/v1/silences": {
    get: Ask<Page<Silence>, { query?: { active?: boolean; limit?: number; cursor?: string } }>;
    post: Send<SilenceInput, Silence>;
  };
  "/api/v1/silences/{id}": {
    get: Ask<Silence, Id>;
    patch: Send<SilenceInput, Silence, Write>;
    delete: Remove;
  };
  "/api/v1/channels": {
    get: Ask<Page<Channel>, { query?: { limit?: number; cursor?: string; q?: string } }>;
    post: Send<ChannelInput, Channel>;
  };
  "/api/v1/channels/{id}": {
    get: Ask<Channel, Id>;
    patch: Send<ChannelInput, Channel, Write>;
    delete: Remove;
  };
  "/api/v1/channels/{id}/test": { post: Ask<Delivery, Id> };
  "/api/v1/deliveries": {
    get: Ask<Page<Delivery>, { query?: { limit?: number; cursor?: string; channel?: string } }>;
  };
}
