import "../../ui/file.css";

import { useMutation } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { refresh } from "../../api/list";
import { upload } from "../../api/transfer";
import { type Opener, openers } from "../../layout/ExportTenant";
import { FormDialog } from "../../layout/FormDialog";
import { tenants as tenantsWords } from "../../locales/tenants";
import { paths } from "../../paths";
import { Choice } from "../../ui/Choice";
import { Input, PasswordInput, Textarea } from "../../ui/Field";

const words = tenantsWords.import;

interface SecretProps {
  by: Opener;
  value: string;
  onChange: (value: string) => void;
}

function Secret({ by, value, onChange }: SecretProps) {
  if (by === "passphrase") {
    return (
      <PasswordInput
        label={tenantsWords.export.passphrase}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        autoComplete="off"
        required
      />
    );
  }
  return (
    <Textarea
      mono
      rows={3}
      label={words.identity}
      help={words.identityHelp}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      placeholder="AGE-SECRET-KEY-1…"
      required
    />
  );
}

/** Makes a tenant of a file that another appliance exported, and leads to the job that does it. */
export function ImportTenant({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const [by, setBy] = useState<Opener>("passphrase");
  const [file, setFile] = useState<File>();
  const [secret, setSecret] = useState("");
  const [as, setAs] = useState("");
  const send = useMutation({
    mutationFn: (form: FormData) => upload("/api/v1/tenants/import", form),
    onSuccess: async (job) => {
      onClose();
      void refresh("tenants");
      await router.navigate({ href: paths.job(job.id, { scope: "system" }) });
    },
  });
  const submit = () => {
    if (!file) return;
    const form = new FormData();
    if (as.trim()) form.set("as", as.trim());
    form.set(by === "key" ? "identity" : "passphrase", secret);
    form.set("file", file); // the last field, so that what opens it is known before
    send.mutate(form);
  };
  return (
    <FormDialog
      title={words.title}
      lead={words.lead}
      submit={send.isPending ? words.sending : words.submit}
      busy={send.isPending}
      error={send.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Input
        type="file"
        label={words.file}
        accept=".age"
        onChange={(event) => setFile(event.target.files?.[0])}
        required
      />
      <Choice
        label={words.opens}
        value={by}
        options={openers}
        onChange={(next) => {
          setBy(next);
          setSecret("");
        }}
      />
      <Secret by={by} value={secret} onChange={setSecret} />
      <Input
        mono
        label={words.as}
        help={words.asHelp}
        value={as}
        onChange={(event) => setAs(event.target.value)}
        maxLength={49}
        pattern="[a-z0-9][a-z0-9\-]*"
      />
    </FormDialog>
  );
}
