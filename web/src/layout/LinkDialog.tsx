import type { OneTimeLink } from "../api/types";
import { t } from "../locales";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { Dialog } from "../ui/Dialog";
import { Input } from "../ui/Field";
import { exact } from "../ui/format";
import { Mark } from "../ui/mark";

const words = t.link;

function Mailed({ link: { mailed, mail_problem }, email }: { link: OneTimeLink; email: string }) {
  if (mailed)
    return (
      <p className="help">
        <Mark shape="check" tone="ok" />
        {words.mailed(email)}
      </p>
    );
  if (!email) return <p className="help">{words.byHand}</p>;
  return (
    <p className="help">
      <Mark shape="triangle" tone="warn" />
      {mail_problem ? words.notMailed(mail_problem) : words.noMail}
    </p>
  );
}

interface LinkDialogProps {
  title: string;
  link: OneTimeLink;
  /** Whom it is for, if they have an address. */
  email: string;
  onClose: () => void;
}

/** A link that works once, shown once. */
export function LinkDialog({ title, link, email, onClose }: LinkDialogProps) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      lead={words.lead(exact(link.expires_at))}
      foot={
        <Button kind="primary" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <Input
        mono
        readOnly
        label={words.label}
        value={link.url}
        onFocus={(event) => event.target.select()}
        end={<Copy text={link.url} label={words.copy} />}
      />
      <Mailed link={link} email={email} />
    </Dialog>
  );
}
