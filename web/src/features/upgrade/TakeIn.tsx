import "../../ui/file.css";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { request } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import type { Job } from "../../api/job";
import { upload } from "../../api/transfer";
import { FormProblem } from "../../layout/FormProblem";
import { u } from "../../locales/upgrade";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { Section } from "../../ui/Facts";
import { Checkbox, Input } from "../../ui/Field";

const words = u.form;

type Way = "file" | "url";

interface Offer {
  way: Way;
  file: File | undefined;
  signature: File | undefined;
  url: string;
  sha256: string;
  older: boolean;
}

/** Hands a program to the appliance, which verifies it and starts the job that goes on with it. */
async function send({ way, file, signature, url, sha256, older }: Offer): Promise<Job> {
  const sum = sha256.trim();
  if (way === "url") {
    const body = { url: url.trim(), ...(sum && { sha256: sum }), ...(older && { allow_older: true }) };
    return (await request.POST("/api/v1/system/upgrade", { body })).data!;
  }
  const form = new FormData();
  if (signature) form.set("signature", await signature.text());
  if (sum) form.set("sha256", sum);
  if (older) form.set("allow_older", "true");
  if (file) form.set("file", file); // the last field, so that what it is held against is known before
  return upload("/api/v1/system/upgrade/upload", form);
}

// What is wrong with the whole is said where it is mended.
const fieldOf: Record<string, keyof Offer> = {
  "upgrade.url": "url",
  "upgrade.unsigned": "signature",
  "upgrade.checksum": "sha256",
  "upgrade.no_program": "file",
  "upgrade.architecture": "file",
};

const wrong = (problem: Problem | undefined, field: keyof Offer): string | undefined =>
  problem && (problem.field(field) ?? (fieldOf[problem.code] === field ? problem.detail : undefined));

interface PartProps {
  offer: Offer;
  set: (change: Partial<Offer>) => void;
  problem: Problem | undefined;
}

function Files({ set, problem }: PartProps) {
  return (
    <>
      <Input
        type="file"
        label={words.file}
        help={words.fileHelp}
        error={wrong(problem, "file")}
        onChange={(event) => set({ file: event.target.files?.[0] })}
        required
      />
      <Input
        type="file"
        label={words.signature}
        help={words.signatureHelp}
        error={wrong(problem, "signature")}
        accept=".minisig"
        onChange={(event) => set({ signature: event.target.files?.[0] })}
        required
      />
    </>
  );
}

function Address({ offer, set, problem }: PartProps) {
  return (
    <Input
      mono
      type="url"
      label={words.url}
      help={words.urlHelp}
      error={wrong(problem, "url") ?? wrong(problem, "signature")}
      placeholder="https://example.org/unity_1.2.0_linux_amd64.tar.gz"
      value={offer.url}
      onChange={(event) => set({ url: event.target.value })}
      maxLength={2000}
      required
    />
  );
}

function More({ offer, set, problem }: PartProps) {
  const bad = wrong(problem, "sha256");
  return (
    <details open={Boolean(bad) || undefined}>
      <summary className="cursor-pointer text-muted">{words.more}</summary>
      <div className="form mt-3">
        <Input
          mono
          label={words.sha}
          help={words.shaHelp}
          error={bad}
          value={offer.sha256}
          onChange={(event) => set({ sha256: event.target.value })}
          maxLength={64}
          pattern="\s*[0-9a-fA-F]{64}\s*"
        />
        <Checkbox
          label={words.older}
          checked={offer.older}
          onChange={(event) => set({ older: event.target.checked })}
        />
      </div>
    </details>
  );
}

const blank: Offer = {
  way: "file",
  file: undefined,
  signature: undefined,
  url: "",
  sha256: "",
  older: false,
};

interface TakeInProps {
  /** Why it cannot be done here is said above. */
  closed: boolean;
  onBegun: (job: Job) => void;
}

/** Takes in a version, from a file or an address. */
export function TakeIn({ closed, onBegun }: TakeInProps) {
  const [offer, setOffer] = useState(blank);
  const begin = useMutation({ mutationFn: send, onSuccess: onBegun });
  const set = (change: Partial<Offer>) => setOffer((now) => ({ ...now, ...change }));
  const problem = begin.error ? toProblem(begin.error) : undefined;
  const part = { offer, set, problem };
  const said = problem && fieldOf[problem.code] !== undefined;
  return (
    <Section title={words.title}>
      <p className="mb-3 max-w-160 text-muted">{words.lead}</p>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!begin.isPending && !closed) begin.mutate(offer);
        }}
      >
        <Choice
          label={words.how}
          value={offer.way}
          options={(["file", "url"] as const).map((value) => ({ value, label: words.ways[value] }))}
          onChange={(way) => {
            set({ way, file: undefined, signature: undefined });
            begin.reset();
          }}
        />
        {offer.way === "file" ? <Files {...part} /> : <Address {...part} />}
        <More {...part} />
        <FormProblem error={said ? undefined : begin.error} fields={["url", "sha256", "signature", "file"]} />
        <div>
          <Button type="submit" busy={begin.isPending} disabled={closed}>
            {begin.isPending && offer.way === "file" ? words.sending : words.submit}
          </Button>
        </div>
      </form>
    </Section>
  );
}
