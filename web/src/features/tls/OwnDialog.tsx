import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { ifMatch, request } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { c } from "../../locales/tls";
import { Choice } from "../../ui/Choice";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { PemField } from "./PemField";
import type { Tls } from "./types";

const words = c.own;

type Way = "upload" | "files";

interface Brought {
  certificate: string;
  key: string;
  certificate_file: string;
  key_file: string;
}

type Field = keyof Brought;

// What is said of both together stands at the field that mends it most often.
const fieldOf: Record<string, Record<Way, Field>> = {
  "tls.pair": { upload: "key", files: "key_file" },
  "tls.pair_ended": { upload: "certificate", files: "certificate_file" },
  "tls.pair_file": { upload: "certificate", files: "certificate_file" },
};

/** What is wrong with a field. */
function wrong(problem: Problem | undefined, way: Way, field: Field): string | undefined {
  if (!problem) return undefined;
  return problem.field(field) ?? (fieldOf[problem.code]?.[way] === field ? problem.detail : undefined);
}

/** Serves what was brought: what is uploaded is stored first. */
async function serve(rev: number, way: Way, brought: Brought): Promise<void> {
  const { certificate, key, certificate_file, key_file } = brought;
  if (way === "files") {
    const params = { header: ifMatch(rev) };
    const body = {
      mode: "manual",
      certificate_file: certificate_file.trim(),
      key_file: key_file.trim(),
    } as const;
    await request.PATCH("/api/v1/tls", { params, body });
    return;
  }
  const { data: now } = await request.POST("/api/v1/tls/certificate", { body: { certificate, key } });
  if (!now || now.mode === "manual") return;
  await request.PATCH("/api/v1/tls", { params: { header: ifMatch(now.rev) }, body: { mode: "manual" } });
}

interface PartProps {
  brought: Brought;
  set: (change: Partial<Brought>) => void;
  error: (field: Field) => string | undefined;
}

function Upload({ brought, set, error }: PartProps) {
  return (
    <>
      <PemField
        label={words.certificate}
        help={words.certificateHelp}
        placeholder="-----BEGIN CERTIFICATE-----"
        value={brought.certificate}
        onChange={(certificate) => set({ certificate })}
        error={error("certificate")}
        required
      />
      <PemField
        label={words.key}
        help={words.keyHelp}
        placeholder="-----BEGIN PRIVATE KEY-----"
        value={brought.key}
        onChange={(key) => set({ key })}
        error={error("key")}
        required
      />
    </>
  );
}

function Files({ brought, set, error }: PartProps) {
  return (
    <>
      <Input
        mono
        label={words.certificateFile}
        placeholder="/etc/ssl/unity/fullchain.pem"
        value={brought.certificate_file}
        onChange={(event) => set({ certificate_file: event.target.value })}
        error={error("certificate_file")}
        required
      />
      <Input
        mono
        label={words.keyFile}
        help={words.filesHelp}
        placeholder="/etc/ssl/unity/key.pem"
        value={brought.key_file}
        onChange={(event) => set({ key_file: event.target.value })}
        error={error("key_file")}
        required
      />
    </>
  );
}

/** Brings a certificate with its key, as text or as files on the box, and serves it. */
export function OwnDialog({ state, onClose }: { state: Tls; onClose: () => void }) {
  const [way, setWay] = useState<Way>(state.certificate_file ? "files" : "upload");
  const [brought, setBrought] = useState<Brought>({
    certificate: "",
    key: "",
    certificate_file: state.certificate_file,
    key_file: state.key_file,
  });
  const [rev] = useState(state.rev); // what others change meanwhile is not written over
  const save = useMutation({
    mutationFn: () => serve(rev, way, brought),
    onSuccess: () => {
      toast({ look: "done", title: words.saved });
      onClose();
    },
    onSettled: () => refresh("tls"),
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const atField = problem && fieldOf[problem.code] !== undefined;
  const Part = way === "upload" ? Upload : Files;
  return (
    <FormDialog
      wide
      title={words.title}
      lead={words.lead}
      submit={way === "upload" ? words.upload : words.save}
      busy={save.isPending}
      error={atField ? undefined : save.error}
      fields={["certificate", "key", "certificate_file", "key_file"]}
      onSubmit={() => save.mutate()}
      onReload={onClose}
      onClose={onClose}
    >
      <Choice
        label={words.how}
        value={way}
        options={(["upload", "files"] as const).map((value) => ({ value, label: words.ways[value] }))}
        onChange={(next) => {
          setWay(next);
          save.reset();
        }}
      />
      <Part
        brought={brought}
        set={(change) => setBrought((before) => ({ ...before, ...change }))}
        error={(field) => wrong(problem, way, field)}
      />
    </FormDialog>
  );
}
