// Changes of objects: tried first, then done. Every path takes the object, and whether it is only tried.
import { useQuery } from "@tanstack/react-query";

import { request } from "../../api/client";
import type { components } from "../../api/schema";
import type { Place, Ref } from "./types";

type Schemas = components["schemas"];
export type ObjectChange = Schemas["ObjectChange"];
export type Removal = Schemas["Removal"];
export type Applied = Schemas["Applied"];
export type AppliedDocument = Schemas["AppliedDocument"];

/** What can be done with an object, by the last part of its path. */
export type Verb =
  | "scale"
  | "restart"
  | "pause"
  | "resume"
  | "rollback"
  | "suspend"
  | "unsuspend"
  | "run"
  | "cordon"
  | "uncordon"
  | "taint"
  | "label"
  | "delete"
  | "finalizers"
  | "drain";

type Post = (
  path: string,
  init: { params: { path: { id: string } }; body: unknown; signal?: AbortSignal },
) => Promise<{ data?: unknown }>;
const post = request.POST as unknown as Post; // the paths differ in their last word only

/** Which object it is, as the API names it. */
export const refOf = ({ kind, namespace, name }: Place): Ref => ({
  kind,
  name,
  ...(namespace && { namespace }),
});

const nodeVerbs: readonly Verb[] = ["cordon", "uncordon", "taint", "drain"];

/** Does something with an object, or only tries it. */
export async function act<Answer = ObjectChange>(
  place: Place,
  verb: Verb,
  body: object = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const of = nodeVerbs.includes(verb) ? { name: place.name } : refOf(place);
  const { data } = await post(`/api/v1/clusters/{id}/${verb}`, {
    params: { path: { id: place.cluster } },
    body: { ...of, ...body },
    ...(signal && { signal }),
  });
  return data as Answer;
}

/** What something would do; asked anew whenever what is to be done is another thing. */
export const useTrial = <Answer = ObjectChange>(place: Place, verb: Verb, body: object, enabled = true) =>
  useQuery<Answer>({
    queryKey: ["trial", verb, place, body],
    queryFn: ({ signal }) => act<Answer>(place, verb, { ...body, dry_run: true }, signal),
    enabled,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    placeholderData: (before) => before,
  });

/** Applies a text, or says what would come of it. */
export async function applyText(cluster: string, body: Schemas["Paste"]): Promise<Applied> {
  const { data } = await request.POST("/api/v1/clusters/{id}/apply", {
    params: { path: { id: cluster } },
    body,
  });
  if (!data) throw new Error("no answer");
  return data;
}
