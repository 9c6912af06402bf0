import { queries, request } from "./client";
import { Problem, readProblem } from "./errors";
import { keepFile } from "./file";
import type { Job } from "./job";
import { prove } from "./proof";
import { notConfirmed } from "./send";
import { type Me, meQuery } from "./session";
import { t } from "../locales";
import { tenantHeader } from "./tenant";

/** Who may open an export. */
export type Recipient = { passphrase: string } | { recipients: string[] };

/** Has the browser keep the export of a tenant as a file, and returns its name. */
export async function exportTenant(id: string, to: Recipient): Promise<string> {
  const { data, response } = await request.POST("/api/v1/tenants/{id}/export", {
    params: { path: { id } },
    body: to,
    parseAs: "blob",
  });
  return keepFile(data as Blob, response, `unity-${id}.age`);
}

const proved = () => {
  const me = queries.getQueryData<Me>(meQuery().queryKey);
  return Date.parse(me?.session?.proved_until ?? "") > Date.now() + 10_000;
};

const post = (path: UploadPath, body: FormData) =>
  fetch(path, {
    method: "POST",
    body,
    credentials: "same-origin",
    headers: tenantHeader(),
  });

/** Where files of any size are taken. */
type UploadPath = "/api/v1/tenants/import" | "/api/v1/system/upgrade/upload";

/** Uploads a file, the last field of a form. The proof that it needs is asked for before: a large file is not sent twice. */
export async function upload(path: UploadPath, form: FormData): Promise<Job> {
  if (!proved() && !(await prove()))
    throw new Problem({ status: 0, code: notConfirmed, detail: t.auth.stepUp.notConfirmed });
  const response = await post(path, form);
  if (!response.ok) throw await readProblem(response);
  return (await response.json()) as Job;
}
