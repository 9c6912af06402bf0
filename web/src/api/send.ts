import { t } from "../locales";
import { Problem, readProblem } from "./errors";
import { prove } from "./proof";

/** The code of a request that was given up because the person did not confirm it. */
export const notConfirmed = "auth.not_confirmed";

async function wantsProof(response: Response): Promise<boolean> {
  return response.status === 403 && (await readProblem(response)).code === "auth.step_up_required";
}

/** fetch, which has the person prove who they are when the server asks for it, and then tries once more. */
export async function send(request: Request): Promise<Response> {
  const again = request.clone(); // a body can be sent only once
  const response = await fetch(request);
  if (!(await wantsProof(response))) return response;
  if (await prove()) return fetch(again);
  throw new Problem({ status: 0, code: notConfirmed, detail: t.auth.stepUp.notConfirmed });
}
