import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { exportTenant, type Recipient } from "../api/transfer";
import { tenants as tenantsWords } from "../locales/tenants";
import { Choice } from "../ui/Choice";
import { PasswordInput, Textarea } from "../ui/Field";
import { toast } from "../ui/Toast";
import { FormDialog } from "./FormDialog";

const words = tenantsWords.export;
const shortest = 12;

/** What opens the file: a passphrase, or the key of somebody. */
export type Opener = "passphrase" | "key";

/** The two ways to open a file, as a choice. */
export const openers = [
  { value: "passphrase", label: words.passphrase },
  { value: "key", label: words.key },
] as const;

interface ExportTenantProps {
  id: string;
  name: string;
  onClose: () => void;
}

/** Asks who may open it, and has the browser keep all of a tenant as one encrypted file. */
export function ExportTenant({ id, name, onClose }: ExportTenantProps) {
  const [by, setBy] = useState<Opener>("passphrase");
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [keys, setKeys] = useState("");
  const [tried, setTried] = useState(false);
  const save = useMutation({
    mutationFn: (to: Recipient) => exportTenant(id, to),
    onSuccess: (file) => {
      toast({ title: words.done(file) });
      onClose();
    },
  });
  const short = [...passphrase].length < shortest ? words.short : undefined;
  const unequal = passphrase !== again ? words.unequal : undefined;
  const submit = () => {
    setTried(true);
    if (by === "key") {
      const recipients = keys.split(/\s+/).filter(Boolean);
      if (recipients.length > 0) save.mutate({ recipients });
    } else if (!short && !unequal) save.mutate({ passphrase });
  };
  return (
    <FormDialog
      title={words.title(name)}
      lead={words.lead}
      submit={words.submit}
      busy={save.isPending}
      error={save.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Choice label={words.opens} value={by} options={openers} onChange={setBy} />
      {by === "key" ? (
        <Textarea
          mono
          rows={3}
          label={words.recipients}
          help={words.recipientsHelp}
          value={keys}
          onChange={(event) => setKeys(event.target.value)}
          placeholder="age1…"
          required
        />
      ) : (
        <>
          <PasswordInput
            label={words.passphrase}
            help={words.passphraseHelp}
            error={tried ? short : undefined}
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
            autoComplete="new-password"
            required
          />
          <PasswordInput
            label={words.again}
            error={tried && !short ? unequal : undefined}
            value={again}
            onChange={(event) => setAgain(event.target.value)}
            autoComplete="new-password"
            required
          />
        </>
      )}
    </FormDialog>
  );
}
