import { useCallback, useSyncExternalStore } from "react";

import { t } from "../locales";
import { exact, type Instant, since } from "./format";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

// One clock for the whole page; it stands still when nobody looks at it.
function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(tell);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** A text made of the present time; the component is drawn again only when the text changes. */
export function useTicking(text: (now: number) => string): string {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => text(Date.now()), [text]),
  );
}

interface TimeProps {
  at: Instant | null | undefined;
  /** "2 s ago" instead of "2 s". */
  ago?: boolean;
  className?: string;
}

/** How long ago, with the exact time on hover. */
export function Time({ at, ago = false, className }: TimeProps) {
  const text = useTicking(useCallback((now) => since(at, now), [at]));
  if (at == null) return <span className={className}>{text}</span>;
  return (
    <time className={className} dateTime={new Date(at).toISOString()} title={exact(at)}>
      {ago && text !== t.ui.now ? t.ui.ago(text) : text}
    </time>
  );
}
