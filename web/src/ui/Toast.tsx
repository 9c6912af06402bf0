import { X } from "lucide-react";
import { Toast as Radix } from "radix-ui";
import { type ReactNode, useSyncExternalStore } from "react";

import { t } from "../locales";
import { IconButton } from "./Button";
import { type Look, looks, Mark, type State } from "./mark";

interface ToastOptions {
  look?: State | Look;
  /** What happened. */
  title: ReactNode;
  /** To what, or why. */
  body?: ReactNode;
  /** One button, Undo where possible. */
  action?: ReactNode;
}

interface Shown extends ToastOptions {
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

const subscribe = (tell: () => void) => {
  listeners.add(tell);
  return () => void listeners.delete(tell);
};

/** Where toasts appear; once, around nothing. */
export function Toasts() {
  const list = useSyncExternalStore(subscribe, () => shown);
  return (
    <Radix.Provider duration={6000} label={t.ui.notifications} swipeDirection="right">
      {list.map(({ id, look = "done", title, body, action }) => {
        const { shape, tone } = typeof look === "string" ? looks[look] : look;
        const bad = tone === "critical";
        return (
          <Radix.Root
            key={id}
            className="toast"
            type={bad ? "foreground" : "background"}
            duration={bad ? Number.POSITIVE_INFINITY : 6000}
            onOpenChange={(open) => !open && show(shown.filter((each) => each.id !== id))}
          >
            <Mark shape={shape} tone={tone} />
            <div className="min-w-0 flex-1">
              <Radix.Title className="font-medium">{title}</Radix.Title>
              {body && <Radix.Description className="text-muted">{body}</Radix.Description>}
            </div>
            {action}
            <Radix.Close asChild>
              <IconButton size="small" label={t.ui.close}>
                <X className="icon" />
              </IconButton>
            </Radix.Close>
          </Radix.Root>
        );
      })}
      <Radix.Viewport className="toasts" />
    </Radix.Provider>
  );
}
