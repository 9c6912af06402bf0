import { useState } from "react";
import { useForm, type UseFormReturn } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { Channel, ChannelField, ChannelKind } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input, PasswordInput, Select, Textarea } from "../../ui/Field";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/Toast";
import { type Texts, toConfig, toTexts } from "./config";

const words = t.channels;
const mask = "********";

interface Form {
  name: string;
  template: string;
  config: Texts;
}

interface EntryProps {
  field: ChannelField;
  form: UseFormReturn<Form>;
  problem: Problem | undefined;
  stored: boolean;
}

function Entry({ field, form, problem, stored }: EntryProps) {
  const { name, title, type, required, options, help } = field;
  const shared = {
    label: required ? title : words.optional(title),
    help: stored && type === "secret" ? words.stored : help,
    error: problem?.field(`config.${name}`) ?? problem?.field(name),
    required,
    ...form.register(`config.${name}`),
  };
  if (type === "select") {
    return (
      <Select {...shared}>
        {options?.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </Select>
    );
  }
  if (type === "list") return <Textarea {...shared} rows={2} help={help ?? words.list} spellCheck={false} />;
  if (type === "secrets") return <Textarea mono {...shared} rows={2} help={words.headers} spellCheck={false} autoComplete="off" />;
  if (type === "secret") return <PasswordInput {...shared} autoComplete="off" />;
  if (type === "number") return <Input type="number" step="any" {...shared} />;
  return <Input type={type === "url" ? "url" : "text"} {...shared} spellCheck={false} autoCapitalize="none" />;
}

interface ChannelDialogProps {
  /** Undefined: a new one. */
  channel: Channel | undefined;
  kinds: readonly ChannelKind[];
  onClose: () => void;
}

/** Makes a channel, or changes one; its fields are those that its type names. */
export function ChannelDialog({ channel, kinds, onClose }: ChannelDialogProps) {
  const [type, setType] = useState<Channel["type"]>(channel?.type ?? "ntfy");
  const fields = kinds.find((kind) => kind.type === type)?.fields ?? [];
  const form = useForm<Form>({
    defaultValues: {
      name: channel?.name ?? "",
      template: channel?.template ?? "",
      config: toTexts(fields, channel?.config),
    },
  });
  const done = (title: string, body?: string) => {
    toast({ title, ...(body && { body }) });
    void refresh("channels");
    onClose();
  };
  const create = api.useMutation("post", "/api/v1/channels", {
    onSuccess: (v) => done(words.created(v.name), words.createdBody),
  });
  const update = api.useMutation("patch", "/api/v1/channels/{id}", { onSuccess: (v) => done(words.saved(v.name)) });
  const error = create.error ?? update.error;
  const problem = error ? toProblem(error) : undefined;
  const submit = form.handleSubmit(({ name, template, config }) => {
    const body = { name: name.trim(), template, config: toConfig(fields, config) };
    if (channel) update.mutate({ params: { path: { id: channel.id }, header: ifMatch(channel.rev) }, body });
    else create.mutate({ body: { ...body, type, enabled: true } });
  });
  const choose = (next: Channel["type"]) => {
    setType(next);
    const of = kinds.find((kind) => kind.type === next)?.fields ?? [];
    form.setValue("config", toTexts(of, undefined));
    create.reset();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={() => void submit()}
      title={channel ? words.editTitle(channel.name) : words.addTitle}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={create.isPending || update.isPending}>
            {channel ? words.save : words.create}
          </Button>
        </>
      }
    >
      <div className="form">
        {!channel && (
          <div className="grid gap-1">
            <Segmented
              full
              size="normal"
              label={words.type}
              value={type}
              onChange={choose}
              options={(["ntfy", "smtp", "webhook"] as const).map((value) => ({ value, label: words.types[value] }))}
            />
            <p className="help">{words.typeHelp[type]}</p>
          </div>
        )}
        <Input label={words.name} error={problem?.field("name")} maxLength={64} required {...form.register("name")} />
        {fields.map((field) => (
          <Entry
            key={`${type} ${field.name}`}
            field={field}
            form={form}
            problem={problem}
            stored={channel?.config[field.name] === mask}
          />
        ))}
        <Textarea mono rows={3} label={words.optional(words.template)} help={words.templateHelp} error={problem?.field("template")} maxLength={4096} spellCheck={false} {...form.register("template")} />
        <FormProblem
          error={error}
          fields={["name", "template", ...fields.flatMap(({ name }) => [`config.${name}`, name])]}
          onReload={() => {
            void refresh("channels");
            onClose();
          }}
        />
      </div>
    </Dialog>
  );
}
