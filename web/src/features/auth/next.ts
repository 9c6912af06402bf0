/** An address if it is a page of ours, else the overview. */
export function ours(next: string): string {
  const url = new URL(next, location.origin);
  return next.startsWith("/") && url.origin === location.origin ? url.pathname + url.search + url.hash : "/";
}

/** Where sign-in leads to: only ever a page of ours, whatever the address says. */
export const wayBack = (search: string): string => ours(new URLSearchParams(search).get("next") ?? "/");
