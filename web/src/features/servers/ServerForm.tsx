import type { UseFormReturn } from "react-hook-form";

import { api } from "../../api/client";
import type { Problem } from "../../api/errors";
import { t } from "../../locales";
import { Choice } from "../../ui/Choice";
import { Copy } from "../../ui/Copy";
import { Section } from "../../ui/Facts";
import { Input, PasswordInput, Textarea } from "../../ui/Field";
import type { How, ServerFields } from "./serverForm";

const words = t.manage.form;

/** The fields that show their own errors. */
export const ownErrors = [
  "name",
  "host",
  "port",
  "username",
  "auth",
  "password",
  "private_key",
  "passphrase",
  "tags",
  "group",
  "notes",
  "poll_seconds",
  "snapshot_minutes",
];

interface PartProps {
  form: UseFormReturn<ServerFields>;
  problem: Problem | undefined;
}

/** Where the machine is, and as whom to sign in. */
export function Where({ form: { register }, problem, fresh }: PartProps & { fresh: boolean }) {
  return (
    <div className="grid gap-4">
      <div className="grid grid-cols-[minmax(0,1fr)_7rem] items-start gap-4">
        <Input
          label={words.host}
          help={words.hostHelp}
          placeholder={words.hostExample}
          error={problem?.field("host")}
          autoFocus={fresh}
          autoCapitalize="none"
          spellCheck={false}
          required
          {...register("host")}
        />
        <Input
          type="number"
          min={1}
          max={65_535}
          label={words.port}
          error={problem?.field("port")}
          required
          {...register("port", { valueAsNumber: true })}
        />
      </div>
      <div className="pair">
        <Input
          label={words.user}
          help={words.userHelp}
          placeholder={words.userExample}
          error={problem?.field("username")}
          autoCapitalize="none"
          spellCheck={false}
          required
          {...register("username")}
        />
        <Input
          label={words.name}
          {...(fresh && { help: words.nameHelp })}
          error={problem?.field("name")}
          maxLength={64}
          required={!fresh}
          {...register("name")}
        />
      </div>
    </div>
  );
}

function OwnKey() {
  const key = api.useQuery("get", "/api/v1/servers/public-key").data;
  if (!key) return null;
  const command = `mkdir -p ~/.ssh && echo '${key.authorized_keys_line}' >> ~/.ssh/authorized_keys`;
  return (
    <div className="grid gap-2">
      <p className="text-muted">{words.ownLead}</p>
      <div className="flex items-start gap-2 rounded-md border border-line-strong py-2 pr-2 pl-3">
        <code className="min-w-0 flex-1 break-all" aria-label={words.ownLine}>
          {key.authorized_keys_line}
        </code>
        <Copy text={key.authorized_keys_line} label={words.copyLine} />
      </div>
      <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
        {words.ownCommand}
        <Copy wide text={command} label={words.copyCommand} />
      </p>
    </div>
  );
}

/** How to sign in, with what that needs. */
export function SignIn({ form, problem, fresh }: PartProps & { fresh: boolean }) {
  const { register, setValue, watch } = form;
  const how = watch("how");
  const choices: How[] = fresh ? ["own", "password", "key"] : ["keep", "own", "password", "key"];
  const label = (each: How) => (each === "keep" ? t.manage.form.keep : words.auths[each]);
  return (
    <div className="grid gap-4">
      <Choice
        label={words.signIn}
        value={how}
        onChange={(next) => setValue("how", next, { shouldDirty: true })}
        options={choices.map((value) => ({ value, label: label(value) }))}
      />
      {how === "own" && <OwnKey />}
      {how === "password" && (
        <PasswordInput
          label={words.password}
          error={problem?.field("password")}
          autoComplete="off"
          required
          {...register("password")}
        />
      )}
      {how === "key" && (
        <>
          <Textarea
            mono
            rows={5}
            label={words.privateKey}
            help={words.privateKeyHelp}
            error={problem?.field("private_key")}
            placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
            required
            {...register("private_key")}
          />
          <PasswordInput
            label={words.passphrase}
            help={words.passphraseHelp}
            error={problem?.field("passphrase")}
            autoComplete="off"
            {...register("passphrase")}
          />
        </>
      )}
    </div>
  );
}

const optionalNumber = {
  setValueAs: (text: unknown) => (text === "" || text == null ? undefined : Number(text)),
};
const unit = (text: string) => <span className="text-faint">{text}</span>;

/** What helps to find it again, and how often it is asked. */
export function Sorting({ form: { register }, problem, fresh }: PartProps & { fresh: boolean }) {
  const usual = fresh ? words.usual : undefined;
  return (
    <Section title={words.sorting}>
      <div className="grid gap-4">
        <div className="pair">
          <Input
            label={words.tags}
            help={words.tagsHelp}
            error={problem?.field("tags")}
            autoComplete="off"
            {...register("tags")}
          />
          <Input
            label={words.group}
            help={words.groupHelp}
            error={problem?.field("group")}
            maxLength={64}
            {...register("group")}
          />
        </div>
        <div className="pair">
          <Input
            type="number"
            min={1}
            max={86_400}
            label={words.poll}
            help={usual}
            end={unit(t.settings.units.s)}
            error={problem?.field("poll_seconds")}
            {...register("poll_seconds", optionalNumber)}
          />
          <Input
            type="number"
            min={1}
            max={10_080}
            label={words.snapshot}
            help={usual}
            end={unit(t.settings.units.min)}
            error={problem?.field("snapshot_minutes")}
            {...register("snapshot_minutes", optionalNumber)}
          />
        </div>
        <Textarea
          rows={2}
          label={words.notes}
          error={problem?.field("notes")}
          maxLength={4096}
          {...register("notes")}
        />
      </div>
    </Section>
  );
}
