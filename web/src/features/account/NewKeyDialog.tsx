import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import type { NewKey } from "./ApiKeyDialog";
import { example } from "./permissions";

const words = t.apiKeys;

function Text({ label, text, copy }: { label: string; text: string; copy: string }) {
  return (
    <div className="field">
      <span className="label">{label}</span>
      <div className="flex items-start gap-2 rounded-md border border-line-strong py-2 pr-2 pl-3">
        <code className="min-w-0 flex-1 break-all whitespace-pre-wrap">{text}</code>
        <Copy text={text} label={copy} />
      </div>
    </div>
  );
}

/** A new key, for the only time that it is seen. */
export function NewKeyDialog({ made, onClose }: { made: NewKey; onClose: () => void }) {
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={words.createdTitle}
      lead={words.createdLead}
      foot={
        <Button kind="primary" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <Text label={made.api_key.name} text={made.key} copy={words.copy} />
      <Text
        label={words.example}
        text={example(made.key, made.api_key.permissions)}
        copy={words.copyExample}
      />
    </Dialog>
  );
}
