import { t } from "../../locales";
import { audit as auditWords } from "../../locales/audit";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Facts } from "../../ui/Facts";
import { exact } from "../../ui/format";
import { Status } from "../../ui/mark";
import { Changes } from "./Changes";
import { looksOf } from "./columns";
import { nameOf, readDetail } from "./diff";
import type { Row } from "./filter";

interface RowDialogProps {
  row: Row;
  onClose: () => void;
  /** Shows only what was done to the same thing, or by the same person. */
  onThing: () => void;
  onActor: () => void;
}

/** One row, whole. */
export function RowDialog({ row, onClose, onThing, onActor }: RowDialogProps) {
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={row.action}
      lead={nameOf(row.detail)}
      foot={
        <>
          {row.thing && <Button onClick={onThing}>{auditWords.history}</Button>}
          <Button onClick={onClose}>{t.ui.close}</Button>
        </>
      }
    >
      <Changes detail={readDetail(row.detail)} />
      <Facts
        facts={[
          [auditWords.at, exact(row.at)],
          [
            auditWords.who,
            <button key="w" type="button" className="underline" onClick={onActor}>
              {row.actor_name || row.actor}
            </button>,
          ],
          [auditWords.address, row.address],
          [auditWords.thing, row.thing && <code key="t">{row.thing}</code>],
          [
            auditWords.result,
            <Status key="r" look={looksOf[row.result]}>
              {auditWords.results[row.result]}
            </Status>,
          ],
          [auditWords.number, row.seq],
        ]}
      />
    </Dialog>
  );
}
