import { useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import type { Silence } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { SpanSelect, untilOf } from "../../layout/SpanSelect";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input, Select } from "../../ui/Field";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/Toast";

const words = t.silences;
const severities = ["", "info", "warning", "critical"] as const;

interface SilenceDialogProps {
  servers: readonly { id: string; name: string }[];
  onClose: () => void;
}

/** Keeps quiet about a server, a tag or everything, for a while. */
export function SilenceDialog({ servers, onClose }: SilenceDialogProps) {
  const [scope, setScope] = useState<"server" | "tag" | "all">("server");
  const [server, setServer] = useState("");
  const [tag, setTag] = useState("");
  const [severity, setSeverity] = useState<Silence["severity"]>("");
  const [span, setSpan] = useState<string>("60");
  const [comment, setComment] = useState("");
  const tags = api.useQuery("get", "/api/v1/servers/tags").data?.items ?? [];
  const create = api.useMutation("post", "/api/v1/silences", {
    onSuccess: () => {
      toast({ title: words.created });
      void refresh("silences");
      onClose();
    },
  });
  const submit = () =>
    create.mutate({
      body: {
        source: "manual",
        ...(scope === "server" && { server_id: server }),
        ...(scope === "tag" && { tag: tag.trim() }),
        ...(severity && { severity }),
        comment: comment.trim(),
        ends_at: untilOf(span).toISOString(),
      },
    });
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={submit}
      title={words.addTitle}
      lead={words.addLead}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={create.isPending}>
            {words.create}
          </Button>
        </>
      }
    >
      <div className="form">
        <Segmented
          full
          size="normal"
          label={words.scope}
          value={scope}
          onChange={setScope}
          options={(["server", "tag", "all"] as const).map((value) => ({ value, label: words.scopes[value] }))}
        />
        {scope === "server" && (
          <Select label={t.thresholds.server} value={server} onChange={(event) => setServer(event.target.value)} required>
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
            <Input list="silence-tags" label={t.thresholds.tag} value={tag} onChange={(event) => setTag(event.target.value)} required />
            <datalist id="silence-tags">
              {tags.map((each) => (
                <option key={each.tag} value={each.tag} />
              ))}
            </datalist>
          </>
        )}
        <div className="pair">
          <SpanSelect label={words.length} value={span} onChange={setSpan} />
          <Select label={words.severityLabel} value={severity} onChange={(event) => setSeverity(event.target.value as Silence["severity"])}>
            {severities.map((each) => (
              <option key={each} value={each}>
                {each ? t.alerts.severities[each] : words.anySeverity}
              </option>
            ))}
          </Select>
        </div>
        <Input label={words.comment} help={words.commentHelp} value={comment} maxLength={500} onChange={(event) => setComment(event.target.value)} />
        <FormProblem error={create.error} />
      </div>
    </Dialog>
  );
}
