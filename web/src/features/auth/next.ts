/** Where sign-in leads to: only ever a page of ours, whatever the address says. */
export function wayBack(search: string): string {
  const next = new URLSearchParams(search).get("next") ?? "/";
  const url = new URL(next, location.origin);
  return next.startsWith("/") && url.origin === location.origin ? url.pathname + url.search + url.hash : "/";
}
