import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { t } from "../../locales";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { agentName } from "./agent";
import type { Passkey } from "./factors";
import { addPasskey, renamePasskey } from "./passkeys";

const words = t.factors.passkeys;

interface PasskeyDialogProps {
  /** Undefined: a new one. */
  passkey: Passkey | undefined;
  onClose: () => void;
}

/** Makes a passkey, or gives one another name. */
export function PasskeyDialog({ passkey, onClose }: PasskeyDialogProps) {
  const [name, setName] = useState(passkey?.name ?? agentName(navigator.userAgent));
  const save = useMutation({
    mutationFn: () => (passkey ? renamePasskey(passkey.id, name.trim()) : addPasskey(name.trim())),
    onSuccess: () => {
      toast({ title: passkey ? words.renamed : words.added, body: name.trim() });
      onClose();
      return refresh("auth");
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  return (
    <FormDialog
      title={passkey ? words.renameTitle(passkey.name) : words.addTitle}
      lead={passkey ? undefined : words.addLead}
      submit={passkey ? words.rename : words.add}
      busy={save.isPending}
      error={save.error}
      fields={["name"]}
      onSubmit={() => !save.isPending && save.mutate()}
      onClose={onClose}
    >
      <Input
        autoFocus
        required
        label={words.nameLabel}
        help={words.nameHelp}
        error={problem?.field("name")}
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  );
}
