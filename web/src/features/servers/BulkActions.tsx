import { Link } from "@tanstack/react-router";
import { BellOff, RefreshCw, Tag, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";

import { ifMatch, request } from "../../api/client";
import { refresh } from "../../api/list";
import { useMay } from "../../api/may";
import type { Server } from "../../api/types";
import { toastProblem } from "../../layout/Problem";
import { SpanSelect, untilOf } from "../../layout/SpanSelect";
import { t } from "../../locales";
import { paths } from "../../paths";
import { BulkBar } from "../../ui/BulkBar";
import { Button } from "../../ui/Button";
import { Confirm, Dialog } from "../../ui/Dialog";
import { Input } from "../../ui/Field";
import { Mark } from "../../ui/mark";
import { toast } from "../../ui/Toast";
import { splitTags } from "../../layout/tags";

interface BulkProps {
  servers: readonly Server[];
  onDone: () => void;
}

/** Does one thing to many; returns what worked. Failures are told once, with the first reason. */
async function each<T>(servers: readonly Server[], act: (server: Server) => Promise<T>): Promise<T[]> {
  const results = await Promise.allSettled(servers.map(act));
  const bad = results.filter((result) => result.status === "rejected");
  if (bad[0]) toastProblem(t.manage.bulk.failed(bad.length), bad[0].reason);
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

const names = (servers: readonly Server[]) =>
  servers
    .slice(0, 3)
    .map((server) => server.name)
    .join(", ") + (servers.length > 3 ? ` ${t.manage.bulk.andMore(servers.length - 3)}` : "");

async function scan(servers: readonly Server[]): Promise<void> {
  const started = await each(servers, ({ id }) =>
    request.POST("/api/v1/servers/{id}/snapshots", { params: { path: { id } } }),
  );
  if (started.length === 0) return;
  toast({
    title: t.manage.bulk.scanned(started.length),
    body: names(servers),
    action: (
      <Link className="btn small" to={paths.jobs()}>
        {t.manage.bulk.showJobs}
      </Link>
    ),
  });
}

interface AskProps extends BulkProps {
  onClose: () => void;
}

function TagDialog({ servers, onClose, onDone }: AskProps) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    const tags = splitTags(text);
    if (tags.length === 0) return;
    setBusy(true);
    const done = await each(servers, ({ id, rev, tags: has }) =>
      request.PATCH("/api/v1/servers/{id}", {
        params: { path: { id }, header: ifMatch(rev) },
        body: { tags: [...new Set([...has, ...tags])] },
      }),
    );
    if (done.length > 0) toast({ title: t.manage.bulk.tagged(done.length), body: names(servers) });
    await refresh("servers");
    onDone();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={() => void submit()}
      title={t.manage.bulk.tagTitle(servers.length)}
      lead={t.manage.bulk.tagLead}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {t.manage.bulk.tagSubmit}
          </Button>
        </>
      }
    >
      <Input
        label={t.manage.bulk.tagsLabel}
        help={t.manage.bulk.tagsHelp}
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoComplete="off"
        required
      />
    </Dialog>
  );
}

const end = (id: string) => request.DELETE("/api/v1/silences/{id}", { params: { path: { id } } });

function SilenceDialog({ servers, onClose, onDone }: AskProps) {
  const [span, setSpan] = useState("60");
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    const ends_at = untilOf(span).toISOString();
    const made = await each(servers, ({ id }) =>
      request.POST("/api/v1/silences", { body: { source: "manual", server_id: id, comment, ends_at } }),
    );
    const ids = made.flatMap(({ data }) => (data ? [data.id] : []));
    if (ids.length > 0) {
      toast({
        title: t.manage.bulk.silenced(ids.length),
        body: names(servers),
        action: (
          <Button size="small" onClick={() => void Promise.all(ids.map(end)).then(() => refresh("silences"))}>
            {t.manage.bulk.undo}
          </Button>
        ),
      });
    }
    await refresh("silences");
    onDone();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={() => void submit()}
      title={t.manage.bulk.silenceTitle(servers.length)}
      lead={t.manage.bulk.silenceLead}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {t.manage.bulk.silenceSubmit(servers.length)}
          </Button>
        </>
      }
    >
      <SpanSelect label={t.manage.silenceFor} value={span} onChange={setSpan} />
      <Input
        label={t.manage.comment}
        help={t.manage.commentHelp}
        value={comment}
        onChange={(event) => setComment(event.target.value)}
      />
    </Dialog>
  );
}

function DeleteDialog({ servers, onClose, onDone }: AskProps) {
  const [busy, setBusy] = useState(false);
  const [first] = servers;
  const submit = async () => {
    setBusy(true);
    const done = await each(servers, ({ id, rev }) =>
      request.DELETE("/api/v1/servers/{id}", { params: { path: { id }, header: ifMatch(rev) } }),
    );
    if (done.length > 0) toast({ title: t.manage.bulk.removed(done.length), body: names(servers) });
    await refresh("servers");
    onDone();
  };
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => void submit()}
      title={t.manage.bulk.removeTitle(servers.length)}
      lead={t.manage.bulk.removeLead}
      action={t.manage.bulk.removeSubmit(servers.length)}
      typed={servers.length === 1 && first ? first.name : t.manage.bulk.removeTyped(servers.length)}
      busy={busy}
    >
      <ul className="steps">
        <li>
          <Mark shape="cross" tone="critical" />
          <span className="clip">{names(servers)}</span>
        </li>
        <li>
          <Mark shape="cross" tone="critical" />
          {t.manage.bulk.goes}
        </li>
        <li>
          <Mark shape="check" tone="ok" />
          {t.manage.bulk.stays}
        </li>
      </ul>
    </Confirm>
  );
}

const dialogs = { tag: TagDialog, silence: SilenceDialog, remove: DeleteDialog };

/** The bar under a list with selected servers, and the questions behind its buttons. */
export function BulkActions({ servers, onDone }: BulkProps) {
  const [asking, setAsking] = useState<keyof typeof dialogs>();
  const edits = useMay("servers.write");
  const silences = useMay("alerts.write");
  const close = () => setAsking(undefined);
  const done = () => {
    close();
    onDone();
  };
  const Asked = asking && dialogs[asking];
  const action = (label: string, icon: ReactNode, act: () => void) => (
    <Button size="small" icon={<span className="max-md:hidden">{icon}</span>} onClick={act}>
      {label}
    </Button>
  );
  return (
    <>
      <BulkBar count={servers.length} onClear={onDone}>
        {edits &&
          action(
            t.manage.bulk.scan,
            <RefreshCw className="icon" aria-hidden="true" />,
            () => void scan(servers).then(onDone),
          )}
        {edits &&
          action(t.manage.bulk.tag, <Tag className="icon" aria-hidden="true" />, () => setAsking("tag"))}
        {silences &&
          action(t.manage.bulk.silence, <BellOff className="icon" aria-hidden="true" />, () =>
            setAsking("silence"),
          )}
        {edits &&
          action(t.manage.bulk.remove, <Trash2 className="icon" aria-hidden="true" />, () =>
            setAsking("remove"),
          )}
      </BulkBar>
      {Asked && <Asked servers={servers} onClose={close} onDone={done} />}
    </>
  );
}
