import { useForm, type UseFormReturn } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { Metric, Threshold } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { isEvent, unitOf } from "../../layout/threshold";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Checkbox, Input, Select } from "../../ui/Field";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/Toast";
import { blank, other, type ThresholdFields, toChange, toDraft, toFields } from "./thresholdForm";

const words = t.thresholds;
const conditions = ["gt", "gte", "lt", "lte", "eq", "ne"] as const;
const severities = ["info", "warning", "critical"] as const;
const fields = ["name", "metric", "condition", "value", "clear_value", "for_seconds", "severity", "tag", "server_id", "channel_ids"];

interface PartProps {
  form: UseFormReturn<ThresholdFields>;
  problem: Problem | undefined;
}

const optionalNumber = { setValueAs: (text: unknown) => (text === "" || text == null ? undefined : Number(text)) };

function Rule({ form, problem, metrics }: PartProps & { metrics: readonly Metric[] }) {
  const { register, watch, setValue } = form;
  const metric = watch("metric");
  const unit = <span className="text-faint">{unitOf(metric === other ? watch("other") : metric, metrics)}</span>;
  const presets = metrics.filter((each) => !each.metric.startsWith("node_") && !each.metric.startsWith("unity_"));
  const named = metrics.filter((each) => !presets.includes(each));
  return (
    <>
      <Select
        label={words.metric}
        error={problem?.field("metric")}
        {...register("metric", {
          onChange: (event: { target: { value: string } }) => {
            const example = metrics.find((each) => each.metric === event.target.value)?.example;
            if (example != null && !form.formState.dirtyFields.value) setValue("value", example);
          },
        })}
      >
        {presets.map((each) => (
          <option key={each.metric} value={each.metric}>
            {each.title}
            {each.unit && `, ${each.unit}`}
          </option>
        ))}
        {named.map((each) => (
          <option key={each.metric} value={each.metric}>
            {each.title}
            {each.unit && `, ${each.unit}`}
          </option>
        ))}
        <option value={other}>{words.metricOther}</option>
      </Select>
      {metric === other && (
        <Input mono label={words.metricName} help={words.metricHelp} error={problem?.field("metric")} spellCheck={false} required {...register("other")} />
      )}
      <div className="pair">
        <Select label={words.condition} error={problem?.field("condition")} {...register("condition")}>
          {conditions.map((each) => (
            <option key={each} value={each}>
              {words.conditions[each]}
            </option>
          ))}
        </Select>
        <Input type="number" step="any" label={words.value} end={unit} error={problem?.field("value")} required {...register("value", { valueAsNumber: true })} />
      </div>
      <div className="pair">
        <Input type="number" min={0} max={604_800} label={words.forLabel} help={words.forHelp} end={<span className="text-faint">{words.seconds}</span>} error={problem?.field("for_seconds")} required {...register("for_seconds", { valueAsNumber: true })} />
        <Input type="number" step="any" label={words.clear} help={words.clearHelp} end={unit} error={problem?.field("clear_value")} {...register("clear", optionalNumber)} />
      </div>
    </>
  );
}

function Scope({ form, problem }: PartProps) {
  const { register, watch, setValue } = form;
  const scope = watch("scope");
  const servers = api.useQuery("get", "/api/v1/servers", { params: { query: { limit: 200, sort: "name" } } }).data?.items ?? [];
  const tags = api.useQuery("get", "/api/v1/servers/tags").data?.items ?? [];
  return (
    <>
      <div className="field">
        <span className="label" aria-hidden="true">
          {words.scope}
        </span>
        <Segmented
          full
          size="normal"
          label={words.scope}
          value={scope}
          onChange={(next) => setValue("scope", next, { shouldDirty: true })}
          options={(["all", "tag", "server"] as const).map((value) => ({ value, label: words.scopes[value] }))}
        />
      </div>
      {scope === "tag" && (
        <>
          <Input list="threshold-tags" label={words.tag} error={problem?.field("tag")} required {...register("tag")} />
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
  const channels = api.useQuery("get", "/api/v1/channels", { params: { query: { limit: 200 } } }).data?.items ?? [];
  if (channels.length === 0) return <p className="text-sm text-muted">{words.noChannels}</p>;
  return (
    <>
      <div className="field">
        <span className="label" aria-hidden="true">
          {words.channels}
        </span>
        <Segmented
          full
          size="normal"
          label={words.channels}
          value={watch("told")}
          onChange={(next) => setValue("told", next, { shouldDirty: true })}
          options={[
            { value: "every", label: words.everyChannel },
            { value: "some", label: words.someChannels },
          ]}
        />
      </div>
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

/** Makes a threshold, or changes one. What happens by itself has no value to choose. */
export function ThresholdDialog({ threshold, metrics, onClose }: DialogProps) {
  const known = metrics.map((each) => each.metric);
  const form = useForm<ThresholdFields>({ defaultValues: threshold ? toFields(threshold, known) : blank });
  const done = (title: string) => {
    toast({ title });
    void refresh("thresholds");
    onClose();
  };
  const create = api.useMutation("post", "/api/v1/thresholds", { onSuccess: (v) => done(words.created(v.name)) });
  const update = api.useMutation("patch", "/api/v1/thresholds/{id}", { onSuccess: (v) => done(words.saved(v.name)) });
  const error = create.error ?? update.error;
  const problem = error ? toProblem(error) : undefined;
  const event = threshold !== undefined && isEvent(threshold.metric);
  const submit = form.handleSubmit((values) => {
    if (!threshold) return create.mutate({ body: toDraft(values) });
    const input = toChange(values);
    const { metric: _metric, condition: _condition, value: _value, clear_value: _clear, ...rest } = input;
    update.mutate({
      params: { path: { id: threshold.id }, header: ifMatch(threshold.rev) },
      body: event ? rest : input,
    });
  });
  const { register, setValue, watch } = form;
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={() => void submit()}
      title={threshold ? words.editTitle(threshold.name) : words.addTitle}
      {...(event && { lead: words.events[threshold.metric as keyof typeof words.events] })}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={create.isPending || update.isPending}>
            {threshold ? words.save : words.create}
          </Button>
        </>
      }
    >
      <div className="form">
        <Input label={words.name} error={problem?.field("name")} maxLength={100} required {...register("name")} />
        {event ? (
          <Input type="number" min={0} max={604_800} label={words.forLabel} help={words.forHelp} end={<span className="text-faint">{words.seconds}</span>} error={problem?.field("for_seconds")} required {...register("for_seconds", { valueAsNumber: true })} />
        ) : (
          <Rule form={form} problem={problem} metrics={metrics} />
        )}
        <div className="field">
          <span className="label" aria-hidden="true">
            {words.severity}
          </span>
          <Segmented
            full
            size="normal"
            label={words.severity}
            value={watch("severity")}
            onChange={(next) => setValue("severity", next, { shouldDirty: true })}
            options={severities.map((value) => ({ value, label: t.alerts.severities[value] }))}
          />
        </div>
        {!event && <Scope form={form} problem={problem} />}
        <Tell form={form} problem={problem} />
        <FormProblem
          error={error}
          fields={fields}
          onReload={() => {
            void refresh("thresholds");
            onClose();
          }}
        />
      </div>
    </Dialog>
  );
}
