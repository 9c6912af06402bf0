// Some things are done only by somebody who proved a moment ago that it is them. The server
// refuses them until then; here the person is asked, once for all that wait.

type Waiting = (proved: boolean) => void;

let waiting: Waiting[] = [];
const listeners = new Set<() => void>();

const tell = () => {
  for (const each of listeners) each();
};

/** Asks for a proof; whether it was given. */
export function prove(): Promise<boolean> {
  return new Promise((resolve) => {
    waiting = [...waiting, resolve];
    tell();
  });
}

/** The proof was given, or the person did not want to. */
export function answer(proved: boolean): void {
  const all = waiting;
  waiting = [];
  for (const each of all) each(proved);
  tell();
}

/** Whether a proof is asked for, for useSyncExternalStore. */
export const asked = {
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  now: () => waiting.length > 0,
};
