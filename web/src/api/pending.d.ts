import type { components } from "./schema";

interface Stats {
  firing: number;
  pending: number;
  acknowledged: number;
  critical: number;
  warning: number;
  info: number;
  stale: number;
}
type Get<Out, P = {}> = {
  get: {
    parameters: P;
    responses: {
      200: { content: { "application/json": Out } };
      default: { content: { "application/problem+json": components["schemas"]["Problem"] } };
    };
  };
};

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
}
