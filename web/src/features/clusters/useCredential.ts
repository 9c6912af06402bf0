import { useEffect, useRef, useState } from "react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import type { ClusterContext, ClusterDraft, ClusterOffer } from "../../api/types";

/** A risk that a person has to accept first. */
export type Risk = ClusterContext["ask"][number];

/** How a cluster is signed in to, as a request says it. */
export type Credential = Pick<ClusterDraft, "source" | "kubeconfig" | "context"> & { accept: Risk[] };

/** Where a pasted credential comes from. */
export const pasted = "kubeconfig";

const pause = 250; // between a letter and the question what is in the text

/** What is in a kubeconfig, asked as it is pasted. It goes into no cache: it has secrets in it. */
function useContexts(text: string) {
  const { mutate, reset, data, error, isPending } = api.useMutation("post", "/api/v1/clusters/contexts");
  const asked = useRef("");
  useEffect(() => {
    if (asked.current === text) return;
    asked.current = text;
    reset();
    if (!text.trim()) return;
    const timer = setTimeout(() => mutate({ body: { kubeconfig: text } }), pause);
    return () => clearTimeout(timer);
  }, [text, mutate, reset]);
  const blank = !text.trim();
  return {
    contexts: blank ? none : (data?.items ?? none),
    wrong: blank || !error ? undefined : toProblem(error).detail,
    reading: !blank && (isPending || (!data && !error)),
  };
}

const none: ClusterContext[] = [];

/** The context that is chosen until a person chooses: the current one, or the first that can be used. */
export function preset(contexts: readonly ClusterContext[]): ClusterContext | undefined {
  const good = contexts.filter(({ refused }) => !refused);
  return good.find(({ current }) => current) ?? good[0];
}

function useOffers(): readonly ClusterOffer[] {
  return api.useQuery("get", "/api/v1/clusters/offers").data?.items ?? [];
}

/** What a request says of a context, with what was accepted of what it asks. */
export const credentialOf = (
  source: string,
  text: string,
  { name, ask }: ClusterContext,
  accepted: readonly Risk[],
): Credential => ({
  source,
  ...(source === pasted && { kubeconfig: text }),
  ...(name && { context: name }),
  accept: ask.filter((risk) => accepted.includes(risk)),
});

/** The credential of a cluster as somebody gives it: from where, which context, what they accept. */
export function useCredential(first: string) {
  const [source, setSource] = useState(first);
  const [text, setText] = useState("");
  const [picked, setPicked] = useState<string>();
  const [accepted, setAccepted] = useState<readonly Risk[]>([]);
  const offers = useOffers();
  const offer = offers.find((each) => each.source === source);
  const read = useContexts(text);
  const contexts = source === pasted ? read.contexts : (offer?.contexts ?? none);
  const chosen = contexts.find(({ name, refused }) => name === picked && !refused) ?? preset(contexts);
  const given = chosen && credentialOf(source, text, chosen, accepted);
  return {
    source,
    offers,
    offer,
    text,
    contexts,
    chosen,
    accepted,
    given,
    wrong: source === pasted ? read.wrong : offer?.problem,
    reading: source === pasted && read.reading,
    /** Nothing stands in the way of using it. */
    ready: chosen !== undefined && given?.accept.length === chosen.ask.length,
    setSource: (next: string) => {
      setSource(next);
      setPicked(undefined);
    },
    setText: (next: string) => {
      setText(next);
      setPicked(undefined);
      setAccepted([]);
    },
    setPicked,
    setAccepted: (risk: Risk, on: boolean) =>
      setAccepted((before) => (on ? [...before, risk] : before.filter((each) => each !== risk))),
  };
}

export type CredentialState = ReturnType<typeof useCredential>;
