import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import type { ImportRow } from "../../api/types";
import { Page } from "../../layout/Page";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button, buttonClass } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { Textarea } from "../../ui/Field";
import { Status } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";

const words = t.manage.imports;
const formats = ["ssh_config", "csv"] as const;
type Format = (typeof formats)[number];

const examples: Record<Format, string> = {
  ssh_config: "Host nas\n  HostName 10.20.0.11\n  User unity",
  csv: "name,host,port,username,auth,password,tags\nnas,10.20.0.11,22,unity,key,,storage zfs",
};

const columns: Column<ImportRow>[] = [
  {
    key: "result",
    head: words.result,
    phone: "state",
    cell: (row) => (
      <Status look={row.ok ? "done" : "failed"}>
        {row.ok ? (row.id ? words.added : words.ok) : words.bad}
      </Status>
    ),
  },
  { key: "line", head: words.line, num: true, cell: (row) => <span className="text-faint">{row.line}</span> },
  {
    key: "name",
    head: words.name,
    phone: "name",
    cell: (row) =>
      row.id ? (
        <Link to={paths.server(row.id)}>{row.name}</Link>
      ) : (
        <span className="font-medium">{row.name}</span>
      ),
  },
  {
    key: "address",
    head: words.address,
    cell: (row) => (
      <code className="text-muted">
        {row.username && `${row.username}@`}
        {row.host}
        {row.port !== 22 && row.port > 0 && `:${row.port}`}
      </code>
    ),
  },
  {
    key: "auth",
    head: words.auth,
    from: "lg",
    cell: (row) => <span className="text-muted">{row.auth}</span>,
  },
  {
    key: "tags",
    head: words.tags,
    from: "lg",
    cell: (row) => <span className="text-muted">{row.tags.join(", ")}</span>,
  },
  {
    key: "message",
    head: "",
    phone: "sub",
    className: "whitespace-normal!",
    cell: (row) => <span className="text-muted">{row.message}</span>,
  },
];

interface ResultProps {
  rows: readonly ImportRow[];
  done: boolean;
  busy: boolean;
  onImport: () => void;
}

function Result({ rows, done, busy, onImport }: ResultProps) {
  const good = rows.filter((row) => row.ok).length;
  return (
    <div className="mt-6 grid gap-4">
      {done && (
        <Banner look="ok" title={words.done(good)}>
          {words.doneBody}
        </Banner>
      )}
      <Table label={words.preview} columns={columns} rows={rows} id={(row) => `${row.line} ${row.name}`} />
      <div className="row">
        {done ? (
          <Link className={buttonClass({ kind: "primary" })} to={paths.servers()}>
            {words.show}
          </Link>
        ) : (
          <Button kind="primary" disabled={good === 0} busy={busy} onClick={onImport}>
            {words.submit(good)}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Many servers at once, from a list that exists already. */
export function ImportPage() {
  const [format, setFormat] = useState<Format>("ssh_config");
  const [text, setText] = useState("");
  const dry = api.useMutation("post", "/api/v1/servers/import");
  const real = api.useMutation("post", "/api/v1/servers/import", { onSuccess: () => refresh("servers") });
  const again = () => {
    dry.reset();
    real.reset();
  };
  const preview = (event: FormEvent) => {
    event.preventDefault();
    real.reset();
    dry.mutate({ body: { format, text, dry_run: true } });
  };
  const error = dry.error ?? real.error;
  const answer = real.data ?? dry.data;
  return (
    <Page title={words.title} crumbs={[{ label: t.layout.servers, to: paths.servers() }]}>
      <form className="form wide" onSubmit={preview}>
        <p className="text-muted">{words.lead}</p>
        <Choice
          label={words.format}
          value={format}
          onChange={(next) => {
            setFormat(next);
            again();
          }}
          options={formats.map((value) => ({ value, label: words.formats[value] }))}
        />
        <Textarea
          mono
          rows={8}
          label={words.text[format]}
          help={words.help[format]}
          placeholder={examples[format]}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            again();
          }}
          required
        />
        {error && <ProblemBanner error={error} title={words.failed} />}
        {!dry.data && (
          <div>
            <Button kind="primary" type="submit" busy={dry.isPending}>
              {words.preview}
            </Button>
          </div>
        )}
      </form>
      {answer && (
        <Result
          rows={answer.items}
          done={real.data !== undefined}
          busy={real.isPending}
          onImport={() => real.mutate({ body: { format, text, dry_run: false } })}
        />
      )}
    </Page>
  );
}
