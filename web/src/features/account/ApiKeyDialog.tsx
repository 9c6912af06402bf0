import { useForm, type UseFormReturn } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { components } from "../../api/schema";
import { FormDialog } from "../../layout/FormDialog";
import { t } from "../../locales";
import { Choice } from "../../ui/Choice";
import { Checkbox, Input, Select } from "../../ui/Field";
import { Mark } from "../../ui/mark";
import { byThing, forKeys, reading, verbOf } from "./permissions";

const words = t.apiKeys;
const spans = ["30", "90", "365", "never"] as const;
const presets = ["read", "all", "choose"] as const;
const day = 86_400_000;

/** A key as it is made: its text, for the only time. */
export type NewKey = components["schemas"]["NewAPIKey"];

interface Form {
  name: string;
  span: (typeof spans)[number];
  preset: (typeof presets)[number];
  chosen: string[];
}

const blank: Form = { name: "", span: "90", preset: "read", chosen: [] };

function toBody({ name, span, preset, chosen }: Form, mine: readonly string[]) {
  const permissions = { read: reading(mine), all: [...mine], choose: chosen }[preset];
  return {
    name: name.trim(),
    permissions,
    ...(span !== "never" && { expires_at: new Date(Date.now() + Number(span) * day).toISOString() }),
  };
}

function Chosen({ form, mine }: { form: UseFormReturn<Form>; mine: readonly string[] }) {
  const error = form.formState.errors.chosen;
  return (
    <div className="grid grid-cols-[repeat(3,max-content)] items-center gap-x-5 gap-y-2">
      {byThing(mine).map(({ thing, name, permissions }) => (
        <fieldset key={thing} aria-label={name} className="contents!">
          <span className="col-start-1" aria-hidden="true">
            {name}
          </span>
          {permissions.map((permission, i) => (
            <Checkbox
              key={permission}
              className={i === 0 ? "col-start-2" : undefined}
              label={verbOf(permission)}
              value={permission}
              {...form.register("chosen", {
                validate: (all, { preset }) => preset !== "choose" || all.length > 0 || words.nothing,
              })}
            />
          ))}
        </fieldset>
      ))}
      {error && (
        <p className="help bad col-span-full" role="alert">
          <Mark shape="diamond" tone="critical" />
          {words.nothing}
        </p>
      )}
    </div>
  );
}

interface ApiKeyDialogProps {
  /** What the person may do here. */
  permissions: readonly string[];
  onDone: (key: NewKey) => void;
  onClose: () => void;
}

/** Makes a key. */
export function ApiKeyDialog({ permissions, onDone, onClose }: ApiKeyDialogProps) {
  const form = useForm<Form>({ defaultValues: blank });
  const { register, watch, setValue, handleSubmit } = form;
  const mine = forKeys(permissions);
  const preset = watch("preset");
  const create = api.useMutation("post", "/api/v1/auth/api-keys", {
    onSuccess: (made) => {
      void refresh("auth/api-keys");
      onDone(made);
    },
  });
  const problem = create.error ? toProblem(create.error) : undefined;
  return (
    <FormDialog
      title={words.addTitle}
      submit={words.create}
      busy={create.isPending}
      error={create.error}
      fields={["name", "expires_at"]}
      onSubmit={() => void handleSubmit((values) => create.mutate({ body: toBody(values, mine) }))()}
      onClose={onClose}
    >
      <Input
        label={words.name}
        help={words.nameHelp}
        error={problem?.field("name")}
        maxLength={100}
        required
        autoComplete="off"
        {...register("name")}
      />
      <Select label={words.lasts} error={problem?.field("expires_at")} {...register("span")}>
        {spans.map((span) => (
          <option key={span} value={span}>
            {words.spans[span]}
          </option>
        ))}
      </Select>
      <div className="grid gap-1">
        <Choice
          label={words.preset}
          value={preset}
          onChange={(next) => setValue("preset", next)}
          options={presets.map((value) => ({ value, label: words.presets[value] }))}
        />
        <p className="help">{words.presetHelp[preset]}</p>
      </div>
      {preset === "choose" && <Chosen form={form} mine={mine} />}
    </FormDialog>
  );
}
