import { useForm, type UseFormReturn } from "react-hook-form";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import type { Silence } from "../../api/types";
import { FormDialog } from "../../layout/FormDialog";
import { SpanSelect, untilOf } from "../../layout/SpanSelect";
import { t } from "../../locales";
import { Choice } from "../../ui/Choice";
import { Input, Select } from "../../ui/Field";
import { toast } from "../../ui/Toast";

const words = t.silences;
const severities = ["", "info", "warning", "critical"] as const;

interface Form {
  scope: "server" | "tag" | "all";
  server: string;
  tag: string;
  severity: Silence["severity"];
  span: string;
  comment: string;
}

const blank: Form = { scope: "server", server: "", tag: "", severity: "", span: "60", comment: "" };

const toDraft = ({ scope, server, tag, severity, span, comment }: Form) => ({
  source: "manual" as const,
  ...(scope === "server" && { server_id: server }),
  ...(scope === "tag" && { tag: tag.trim() }),
  ...(severity && { severity }),
  comment: comment.trim(),
  ends_at: untilOf(span).toISOString(),
});

interface ScopeProps {
  form: UseFormReturn<Form>;
  servers: readonly { id: string; name: string }[];
}

function Scope({ form: { register, watch, setValue }, servers }: ScopeProps) {
  const tags = api.useQuery("get", "/api/v1/servers/tags").data?.items ?? [];
  const scope = watch("scope");
  return (
    <>
      <Choice
        label={words.scope}
        value={scope}
        onChange={(next) => setValue("scope", next)}
        options={(["server", "tag", "all"] as const).map((value) => ({ value, label: words.scopes[value] }))}
      />
      {scope === "server" && (
        <Select label={t.thresholds.server} required {...register("server")}>
          <option value="">{t.thresholds.chooseServer}</option>
          {servers.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </Select>
      )}
      {scope === "tag" && (
        <>
          <Input list="silence-tags" label={t.thresholds.tag} required {...register("tag")} />
          <datalist id="silence-tags">
            {tags.map((each) => (
              <option key={each.tag} value={each.tag} />
            ))}
          </datalist>
        </>
      )}
    </>
  );
}

interface SilenceDialogProps {
  servers: ScopeProps["servers"];
  onClose: () => void;
}

/** Keeps quiet about a server, a tag or everything, for a while. */
export function SilenceDialog({ servers, onClose }: SilenceDialogProps) {
  const form = useForm<Form>({ defaultValues: blank });
  const { register, watch, setValue, handleSubmit } = form;
  const create = api.useMutation("post", "/api/v1/silences", {
    onSuccess: () => {
      toast({ title: words.created });
      void refresh("silences");
      onClose();
    },
  });
  return (
    <FormDialog
      title={words.addTitle}
      lead={words.addLead}
      submit={words.create}
      busy={create.isPending}
      error={create.error}
      onSubmit={() => void handleSubmit((values) => create.mutate({ body: toDraft(values) }))()}
      onClose={onClose}
    >
      <Scope form={form} servers={servers} />
      <div className="pair">
        <SpanSelect label={words.length} value={watch("span")} onChange={(next) => setValue("span", next)} />
        <Select label={words.severityLabel} {...register("severity")}>
          {severities.map((each) => (
            <option key={each} value={each}>
              {each ? t.alerts.severities[each] : words.anySeverity}
            </option>
          ))}
        </Select>
      </div>
      <Input label={words.comment} help={words.commentHelp} maxLength={500} {...register("comment")} />
    </FormDialog>
  );
}
