import { useState } from "react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import type { components } from "../../api/schema";
import { FormDialog } from "../../layout/FormDialog";
import { t } from "../../locales";
import { Copy } from "../../ui/Copy";
import { Input } from "../../ui/Field";

const words = t.factors.totp;

interface TotpDialogProps {
  enrolment: components["schemas"]["Enrolment"];
  /** The app is in force; these are the codes for who loses it. */
  onDone: (codes: readonly string[]) => void;
  onClose: () => void;
}

/** Shows an authenticator app the secret, and asks for a first code of it. */
export function TotpDialog({ enrolment, onDone, onClose }: TotpDialogProps) {
  const [code, setCode] = useState("");
  const confirm = api.useMutation("post", "/api/v1/auth/totp/confirm", {
    onSuccess: ({ recovery_codes: codes }) => onDone(codes),
    onError: () => setCode(""),
  });
  const problem = confirm.error ? toProblem(confirm.error) : undefined;
  const secret = enrolment.secret.replaceAll(/(.{4})(?=.)/g, "$1 ");
  return (
    <FormDialog
      title={words.setUpTitle}
      lead={words.scan}
      submit={words.confirm}
      busy={confirm.isPending}
      error={confirm.error}
      fields={["code"]}
      onSubmit={() => confirm.mutate({ body: { code } })}
      onClose={onClose}
    >
      <img
        className="mx-auto size-48 rounded-md border border-line"
        src={`data:image/png;base64,${enrolment.qr_png}`}
        alt={words.picture}
      />
      <div className="field">
        <span className="label">{words.secret}</span>
        <div className="row items-start">
          <code className="flex-1 break-words">{secret}</code>
          <Copy text={enrolment.secret} label={words.copySecret} />
        </div>
      </div>
      <Input
        mono
        autoFocus
        required
        label={words.code}
        help={words.codeHelp}
        error={problem?.field("code")}
        value={code}
        onChange={(event) => setCode(event.target.value.replaceAll(/\D/g, "").slice(0, 6))}
        autoComplete="one-time-code"
        inputMode="numeric"
        minLength={6}
      />
    </FormDialog>
  );
}
