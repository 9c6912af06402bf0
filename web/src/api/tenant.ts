// The tenant one works in. The address says it, and nothing else does: /t/<tenant>/servers.
// Pages and their paths know nothing of it; it is put before every path on its way into the
// address bar, and taken off on its way back (routes.tsx).

const inside = /^\/t\/([^/?#]+)(?=[/?#]|$)/;
const outside = /^\/(setup|sign-in|unlock|reset|invitation|_ui)(?=[/?#]|$)/;

let many = true; // until the server says otherwise

/** The id of the tenant; empty where the address names none. */
export const tenant = (): string => (many ? (inside.exec(location.pathname)?.[1] ?? "") : "");

/** Whether a path is one of those before the sign-in, which belong to no tenant. */
export const isOutside = (path: string): boolean => outside.test(path);

/** Whether the appliance has many tenants; where it has only one, what an address names is none. */
export function setTenancy(on: boolean): void {
  many = on;
}

/** The path of a page within a tenant: "/t/acme/servers". */
export const inTenant = (id: string, path = "/"): string => `/t/${id}${path}`;

/** The address of a path: within the tenant one is in, unless it names one itself. */
export const address = (path: string): string => {
  const id = tenant();
  return id && !inside.test(path) && !outside.test(path) ? inTenant(id, path) : path;
};

/** The path of an address, without the tenant. */
export const pathOf = (pathname: string): string => pathname.replace(inside, "") || "/";

/** What tells the server the tenant; a request that has one of its own keeps it. */
export const tenantHeader = (): Record<string, string> => {
  const id = tenant();
  return id ? { "X-Tenant-ID": id } : {};
};

/** The address of a file of the API, for a link or a download, which can send no header. */
export function fileHref(path: string): string {
  const id = tenant();
  return id ? `${path}${path.includes("?") ? "&" : "?"}tenant=${encodeURIComponent(id)}` : path;
}
