import { useForm, type UseFormReturn } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { Metric, Threshold } from "../../api/types";
import { FormDialog } from "../../layout/FormDialog";
import { isEvent, unitOf } from "../../layout/threshold";
import { t } from "../../locales";
import { Choice } from "../../ui/Choice";
import { Checkbox, Input, Select } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import {
  blank,
  other,
  type ThresholdFields,
  toChange,
  toDraft,
  toEventChange,
  toFields,
} from "./thresholdForm";

const words = t.thresholds;
const conditions = ["gt", "gte", "lt", "lte", "eq", "ne"] as const;
const severities = ["info", "warning", "critical"] as const;
const fields = [
  "name",
  "metric",
  "condition",
  "value",
  "clear_value",
  "for_seconds",
  "severity",
  "tag",
  "server_id",
  "channel_ids",
];

interface PartProps {
  form: UseFormReturn<ThresholdFields>;
  problem: Problem | undefined;
}

const optionalNumber = {
  setValueAs: (text: unknown) => (text === "" || text == null ? undefined : Number(text)),
};

function For({ form: { register }, problem }: PartProps) {
  return (
    <Input
      type="number"
      min={0}
      max={604_800}
      label={words.forLabel}
      help={words.forHelp}
      end={<span className="text-faint">{words.seconds}</span>}
      error={problem?.field("for_seconds")}
      required
      {...register("for_seconds", { valueAsNumber: true })}
    />
  );
}

function MetricSelect({ form, problem, metrics }: PartProps & { metrics: readonly Metric[] }) {
  // Another metric has other limits; a value that was typed stays.
  const suggest = (metric: string) => {
    const example = metrics.find((each) => each.metric === metric)?.example;
    if (example !== undefined && !form.formState.dirtyFields.value) form.setValue("value", example);
  };
  return (
    <Select
      label={words.metric}
      error={problem?.field("metric")}
      {...form.register("metric", {
        onChange: (event: { target: { value: string } }) => suggest(event.target.value),
      })}
    >
      {metrics.map((each) => (
        <option key={each.metric} value={each.metric}>
          {each.title}
          {each.unit && `, ${each.unit}`}
        </option>
      ))}
      <option value={other}>{words.metricOther}</option>
    </Select>
  );
}

function Rule({ form, problem, metrics }: PartProps & { metrics: readonly Metric[] }) {
  const { register, watch } = form;
  const metric = watch("metric");
  const unit = (
    <span className="text-faint">{unitOf(metric === other ? watch("other") : metric, metrics)}</span>
  );
  return (
    <>
      <MetricSelect form={form} problem={problem} metrics={metrics} />
      {metric === other && (
        <Input
          mono
          label={words.metricName}
          help={words.metricHelp}
          error={problem?.field("metric")}
          required
          {...register("other")}
        />
      )}
      <div className="pair">
        <Select label={words.condition} error={problem?.field("condition")} {...register("condition")}>
          {conditions.map((each) => (
            <option key={each} value={each}>
              {words.conditions[each]}
            </option>
          ))}
        </Select>
        <Input
          type="number"
          step="any"
          label={words.value}
          end={unit}
          error={problem?.field("value")}
          required
          {...register("value", { valueAsNumber: true })}
        />
      </div>
      <div className="pair">
        <For form={form} problem={problem} />
        <Input
          type="number"
          step="any"
          label={words.clear}
          help={words.clearHelp}
          end={unit}
          error={problem?.field("clear_value")}
          {...register("clear", optionalNumber)}
        />
      </div>
    </>
  );
}

function Scope({ form, problem }: PartProps) {
  const { register, watch, setValue } = form;
  const scope = watch("scope");
  const servers =
    api.useQuery("get", "/api/v1/servers", { params: { query: { limit: 200, sort: "name" } } }).data?.items ??
    [];
  const tags = api.useQuery("get", "/api/v1/servers/tags").data?.items ?? [];
  return (
    <>
      <Choice
        label={words.scope}
        value={scope}
        onChange={(next) => setValue("scope", next, { shouldDirty: true })}
        options={(["all", "tag", "server"] as const).map((value) => ({ value, label: words.scopes[value] }))}
      />
      {scope === "tag" && (
        <>
          <Input
            list="threshold-tags"
            label={words.tag}
            error={problem?.field("tag")}
            required
            {...register("tag")}
          />
          <datalist id="threshold-tags">
            {tags.map((each) => (
              <option key={each.tag} value={each.tag} />
            ))}
          </datalist>
        </>
      )}
      {scope === "server" && (
        <Select label={words.server} error={problem?.field("server_id")} required {...register("server")}>
          <option value="">{words.chooseServer}</option>
          {servers.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </Select>
      )}
    </>
  );
}

function Tell({ form }: PartProps) {
  const { register, watch, setValue } = form;
  const channels =
    api.useQuery("get", "/api/v1/channels", { params: { query: { limit: 200 } } }).data?.items ?? [];
  if (channels.length === 0) return <p className="text-sm text-muted">{words.noChannels}</p>;
  return (
    <>
      <Choice
        label={words.channels}
        value={watch("told")}
        onChange={(next) => setValue("told", next, { shouldDirty: true })}
        options={[
          { value: "every", label: words.everyChannel },
          { value: "some", label: words.someChannels },
        ]}
      />
      {watch("told") === "some" && (
        <div className="grid gap-2">
          {channels.map((each) => (
            <Checkbox key={each.id} label={each.name} value={each.id} {...register("channels")} />
          ))}
        </div>
      )}
    </>
  );
}

interface DialogProps {
  /** Undefined: a new one. */
  threshold: Threshold | undefined;
  metrics: readonly Metric[];
  onClose: () => void;
}

function useSave(threshold: Threshold | undefined, onClose: () => void) {
  const done = (title: string) => {
    toast({ title });
    void refresh("thresholds");
    onClose();
  };
  const create = api.useMutation("post", "/api/v1/thresholds", {
    onSuccess: (v) => done(words.created(v.name)),
  });
  const update = api.useMutation("patch", "/api/v1/thresholds/{id}", {
    onSuccess: (v) => done(words.saved(v.name)),
  });
  const save = (values: ThresholdFields) => {
    if (!threshold) return create.mutate({ body: toDraft(values) });
    update.mutate({
      params: { path: { id: threshold.id }, header: ifMatch(threshold.rev) },
      body: isEvent(threshold.metric) ? toEventChange(values) : toChange(values),
    });
  };
  return { save, busy: create.isPending || update.isPending, error: create.error ?? update.error };
}

/** Makes a threshold, or changes one. What happens by itself has no value to choose. */
export function ThresholdDialog({ threshold, metrics, onClose }: DialogProps) {
  const known = metrics.map((each) => each.metric);
  const form = useForm<ThresholdFields>({ defaultValues: threshold ? toFields(threshold, known) : blank });
  const { save, busy, error } = useSave(threshold, onClose);
  const problem = error ? toProblem(error) : undefined;
  const event = threshold && isEvent(threshold.metric) ? threshold.metric : undefined;
  const { register, setValue, watch, handleSubmit } = form;
  return (
    <FormDialog
      title={threshold ? words.editTitle(threshold.name) : words.addTitle}
      lead={event && words.events[event]}
      submit={threshold ? words.save : words.create}
      busy={busy}
      error={error}
      fields={fields}
      onSubmit={() => void handleSubmit(save)()}
      onReload={() => {
        void refresh("thresholds");
        onClose();
      }}
      onClose={onClose}
    >
      <Input
        label={words.name}
        error={problem?.field("name")}
        maxLength={100}
        required
        {...register("name")}
      />
      {event ? (
        <For form={form} problem={problem} />
      ) : (
        <Rule form={form} problem={problem} metrics={metrics} />
      )}
      <Choice
        label={words.severity}
        value={watch("severity")}
        onChange={(next) => setValue("severity", next, { shouldDirty: true })}
        options={severities.map((value) => ({ value, label: t.alerts.severities[value] }))}
      />
      {!event && <Scope form={form} problem={problem} />}
      <Tell form={form} problem={problem} />
    </FormDialog>
  );
}
