import { base } from "../../api/client";
import { fileHref } from "../../api/tenant";

/** The address of a route that speaks WebSocket. */
export function socketHref(path: string, query: URLSearchParams): string {
  const url = new URL(fileHref(`${base}${path}?${query.toString()}`), location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
