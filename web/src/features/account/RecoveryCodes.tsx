import { Download } from "lucide-react";
import { useState } from "react";

import { t } from "../../locales";
import { Button, buttonClass } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { Checkbox } from "../../ui/Field";

const words = t.factors.codes;

interface RecoveryCodesProps {
  codes: readonly string[];
  username: string;
  onClose: () => void;
}

/** New recovery codes, for the only time that they are seen; closes once they are kept. */
export function RecoveryCodes({ codes, username, onClose }: RecoveryCodesProps) {
  const [kept, setKept] = useState(false);
  const text = codes.join("\n");
  const file = `${words.fileHead(username, location.origin)}\n\n${text}\n`;
  return (
    <Dialog
      open
      onClose={() => kept && onClose()}
      onSubmit={() => kept && onClose()}
      title={words.shownTitle}
      lead={words.shownLead}
      foot={
        <Button kind="primary" type="submit" disabled={!kept}>
          {words.done}
        </Button>
      }
    >
      <ul aria-label={words.name} className="grid grid-cols-2 gap-x-4 gap-y-2 py-1 max-md:grid-cols-1">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="row flex-wrap">
        <Copy wide text={text} label={words.copy} />
        <a
          className={buttonClass({ size: "small" })}
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(file)}`}
          download={words.fileName}
        >
          <Download className="icon" aria-hidden="true" />
          {words.download}
        </a>
      </div>
      <Checkbox label={words.kept} checked={kept} onChange={(event) => setKept(event.target.checked)} />
    </Dialog>
  );
}
