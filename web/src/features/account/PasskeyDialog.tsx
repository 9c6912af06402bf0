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
  /** It is done; the codes for who loses it come with the first one. */
  onDone: (codes: readonly string[]) => void;
  onClose: () => void;
}

/** Makes a passkey, or gives one another name. */
export function PasskeyDialog({ passkey, onDone, onClose }: PasskeyDialogProps) {
  const [name, setName] = useState(passkey?.name ?? agentName(navigator.userAgent));
  const save = useMutation({
    mutationFn: async () => {
      if (!passkey) return addPasskey(name.trim());
      await renamePasskey(passkey.id, name.trim());
      return [];
    },
    onSuccess: (codes: readonly string[]) => {
      toast({ title: passkey ? words.renamed : words.added, body: name.trim() });
      onDone(codes);
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
