import { api, base, queries, request } from "./client";
import { Problem } from "./errors";
import { inTenant, setTenancy, tenant } from "./tenant";
import type { Got } from "./types";

/** A tenant that one may go to. */
export interface Place {
  id: string;
  name: string;
}

/** What has to be done before anything else. */
export type Must = "password" | "second_factor";

/** Who is signed in, what they may do, and where. */
export type Me = Got<"/api/v1/auth/me">;

/** Who is signed in, and what they may do. */
export const meQuery = () => api.queryOptions("get", "/api/v1/auth/me", {}, { retry: false });

/** Whether the appliance still waits for its first administrator, or for its passphrase. */
export const setupQuery = () => api.queryOptions("get", "/api/v1/setup", {}, { staleTime: 0, retry: false });

/** Asks anew who is signed in, and what they must do first. */
export const refreshMe = (): Promise<void> => queries.invalidateQueries({ queryKey: meQuery().queryKey });

let entered: string | undefined; // the tenant that everything fetched so far belongs to

// What is said to everybody; the sign-in shows it while the rest is forgotten.
const open: ReadonlySet<unknown> = new Set([`${base}/auth/providers`, `${base}/setup`]);

/** Forgets everything that was fetched for somebody else. */
export function forget(): void {
  entered = undefined;
  queries.removeQueries({ predicate: ({ queryKey }) => !open.has(queryKey[1]) });
  queries.getMutationCache().clear(); // with the passwords that were sent
}

/** The tenant of the address is not for the person who is signed in. */
export class NoEntry extends Error {
  constructor(
    readonly problem: Problem,
    /** The tenant that was asked for. */
    readonly asked: string,
    /** Where they may go; missing when they may go nowhere. */
    readonly home: Place | undefined,
  ) {
    super(problem.detail);
    this.name = "NoEntry";
  }
}

/** Who is signed in, in the tenant that they have without asking for one. */
async function atHome(): Promise<Me | undefined> {
  try {
    return (await request.GET("/api/v1/auth/me", { headers: { "X-Tenant-ID": "" } })).data;
  } catch (error) {
    if (error instanceof Problem && error.status === 403) return undefined;
    throw error;
  }
}

async function whoIs(): Promise<Me> {
  try {
    return await queries.ensureQueryData(meQuery());
  } catch (error) {
    const id = tenant();
    if (!id || !(error instanceof Problem) || error.status !== 403) throw error;
    const me = await atHome();
    if (me && !me.multi_tenancy) return me;
    throw new NoEntry(error, id, me?.tenant);
  }
}

/** Who is signed in, and the address they have to be at if it is not this one. */
interface Entry {
  me: Me;
  to?: string;
}

/**
 * Enters the tenant of the address, on the way to a page. Where there are many tenants an
 * address has to name one, and where there is one it names none.
 */
export async function enter(path: string): Promise<Entry> {
  const me = await whoIs();
  setTenancy(true);
  const id = tenant();
  if (!me.multi_tenancy) {
    setTenancy(false);
    if (!id) return { me };
    forget(); // it was asked for in the name of a tenant
    return { me, to: path };
  }
  if (!id) return { me, to: inTenant(me.tenant.id, path) };
  entered ??= id;
  if (entered === id) return { me };
  location.reload(); // back or a link led into another one: nothing of this one may stay
  return new Promise(() => undefined);
}
