import { o } from "../../locales/objects";
import { type Look, looks, Status } from "../../ui/mark";
import type { Listed, ObjectStatus } from "./types";

const byStatus: Record<ObjectStatus, Look> = {
  critical: looks.critical,
  warning: looks.warning,
  progress: looks.running,
  ok: looks.ok,
  none: looks.unknown,
};

/** How a status looks. */
export const lookOf = (status: ObjectStatus): Look => byStatus[status];

type Standing = Pick<Listed, "status" | "phase" | "deleting">;

/** How an object stands, in a word or two: its phase where it has one. */
export const phaseOf = ({ status, phase, deleting }: Standing): string =>
  deleting ? o.deleting : phase || o.statuses[status];

/** Shape and word of an object, and on the same line why. */
export function ObjectStanding({ object }: { object: Listed }) {
  const { status, reason, deleting } = object;
  const phase = phaseOf(object);
  return (
    <span className="row min-w-0 gap-2" title={reason ? `${phase}: ${reason}` : phase}>
      <Status look={deleting ? looks.stale : lookOf(status)} className="shrink-0 max-w-full">
        {phase}
      </Status>
      {reason && <span className="clip text-muted max-md:hidden">{reason}</span>}
    </span>
  );
}
