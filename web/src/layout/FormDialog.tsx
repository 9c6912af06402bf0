import clsx from "clsx";
import type { ReactNode } from "react";

import { t } from "../locales";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { FormProblem } from "./FormProblem";

interface FormDialogProps {
  title: string;
  lead?: string | undefined;
  /** Verb and thing: "Add threshold". */
  submit: string;
  busy: boolean;
  error: unknown;
  /** The fields that show their own errors. */
  fields?: readonly string[];
  onSubmit: () => void;
  /** Closes it, and shows what the thing is now. */
  onReload?: () => void;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}

/** A form in a dialog: fields, what went wrong, Cancel and the one button. */
export function FormDialog(props: FormDialogProps) {
  const {
    title,
    lead,
    submit,
    busy,
    error,
    fields,
    onSubmit,
    onReload,
    onClose,
    wide = false,
    children,
  } = props;
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={onSubmit}
      wide={wide}
      title={title}
      lead={lead}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {submit}
          </Button>
        </>
      }
    >
      <div className={clsx("form", wide && "max-w-none")}>
        {children}
        <FormProblem error={error} fields={fields} onReload={onReload} />
      </div>
    </Dialog>
  );
}
