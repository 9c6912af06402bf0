import type { UseFormReturn } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { useMay } from "../../api/may";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { Checkbox, Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { useEdit } from "../../ui/useEdit";
import type { Settings } from "./types";

const gib = 1024 ** 3;
const zones = Intl.supportedValuesOf("timeZone");
const fields = [
  "poll_seconds",
  "snapshot_minutes",
  "raw_retention_days",
  "raw_retention_bytes",
  "audit_retention_days",
  "time_zone",
];

interface Form {
  poll_seconds: number;
  snapshot_minutes: number;
  raw_retention_days: number;
  gib: number;
  audit_retention_days: number;
  time_zone: string;
  require_second_factor: boolean;
}

const toForm = ({ raw_retention_bytes, ...rest }: Settings): Form => ({
  poll_seconds: rest.poll_seconds,
  snapshot_minutes: rest.snapshot_minutes,
  raw_retention_days: rest.raw_retention_days,
  audit_retention_days: rest.audit_retention_days,
  time_zone: rest.time_zone,
  require_second_factor: rest.require_second_factor,
  gib: Math.round((raw_retention_bytes / gib) * 100) / 100,
});

const unit = (text: string) => <span className="text-faint">{text}</span>;

const words = t.settings.monitoring;
const number = { valueAsNumber: true, required: true } as const;

interface PartProps {
  form: UseFormReturn<Form>;
  problem: Problem | undefined;
}

function Often({ form: { register }, problem }: PartProps) {
  return (
    <div className="pair">
      <Input
        type="number"
        min={1}
        max={86_400}
        label={words.poll}
        help={words.pollHelp}
        end={unit(t.settings.units.s)}
        error={problem?.field("poll_seconds")}
        required
        {...register("poll_seconds", number)}
      />
      <Input
        type="number"
        min={1}
        max={10_080}
        label={words.snapshot}
        help={words.snapshotHelp}
        end={unit(t.settings.units.min)}
        error={problem?.field("snapshot_minutes")}
        required
        {...register("snapshot_minutes", number)}
      />
    </div>
  );
}

function Kept({ form: { register }, problem }: PartProps) {
  return (
    <>
      <div className="pair">
        <Input
          type="number"
          min={1}
          max={3650}
          label={words.days}
          end={unit(t.settings.units.days)}
          error={problem?.field("raw_retention_days")}
          required
          {...register("raw_retention_days", number)}
        />
        <Input
          type="number"
          min={0.02}
          step="any"
          label={words.bytes}
          help={words.bytesHelp}
          end={unit(t.settings.units.gib)}
          error={problem?.field("raw_retention_bytes")}
          required
          {...register("gib", number)}
        />
      </div>
      <Input
        type="number"
        min={0}
        max={36_500}
        label={words.audit}
        help={words.auditHelp}
        end={unit(t.settings.units.days)}
        error={problem?.field("audit_retention_days")}
        required
        {...register("audit_retention_days", number)}
      />
      <Input
        list="zones"
        label={words.zone}
        help={words.zoneHelp}
        error={problem?.field("time_zone")}
        placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone}
        autoComplete="off"
        {...register("time_zone")}
      />
      <datalist id="zones">
        {zones.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}

/** How often servers are asked, and how long what they say is kept. */
export function Monitoring({ settings }: { settings: Settings }) {
  const may = useMay("settings.write");
  const { form, base, load } = useEdit<Settings, Form>(settings, toForm);
  const { handleSubmit, formState } = form;
  const save = api.useMutation("patch", "/api/v1/settings", {
    onSuccess: (now) => {
      load(now);
      toast({ title: words.saved });
      return refresh("settings");
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = handleSubmit(({ gib: size, ...rest }) =>
    save.mutate({
      params: { header: ifMatch(base.rev) },
      body: { ...rest, raw_retention_bytes: Math.round(size * gib) },
    }),
  );
  return (
    <Section title={words.title}>
      <form className="form" onSubmit={(event) => void submit(event)}>
        <Often form={form} problem={problem} />
        <Kept form={form} problem={problem} />
        <Checkbox label={words.factor} help={words.factorHelp} {...form.register("require_second_factor")} />
        <FormProblem
          error={save.error}
          fields={fields}
          onReload={() => {
            save.reset();
            form.reset();
            void refresh("settings");
          }}
        />
        <div>
          <Button
            type="submit"
            kind={formState.isDirty ? "primary" : "default"}
            busy={save.isPending}
            disabled={!may}
          >
            {words.save}
          </Button>
        </div>
      </form>
    </Section>
  );
}
