import { type ReactNode, useState } from "react";
import { useForm, type UseFormRegisterReturn, type UseFormReturn } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { Channel, ChannelField, ChannelKind } from "../../api/types";
import { FormDialog } from "../../layout/FormDialog";
import { channels as channelsWords } from "../../locales/channels";
import { Input, PasswordInput, Select, Textarea } from "../../ui/Field";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/Toast";
import { type Texts, toConfig, toTexts } from "./config";

const words = channelsWords;
const mask = "********";

interface Form {
  name: string;
  template: string;
  config: Texts;
}

interface Shared extends UseFormRegisterReturn {
  label: string;
  help: string | undefined;
  error: string | undefined;
  required: boolean;
}

// How a field of each type looks; a type without a line here is a line of text.
const looksOf: Record<string, (shared: Shared, field: ChannelField) => ReactNode> = {
  select: (shared, { options }) => (
    <Select {...shared}>
      {options?.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </Select>
  ),
  list: (shared) => <Textarea rows={2} spellCheck={false} {...shared} help={shared.help ?? words.list} />,
  secrets: (shared) => <Textarea mono rows={2} {...shared} help={words.headers} />,
  secret: (shared) => <PasswordInput autoComplete="off" {...shared} />,
  number: (shared) => <Input type="number" step="any" {...shared} />,
  url: (shared) => <Input type="url" spellCheck={false} autoCapitalize="none" {...shared} />,
};

interface EntryProps {
  field: ChannelField;
  form: UseFormReturn<Form>;
  problem: Problem | undefined;
  stored: boolean;
}

function Entry({ field, form, problem, stored }: EntryProps) {
  const { name, title, type, required, help } = field;
  const shared = {
    label: required ? title : words.optional(title),
    help: stored && type === "secret" ? words.stored : help,
    error: problem?.field(`config.${name}`) ?? problem?.field(name),
    required,
    ...form.register(`config.${name}`),
  };
  return looksOf[type]?.(shared, field) ?? <Input spellCheck={false} autoCapitalize="none" {...shared} />;
}

interface TypeProps {
  type: Channel["type"];
  onChoose: (type: Channel["type"]) => void;
}

function TypeChoice({ type, onChoose }: TypeProps) {
  return (
    <div className="grid gap-1">
      <Segmented
        full
        size="normal"
        label={words.type}
        value={type}
        onChange={onChoose}
        options={(["ntfy", "smtp", "webhook"] as const).map((value) => ({
          value,
          label: words.types[value],
        }))}
      />
      <p className="help">{words.typeHelp[type]}</p>
    </div>
  );
}

interface ChannelDialogProps {
  /** Undefined: a new one. */
  channel: Channel | undefined;
  kinds: readonly ChannelKind[];
  onClose: () => void;
}

function useSave(channel: Channel | undefined, onClose: () => void) {
  const done = (title: string, body?: string) => {
    toast({ title, ...(body && { body }) });
    void refresh("channels");
    onClose();
  };
  const create = api.useMutation("post", "/api/v1/channels", {
    onSuccess: (v) => done(words.created(v.name), words.createdBody),
  });
  const update = api.useMutation("patch", "/api/v1/channels/{id}", {
    onSuccess: (v) => done(words.saved(v.name)),
  });
  const save = (type: Channel["type"], { name, template, config }: Form, fields: readonly ChannelField[]) => {
    const body = { name: name.trim(), template, config: toConfig(fields, config) };
    if (channel) update.mutate({ params: { path: { id: channel.id }, header: ifMatch(channel.rev) }, body });
    else create.mutate({ body: { ...body, type, enabled: true } });
  };
  return {
    save,
    forget: create.reset,
    busy: create.isPending || update.isPending,
    error: create.error ?? update.error,
  };
}

const begin = (channel: Channel | undefined, fields: readonly ChannelField[]): Form => ({
  name: channel?.name ?? "",
  template: channel?.template ?? "",
  config: toTexts(fields, channel?.config),
});

/** Makes a channel, or changes one; its fields are those that its type names. */
export function ChannelDialog({ channel, kinds, onClose }: ChannelDialogProps) {
  const [type, setType] = useState<Channel["type"]>(channel?.type ?? "ntfy");
  const of = (kind: string) => kinds.find((each) => each.type === kind)?.fields ?? [];
  const fields = of(type);
  const form = useForm<Form>({ defaultValues: begin(channel, fields) });
  const { save, forget, busy, error } = useSave(channel, onClose);
  const problem = error ? toProblem(error) : undefined;
  const choose = (next: Channel["type"]) => {
    setType(next);
    form.setValue("config", toTexts(of(next), undefined));
    forget();
  };
  return (
    <FormDialog
      title={channel ? words.editTitle(channel.name) : words.addTitle}
      submit={channel ? words.save : words.create}
      busy={busy}
      error={error}
      fields={["name", "template", ...fields.flatMap(({ name }) => [`config.${name}`, name])]}
      onSubmit={() => void form.handleSubmit((values) => save(type, values, fields))()}
      onReload={() => {
        void refresh("channels");
        onClose();
      }}
      onClose={onClose}
    >
      {!channel && <TypeChoice type={type} onChoose={choose} />}
      <Input
        label={words.name}
        error={problem?.field("name")}
        maxLength={64}
        required
        {...form.register("name")}
      />
      {fields.map((field) => (
        <Entry
          key={`${type} ${field.name}`}
          field={field}
          form={form}
          problem={problem}
          stored={channel?.config[field.name] === mask}
        />
      ))}
      <Textarea
        mono
        rows={3}
        label={words.optional(words.template)}
        help={words.templateHelp}
        error={problem?.field("template")}
        maxLength={4096}
        {...form.register("template")}
      />
    </FormDialog>
  );
}
