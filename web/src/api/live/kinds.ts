const base = "/api/v1";

// What else shows things of a kind: the counts of servers hold their alerts, and so on.
const also: Record<string, readonly string[]> = {
  servers: ["/system/dashboard"],
  clusters: ["/system/dashboard"],
  alerts: ["/system/dashboard", "/servers"],
  silences: ["/alerts"],
  thresholds: ["/servers/{id}/thresholds"],
  channels: ["/deliveries"],
  settings: ["/system", "/auth/me", "/tls"],
  users: ["/members"],
  members: ["/auth/me", "/users", "/invitations", "/usage"],
  tenants: ["/auth/me", "/vault", "/usage"],
};

// Samples and what the stream says of objects keep these fresh; fetching them again at every
// change would draw them anew, and a busy cluster changes all the time.
const never = /\/metrics$|\/clusters\/(objects|offers|\{id\}\/kinds)$/;

/** A change as the stream reports it. */
export interface Change {
  kind: string;
  id: string;
  rev: number;
}

const under = (path: string, prefix: string) =>
  path === base + prefix || path.startsWith(`${base}${prefix}/`);

/**
 * Whether a query shows what changed. Its key is [method, path, init]; a query about one
 * thing is only touched by changes of that thing.
 */
export function touches(key: readonly unknown[], change: Change): boolean {
  const [, path, init] = key;
  if (typeof path !== "string" || never.test(path)) return false;
  if (under(path, `/${change.kind}`)) {
    const id = (init as { params?: { path?: { id?: unknown } } } | undefined)?.params?.path?.id;
    return id === undefined || change.id === "" || id === change.id;
  }
  return (also[change.kind] ?? []).some((prefix) => under(path, prefix));
}
