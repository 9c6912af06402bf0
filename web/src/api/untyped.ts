// Requests by a path that is only known as text.
import { request } from "./client";

interface Init {
  body?: unknown;
  params?: { path: Readonly<Record<string, string>> };
}

type Ask = (path: string, init?: Init) => Promise<{ data?: unknown }>;
type Method = "GET" | "POST" | "PATCH" | "DELETE";

const all = request as unknown as Record<Method, Ask>;

/** What the server answers. */
export async function ask<T>(method: Method, path: string, init?: Init): Promise<T> {
  return (await all[method](path, init)).data as T;
}
