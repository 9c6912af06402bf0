import { X } from "lucide-react";
import { Toast as Radix } from "radix-ui";

import { t } from "../locales";
import { IconButton } from "./Button";
import { looks, Mark } from "./mark";
import type { Shown } from "./Toast";

interface ToastListProps {
  list: readonly Shown[];
  onClose: (id: number) => void;
}

/** The toasts on the page: fetched with the first one. */
export function ToastList({ list, onClose }: ToastListProps) {
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
            onOpenChange={(open) => !open && onClose(id)}
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
