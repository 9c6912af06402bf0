import { Ellipsis, Plus, Send } from "lucide-react";
import { useMemo, useState } from "react";

import { api, ifMatch, request } from "../../api/client";
import { refresh, useList } from "../../api/list";
import { useMay } from "../../api/may";
import type { Channel, ChannelKind } from "../../api/types";
import { ProblemPage, toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { t } from "../../locales";
import { channels as channelsWords } from "../../locales/channels";
import { Button, IconButton } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty, Skeleton } from "../../ui/Empty";
import { Status } from "../../ui/mark";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import { type Column, Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { ChannelDialog } from "./ChannelDialog";
import { target } from "./config";
import { Deliveries } from "./Deliveries";

const words = channelsWords;
const noKinds: readonly ChannelKind[] = [];

async function enable({ id, rev, enabled }: Channel): Promise<void> {
  try {
    await request.PATCH("/api/v1/channels/{id}", {
      params: { path: { id }, header: ifMatch(rev) },
      body: { enabled: !enabled },
    });
  } catch (error) {
    toastProblem(words.failed, error);
  }
  await refresh("channels");
}

/** Sends a test message, and says what the receiver said. */
function Test({ channel }: { channel: Channel }) {
  const { id, name } = channel;
  const test = api.useMutation("post", "/api/v1/channels/{id}/test", {
    onSuccess: (delivery) => {
      const body = delivery.attempts[delivery.attempts.length - 1]?.message;
      const said = body ? { body } : {};
      if (delivery.state === "sent") toast({ title: words.tested(name), ...said });
      else if (delivery.state === "failed")
        toast({ look: "critical", title: words.testFailed(name), ...said });
      else toast({ look: "warning", title: words.testQueued(name), ...said });
    },
    onError: (error) => toastProblem(words.testFailed(name), error),
    onSettled: () => refresh("deliveries"),
  });
  return (
    <Button
      size="small"
      icon={<Send className="icon max-md:hidden" aria-hidden="true" />}
      aria-label={words.testOf(name)}
      busy={test.isPending}
      onClick={() => test.mutate({ params: { path: { id } } })}
    >
      {words.test}
    </Button>
  );
}

interface Doing {
  onEdit: (channel: Channel) => void;
  onRemove: (channel: Channel) => void;
}

function columns({ onEdit, onRemove }: Doing): Column<Channel>[] {
  return [
    {
      key: "state",
      head: words.state,
      phone: "state",
      cell: (channel) => (
        <Status look={channel.enabled ? "ok" : "cancelled"}>{channel.enabled ? words.on : words.off}</Status>
      ),
    },
    {
      key: "name",
      head: words.name,
      phone: "name",
      cell: (channel) => (
        <button
          type="button"
          className="hover:underline"
          title={channel.name}
          onClick={() => onEdit(channel)}
        >
          {channel.name}
        </button>
      ),
    },
    {
      key: "type",
      head: words.type,
      cell: (channel) => <span className="text-muted">{words.types[channel.type]}</span>,
    },
    {
      key: "to",
      head: words.to,
      phone: "sub",
      cell: (channel) => (
        <span className="mono block max-w-72 clip text-muted" title={target(channel.config)}>
          {target(channel.config)}
        </span>
      ),
    },
    {
      key: "acts",
      head: <span className="sr-only">{words.test}</span>,
      num: true,
      phone: "end",
      cell: (channel) => (
        <span className="row justify-end">
          <Test channel={channel} />
          <Menu
            trigger={
              <IconButton size="small" label={words.more(channel.name)}>
                <Ellipsis className="icon" />
              </IconButton>
            }
          >
            <MenuItem onSelect={() => onEdit(channel)}>{words.edit}</MenuItem>
            <MenuItem onSelect={() => void enable(channel)}>
              {channel.enabled ? words.turnOff : words.turnOn}
            </MenuItem>
            <MenuLine />
            <MenuItem danger onSelect={() => onRemove(channel)}>
              {words.remove}
            </MenuItem>
          </Menu>
        </span>
      ),
    },
  ];
}

function Remove({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const remove = api.useMutation("delete", "/api/v1/channels/{id}", {
    onSuccess: () => toast({ title: words.removed(channel.name) }),
    onError: (error) => toastProblem(words.failed, error),
    onSettled: () => {
      onClose();
      return refresh("channels");
    },
  });
  const { id, rev, name } = channel;
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => remove.mutate({ params: { path: { id }, header: ifMatch(rev) } })}
      title={words.removeTitle(name)}
      lead={words.removeLead}
      action={words.removeAction(name)}
      busy={remove.isPending}
    />
  );
}

/** Who is told, how, and what became of every message. */
export function ChannelsPage() {
  const may = useMay("channels.write");
  const [editing, setEditing] = useState<Channel | "new">();
  const [removing, setRemoving] = useState<Channel>();
  const list = useList<Channel>("/api/v1/channels");
  const kinds = api.useQuery("get", "/api/v1/channels/types").data?.items ?? noKinds;
  const defs = useMemo(() => columns({ onEdit: setEditing, onRemove: setRemoving }), []);
  const add = (
    <Button
      kind="primary"
      disabled={!may}
      icon={<Plus className="icon" aria-hidden="true" />}
      onClick={() => setEditing("new")}
    >
      {words.add}
    </Button>
  );
  return (
    <SettingsPage title={words.title} lead={words.lead} {...(list.rows.length > 0 && { action: add })}>
      {list.error && <ProblemPage error={list.error} title={words.loadFailed} onRetry={list.retry} />}
      {list.loading && <Skeleton label={t.ui.loading} lines={3} />}
      {!list.error && !list.loading && (
        <Table
          label={words.title}
          columns={defs}
          rows={list.rows}
          id={(channel) => channel.id}
          onEnd={list.more}
          empty={
            <Empty
              icon={<Send className="icon" aria-hidden="true" />}
              title={words.empty}
              action={add}
              hint={words.emptyHint}
            >
              {words.emptyBody}
            </Empty>
          }
        />
      )}
      <div className="mt-8">
        <Deliveries />
      </div>
      {editing && kinds.length > 0 && (
        <ChannelDialog
          channel={editing === "new" ? undefined : editing}
          kinds={kinds}
          onClose={() => setEditing(undefined)}
        />
      )}
      {removing && <Remove channel={removing} onClose={() => setRemoving(undefined)} />}
    </SettingsPage>
  );
}
