interface User {
  id: string;
  username: string;
  email?: string;
  is_admin: boolean;
}
interface Me {
  user: User;
  tenant: { id: string; name: string };
  permissions: string[];
  multi_tenancy: boolean;
}
interface Counts {
  critical: number;
  warning: number;
  info: number;
}
interface HostKey {
  type: string;
  fingerprint: string;
  trusted: boolean;
  offered?: { type: string; fingerprint: string };
}
interface Facts {
  os: string;
  kernel: string;
  arch: string;
  cpu_model: string;
  cpu_cores: number;
  memory_bytes: number;
  boot_at: string | null;
  virtualization: string;
  hostname: string;
  updates: number | null;
}
interface Readings {
  cpu_ratio: number | null;
  memory_ratio: number | null;
  memory_used_bytes: number | null;
  swap_ratio: number | null;
  disk_ratio: number | null;
  disk_mount: string;
  load1: number | null;
  network_receive_bytes_s: number | null;
  network_transmit_bytes_s: number | null;
  temperature_c: number | null;
  processes: number | null;
  uptime_s: number | null;
  at: string | null;
}
interface Server {
  id: string;
  rev: number;
  name: string;
  host: string;
  port: number;
  username: string;
  auth: "password" | "key" | "agent" | "local";
  tags: string[];
  group: string;
  notes: string;
  poll_seconds: number;
  snapshot_minutes: number;
  state: "up" | "down" | "untrusted" | "unknown";
  state_since: string;
  reason: string;
  host_key: HostKey | null;
  last_seen: string | null;
  skew_ms: number;
  facts: Facts;
  readings: Readings;
  alerts: Counts;
  created_at: string;
}
interface Alert {
  id: string;
  rev: number;
  threshold_id: string;
  server_id: string;
  server_name: string;
  title: string;
  message: string;
  severity: "info" | "warning" | "critical";
  state: "pending" | "firing" | "resolved";
  value: number | null;
  labels: Record<string, string>;
  started_at: string;
  fired_at: string | null;
  resolved_at: string | null;
  stale_since: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string;
  snoozed_until: string | null;
}
interface Stats {
  firing: number;
  pending: number;
  acknowledged: number;
  critical: number;
  warning: number;
  info: number;
  stale: number;
}
type Post<Body, Out> = {
  post: {
    parameters: {};
    requestBody: { content: { "application/json": Body } };
    responses: {
      200: { content: { "application/json": Out } };
      default: { content: { "application/problem+json": { code: string } } };
    };
  };
};
type Get<Out, P = {}> = {
  get: {
    parameters: P;
    responses: {
      200: { content: { "application/json": Out } };
      default: { content: { "application/problem+json": { code: string } } };
    };
  };
};
interface Page<T> {
  items: T[];
  next_cursor?: string;
}

interface Sections {
  hardware?: {
    vendor: string;
    product: string;
    board: string;
    bios: string;
    cpu_model: string;
    cpu_sockets: number;
    cpu_cores: number;
    cpu_threads: number;
    memory_bytes: number;
    virtualization: string;
  };
  os?: {
    name: string;
    id: string;
    version: string;
    kernel: string;
    arch: string;
    hostname: string;
    updates: number | null;
    reboot_needed: boolean;
  };
  disks?: {
    name: string;
    model: string;
    size_bytes: number;
    kind: "nvme" | "ssd" | "hdd" | "card" | "virtual" | "unknown";
    removable: boolean;
  }[];
  mounts?: { mountpoint: string; device: string; type: string; size_bytes: number }[];
  network?: {
    name: string;
    mac: string;
    mtu: number;
    state: string;
    speed_mbits: number;
    addresses: string[];
    gateway?: string;
  }[];
  packages?: { name: string; version: string }[];
  units?: { name: string; active: string; sub: string; description: string }[];
  ports?: { protocol: string; address: string; port: number; process: string }[];
  users?: { name: string; uid: number; home: string; shell: string }[];
}
interface Snapshot {
  id: string;
  server_id: string;
  taken_at: string;
  sections: Sections;
}
interface Threshold {
  id: string;
  rev: number;
  name: string;
  builtin: string;
  server_id: string | null;
  tag: string;
  metric: string;
  condition: "gt" | "gte" | "lt" | "lte" | "eq" | "ne";
  value: number;
  clear_value: number | null;
  for_seconds: number;
  severity: "info" | "warning" | "critical";
  enabled: boolean;
}
interface Series {
  metric: string;
  labels: Record<string, string>;
  points: [number, number][];
}
interface Job {
  id: string;
  rev: number;
  kind: string;
  state: string;
}

/** Shapes that the document does not have yet. */
export interface Pending {
  "/api/v1/system/dashboard": Get<{
    local_server_id: string | null;
    servers: {
      up: number;
      down: number;
      untrusted: number;
      unknown: number;
      warning: number;
      critical: number;
      stale: number;
    };
    alerts: Stats;
  }>;
  "/api/v1/servers": Get<
    Page<Server>,
    {
      query?: {
        q?: string;
        limit?: number;
        sort?: "name" | "newest";
        state?: string;
        cursor?: string;
        tag?: string;
      };
    }
  >;
  "/api/v1/servers/local": {
    post: { parameters: {}; responses: { 201: { content: { "application/json": Server } } } };
  };
  "/api/v1/servers/{id}": Get<Server, { path: { id: string } }> & {
    delete: {
      parameters: { path: { id: string }; header?: { "If-Match"?: string } };
      responses: {
        204: { content?: never };
        default: { content: { "application/problem+json": { code: string } } };
      };
    };
  };
  "/api/v1/servers/{id}/trust-host-key": {
    post: {
      parameters: { path: { id: string } };
      requestBody: { content: { "application/json": { fingerprint: string } } };
      responses: {
        200: { content: { "application/json": Server } };
        default: { content: { "application/problem+json": { code: string } } };
      };
    };
  };
  "/api/v1/servers/{id}/test": {
    post: {
      parameters: { path: { id: string } };
      responses: {
        200: {
          content: {
            "application/json": {
              items: { stage: string; ok: boolean; message: string; code?: string; ms: number }[];
              host_key: HostKey | null;
            };
          };
        };
      };
    };
  };
  "/api/v1/servers/{id}/snapshots": {
    post: {
      parameters: { path: { id: string } };
      responses: {
        202: { content: { "application/json": Job } };
        default: { content: { "application/problem+json": { code: string } } };
      };
    };
  };
  "/api/v1/servers/{id}/snapshots/{sid}": Get<Snapshot, { path: { id: string; sid: string } }>;
  "/api/v1/servers/{id}/metrics": Get<
    { series: Series[]; warming: boolean },
    { path: { id: string }; query?: { names?: string; from?: string; to?: string; step?: number } }
  >;
  "/api/v1/alerts": Get<
    Page<Alert>,
    {
      query?: {
        state?: string;
        severity?: string;
        server?: string;
        limit?: number;
        q?: string;
        sort?: string;
      };
    }
  >;
  "/api/v1/thresholds": Get<Page<Threshold>, { query?: { limit?: number; cursor?: string; sort?: string } }>;
}
