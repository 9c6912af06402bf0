import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";

import { request } from "../../api/client";
import { keepFile } from "../../api/file";
import { toastProblem } from "../../layout/Problem";
import { s } from "../../locales/support";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { toast } from "../../ui/Toast";

async function download(): Promise<string> {
  const { data, response } = await request.GET("/api/v1/system/support", { parseAs: "blob" });
  return keepFile(data as Blob, response, "unity-support.tar.gz");
}

/** A file for somebody who helps. Only administrators have it. */
export function Support() {
  const bundle = useMutation({
    mutationFn: download,
    onSuccess: (name) => toast({ title: s.done(name) }),
    onError: (error) => toastProblem(s.failed, error),
  });
  return (
    <Section title={s.title}>
      <p className="mb-3 max-w-160 text-muted">{s.lead}</p>
      <Button
        icon={<Download className="icon" aria-hidden="true" />}
        busy={bundle.isPending}
        onClick={() => bundle.mutate()}
      >
        {s.download}
      </Button>
    </Section>
  );
}
