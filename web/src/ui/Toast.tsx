import { lazy, type ReactNode, Suspense, useSyncExternalStore } from "react";

import type { Look, State } from "./mark";

const ToastList = lazy(() => import("./ToastList").then((m) => ({ default: m.ToastList })));

interface ToastOptions {
  look?: State | Look;
  /** What happened. */
  title: ReactNode;
  /** To what, or why. */
  body?: ReactNode;
  /** One button, Undo where possible. */
  action?: ReactNode;
}

/** A toast on the page. */
export interface Shown extends ToastOptions {
  id: number;
}

let shown: readonly Shown[] = [];
let last = 0;
const listeners = new Set<() => void>();

function show(next: readonly Shown[]): void {
  shown = next;
  for (const tell of listeners) tell();
}

/** Says what was done. Failures stay until they are closed. */
export function toast(options: ToastOptions): void {
  last++;
  show([...shown.slice(-2), { id: last, ...options }]);
}

const close = (id: number) => show(shown.filter((each) => each.id !== id));

const subscribe = (tell: () => void) => {
  listeners.add(tell);
  return () => void listeners.delete(tell);
};

/** Where toasts appear; once, around nothing. */
export function Toasts() {
  const list = useSyncExternalStore(subscribe, () => shown);
  if (last === 0) return null; // nothing has been said yet, so nothing is fetched
  return (
    <Suspense>
      <ToastList list={list} onClose={close} />
    </Suspense>
  );
}
