import clsx from "clsx";
import { Dialog as Radix } from "radix-ui";
import { type FormEvent, type ReactNode, useRef, useState } from "react";

import { t } from "../locales";
import { Button } from "./Button";
import { Input } from "./Field";

/** What has the keyboard: the button of a menu rather than the item in it, which is about to go. */
function keyboard(): Element | null {
  const active = document.activeElement;
  const button = active?.closest("[role=menu]")?.getAttribute("aria-labelledby");
  return button ? document.getElementById(button) : active;
}

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** One sentence under the title. */
  lead?: ReactNode;
  children?: ReactNode;
  /** The buttons, the safe one first. */
  foot?: ReactNode;
  wide?: boolean;
  /** Makes body and foot one form. */
  onSubmit?: (() => void) | undefined;
}

/** A question over the page. Escape and a press beside it close it. */
export function Dialog({ open, onClose, title, lead, children, foot, wide, onSubmit }: DialogProps) {
  const inside = (
    <>
      <div className="body">
        <Radix.Title>{title}</Radix.Title>
        {lead && <Radix.Description className="text-muted">{lead}</Radix.Description>}
        {children}
      </div>
      {foot && <div className="foot">{foot}</div>}
    </>
  );
  const before = useRef<Element>(null); // what had the keyboard before, and gets it back
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    onSubmit?.();
  };
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim">
          <Radix.Content
            asChild={Boolean(onSubmit)}
            className={clsx("dialog", wide && "wide")}
            onOpenAutoFocus={() => {
              before.current = keyboard();
            }}
            onCloseAutoFocus={(event) => {
              event.preventDefault();
              if (before.current instanceof HTMLElement) before.current.focus();
            }}
            {...(!lead && { "aria-describedby": undefined })}
          >
            {onSubmit ? <form onSubmit={submit}>{inside}</form> : inside}
          </Radix.Content>
        </Radix.Overlay>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  onConfirm: () => void;
  /** A question that names the thing: "Delete pve-02?" */
  title: string;
  /** What it does and what it leaves alone. */
  lead: ReactNode;
  /** Verb and thing: "Delete pve-02". */
  action: string;
  /** Has to be typed before the button works. */
  typed?: string | undefined;
  busy?: boolean | undefined;
  /** What will be touched; and what went wrong, after a try. */
  children?: ReactNode;
}

/** Asks before something that cannot be undone. */
export function Confirm({
  open,
  onClose,
  onConfirm,
  title,
  lead,
  action,
  typed,
  busy,
  children,
}: ConfirmProps) {
  const [text, setText] = useState("");
  const close = () => {
    setText("");
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      lead={lead}
      onSubmit={() => (typed === undefined || text === typed) && !busy && onConfirm()}
      foot={
        <>
          <Button onClick={close}>{t.ui.keep}</Button>
          <Button kind="danger" type="submit" busy={busy} disabled={typed !== undefined && text !== typed}>
            {action}
          </Button>
        </>
      }
    >
      {children}
      {typed !== undefined && (
        <Input
          label={
            <>
              {t.ui.typeToConfirm(typed)[0]}
              <code>{typed}</code>
              {t.ui.typeToConfirm(typed)[2]}
            </>
          }
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
    </Dialog>
  );
}
