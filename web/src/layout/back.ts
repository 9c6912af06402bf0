// Whether an appliance that was restored is back. It restarts in place, so that it never
// stops to answer for long: what tells is that nobody is signed in any more.

/** What the appliance says of itself. */
export interface Answers {
  /** GET /readyz answered 200. */
  ready: boolean;
  /** GET /api/v1/setup; undefined if it did not answer. */
  setup: { needed: boolean; locked: boolean } | undefined;
  /** The status of GET /api/v1/auth/me. */
  me: number;
}

/** Where to go on: to the sign-in, to the passphrase that is missing, or nowhere yet. */
export function backAt({ ready, setup, me }: Answers): "sign-in" | "unlock" | undefined {
  if (setup?.locked) return "unlock";
  return ready && setup && !setup.needed && me === 401 ? "sign-in" : undefined;
}

/** How long to wait before asking for the nth time, in milliseconds. */
export const pause = (n: number): number => Math.min(5000, 700 * 1.4 ** n);

async function json(path: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(path, { credentials: "same-origin", cache: "no-store" });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
}

/** Asks the appliance once. */
export async function ask(): Promise<Answers> {
  const ready = (await json("/readyz")).status === 200;
  const setup = await json("/api/v1/setup");
  return {
    ready,
    setup: setup.status === 200 ? (setup.body as Answers["setup"]) : undefined,
    me: (await json("/api/v1/auth/me")).status,
  };
}
