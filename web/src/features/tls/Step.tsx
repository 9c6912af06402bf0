import { type ReactNode, useEffect, useId, useRef } from "react";

import type { Problem } from "../../api/errors";
import { c } from "../../locales/tls";
import { Button } from "../../ui/Button";

/** What is wrong with a field, by the last part of its name. */
export const wrong = (problem: Problem | undefined, field: string): string | undefined =>
  problem?.fields.find((each) => each.field.split(".").pop() === field)?.message;

/** One step, and the ways from it. */
export interface StepProps {
  title: string;
  lead?: ReactNode;
  /** Undefined: it is the first. */
  onBack?: (() => void) | undefined;
  /** Undefined: it cannot go on from here. */
  onNext?: (() => void) | undefined;
  next?: string;
  busy?: boolean;
  /** Why it cannot go on yet. */
  why?: string | undefined;
  /** The page was opened on it, so that nobody came here by a button. */
  opened: boolean;
  children: ReactNode;
}

/** One step: its heading, which the keyboard follows to, its fields, back and on. */
export function Step(props: StepProps) {
  const { title, lead, onBack, onNext, next = c.acme.next, busy, why, opened, children } = props;
  const id = useId();
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!opened) head.current?.focus();
  }, [opened]);
  return (
    <form
      className="tls-step"
      aria-labelledby={id}
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy && !why) onNext?.();
      }}
    >
      <h2 id={id} ref={head} tabIndex={-1}>
        {title}
      </h2>
      {lead && <p className="text-muted">{lead}</p>}
      {children}
      {(onBack || onNext) && (
        <div className="foot">
          {onBack && <Button onClick={onBack}>{c.acme.back}</Button>}
          {onNext && (
            <Button kind="primary" type="submit" busy={busy} disabled={Boolean(why)} title={why}>
              {next}
            </Button>
          )}
        </div>
      )}
    </form>
  );
}
