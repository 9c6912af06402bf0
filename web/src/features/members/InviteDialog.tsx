import { useState } from "react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { LinkDialog } from "../../layout/LinkDialog";
import { beyond, RoleFields } from "../../layout/RoleFields";
import type { Role } from "../../layout/roles";
import { t } from "../../locales";
import { Choice } from "../../ui/Choice";
import { Input } from "../../ui/Field";

const words = t.invitations;
const days = ["1", "7", "30"] as const;
const day = 86_400_000;

interface InviteDialogProps {
  grantable: readonly string[];
  onClose: () => void;
}

/** Makes an invitation, and shows its link. */
export function InviteDialog({ grantable, onClose }: InviteDialogProps) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [grants, setGrants] = useState<readonly string[]>([]);
  const [span, setSpan] = useState<(typeof days)[number]>("7");
  const invite = api.useMutation("post", "/api/v1/invitations", { onSuccess: () => refresh("invitations") });
  const made = invite.data;
  if (made) return <LinkDialog title={words.made} link={made} email={email.trim()} onClose={onClose} />;
  const submit = () =>
    invite.mutate({
      body: {
        ...(email.trim() && { email: email.trim() }),
        role,
        grants: beyond(role, grants),
        expires_at: new Date(Date.now() + Number(span) * day).toISOString(),
      },
    });
  const problem = invite.error ? toProblem(invite.error) : undefined;
  return (
    <FormDialog
      title={words.dialog}
      submit={words.create}
      busy={invite.isPending}
      error={invite.error}
      fields={["email"]}
      onSubmit={submit}
      onClose={onClose}
    >
      <Input
        type="email"
        label={words.email}
        help={words.emailHelp}
        error={problem?.field("email")}
        maxLength={254}
        autoComplete="off"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <RoleFields role={role} grants={grants} grantable={grantable} onRole={setRole} onGrants={setGrants} />
      <Choice
        label={words.days}
        value={span}
        onChange={setSpan}
        options={days.map((value) => ({ value, label: words.day(Number(value)) }))}
      />
    </FormDialog>
  );
}
