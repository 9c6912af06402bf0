import { Fragment } from "react";

import { t } from "../locales";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { pageKeys } from "./pageKeys";
import { goes } from "./useKeys";

/** The list of keys. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const rows: (readonly [readonly string[], string])[] = [
    ...pageKeys(),
    [["Ctrl", "K"], t.layout.keys.search],
    ...goes.map(({ key, label }): [string[], string] => [["g", key], t.layout.keys.go(label)]),
    [["/"], t.layout.keys.filter],
    [["?"], t.layout.keys.help],
    [["Esc"], t.layout.keys.close],
  ];
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.layout.keys.title}
      foot={<Button onClick={onClose}>{t.ui.close}</Button>}
    >
      <dl className="facts">
        {rows.map(([keys, what]) => (
          <Fragment key={what}>
            <dt className="row gap-1">
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  );
}
