import type { UseFormReturn } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { useMe } from "../../api/may";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { Checkbox, Input, Textarea } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { useEdit } from "../../ui/useEdit";
import type { SystemSettings } from "./types";

const fields = [
  "public_url",
  "public_names",
  "trusted_proxies",
  "allowed_networks",
  "heartbeat_url",
  "heartbeat_seconds",
  "update_url",
  "audit_retention_days",
];

interface Form {
  public_url: string;
  public_names: string;
  trusted_proxies: string;
  allowed_networks: string;
  heartbeat_url: string;
  heartbeat_seconds: number;
  update_url: string;
  audit_retention_days: number;
  mdns: boolean;
  multi_tenancy: boolean;
  password_sign_in: boolean;
}

const lines = (text: string) =>
  text
    .split(/[\s,]+/)
    .map((line) => line.trim())
    .filter(Boolean);

const toForm = (now: SystemSettings): Form => ({
  public_url: now.public_url,
  public_names: now.public_names.join("\n"),
  trusted_proxies: now.trusted_proxies.join("\n"),
  allowed_networks: now.allowed_networks.join("\n"),
  heartbeat_url: now.heartbeat_url,
  heartbeat_seconds: now.heartbeat_seconds,
  update_url: now.update_url,
  audit_retention_days: now.audit_retention_days,
  mdns: now.mdns,
  multi_tenancy: now.multi_tenancy,
  password_sign_in: now.password_sign_in,
});

const words = t.settings.appliance;

function Fields({
  form: { register },
  problem,
}: {
  form: UseFormReturn<Form>;
  problem: Problem | undefined;
}) {
  return (
    <>
      <Input
        type="url"
        label={words.url}
        help={words.urlHelp}
        placeholder="https://unity.example.org"
        error={problem?.field("public_url")}
        {...register("public_url")}
      />
      <Textarea
        mono
        rows={2}
        label={words.names}
        help={words.namesHelp}
        error={problem?.field("public_names")}
        {...register("public_names")}
      />
      <Checkbox label={words.mdns} help={words.mdnsHelp} {...register("mdns")} />
      <Textarea
        mono
        rows={2}
        label={words.proxies}
        help={words.proxiesHelp}
        error={problem?.field("trusted_proxies")}
        {...register("trusted_proxies")}
      />
    </>
  );
}

/** What is asked outside, and how long the audit is kept. */
function Kept({ form: { register }, problem }: { form: UseFormReturn<Form>; problem: Problem | undefined }) {
  return (
    <>
      <Input
        type="url"
        label={words.heartbeat}
        help={words.heartbeatHelp}
        error={problem?.field("heartbeat_url")}
        {...register("heartbeat_url")}
      />
      <Input
        type="number"
        min={10}
        max={86_400}
        label={words.heartbeatEvery}
        end={<span className="text-faint">{t.settings.units.s}</span>}
        error={problem?.field("heartbeat_seconds")}
        required
        {...register("heartbeat_seconds", { valueAsNumber: true })}
      />
      <Input
        type="url"
        label={words.updates}
        help={words.updatesHelp}
        error={problem?.field("update_url")}
        {...register("update_url")}
      />
      <Input
        type="number"
        min={0}
        max={36_500}
        label={words.audit}
        help={words.auditHelp}
        end={<span className="text-faint">{t.settings.units.days}</span>}
        error={problem?.field("audit_retention_days")}
        required
        {...register("audit_retention_days", { valueAsNumber: true })}
      />
    </>
  );
}

/** Whether tenants share the appliance, and whether passwords open it. */
function Shared({
  form: { register, watch },
  settings,
  problem,
}: {
  form: UseFormReturn<Form>;
  settings: SystemSettings;
  problem: Problem | undefined;
}) {
  const on = useMe()?.multi_tenancy ?? false;
  const flag = on && !settings.multi_tenancy; // of the command line, which wins
  return (
    <>
      <Checkbox
        label={words.many}
        help={flag ? words.manyFlag : words.manyHelp}
        disabled={flag}
        {...(flag ? { checked: true, readOnly: true } : register("multi_tenancy"))}
      />
      {settings.multi_tenancy && !watch("multi_tenancy") && (
        <Banner look="warning" title={words.manyOff}>
          {words.manyOffBody}
        </Banner>
      )}
      {on && (
        <Textarea
          mono
          rows={2}
          label={words.allowed}
          help={words.allowedHelp}
          error={problem?.field("allowed_networks")}
          {...register("allowed_networks")}
        />
      )}
      <Checkbox label={words.passwords} help={words.passwordsHelp} {...register("password_sign_in")} />
    </>
  );
}

/** How the appliance is reached, and who watches it. Only for its administrators. */
export function ApplianceForm({ settings }: { settings: SystemSettings }) {
  const { form, base, load } = useEdit<SystemSettings, Form>(settings, toForm);
  const { handleSubmit, formState } = form;
  const save = api.useMutation("patch", "/api/v1/system/settings", {
    onSuccess: (now) => {
      load(now);
      toast({ title: words.saved });
      return Promise.all([refresh("system"), refresh("auth/me")]);
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = handleSubmit((text) =>
    save.mutate({
      params: { header: ifMatch(base.rev) },
      body: {
        ...text,
        public_names: lines(text.public_names),
        trusted_proxies: lines(text.trusted_proxies),
        allowed_networks: lines(text.allowed_networks),
      },
    }),
  );
  return (
    <Section title={words.title}>
      <form className="form" onSubmit={(event) => void submit(event)}>
        <Fields form={form} problem={problem} />
        <Kept form={form} problem={problem} />
        <Shared form={form} settings={settings} problem={problem} />
        <FormProblem
          error={save.error}
          fields={fields}
          onReload={() => {
            save.reset();
            form.reset();
            void refresh("system");
          }}
        />
        <div>
          <Button type="submit" kind={formState.isDirty ? "primary" : "default"} busy={save.isPending}>
            {words.save}
          </Button>
        </div>
      </form>
    </Section>
  );
}
