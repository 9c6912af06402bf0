import { t } from "../locales";

/** One field of a form that was refused. */
export interface FieldError {
  field: string;
  message: string;
}

interface ProblemBody {
  status: number;
  code: string;
  title?: string;
  detail?: string;
  errors?: FieldError[] | null;
  request_id?: string;
}

/** Why a request failed, as the server says it (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  /** A permanent name: "server.name_taken". */
  readonly code: string;
  /** What and why, with the next step. */
  readonly detail: string;
  readonly fields: readonly FieldError[];
  readonly requestID: string;

  constructor(body: ProblemBody) {
    super(body.detail || body.title || body.code);
    this.name = "Problem";
    this.status = body.status;
    this.code = body.code;
    this.detail = this.message;
    this.fields = body.errors ?? [];
    this.requestID = body.request_id ?? "";
  }

  /** What is wrong with one field, by its name or by the path the server gives it ("body.name"). */
  field(name: string): string | undefined {
    return this.fields.find((f) => f.field === name || f.field === `body.${name}`)?.message;
  }
}

/** The problem in the answer of a failed request; one without a body of ours gets a code made of its status. */
export async function readProblem(response: Response): Promise<Problem> {
  const status = response.status;
  try {
    const body: unknown = await response.clone().json();
    if (typeof body === "object" && body !== null && "code" in body)
      return new Problem({ ...(body as ProblemBody), status });
  } catch {
    // No JSON: a proxy answered, not the server.
  }
  return new Problem({ status, code: `http.${status}`, detail: t.layout.problem.http(status) });
}

/** Any error as a problem: what is thrown may also be a lost connection or a fault of ours. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError)
    return new Problem({ status: 0, code: "network.unreachable", detail: t.layout.problem.unreachable });
  return new Problem({
    status: 0,
    code: "page.failed",
    detail: error instanceof Error ? error.message : String(error),
  });
}
