import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "../../api/client";
import { Problem, toProblem } from "../../api/errors";
import type { components } from "../../api/schema";
import type { Got } from "../../api/types";
import { blankPlace, type PlaceForm, toPlace } from "../../layout/place";

/** How far a restore on this box is. */
export type RescueState = Got<"/api/v1/setup/restore">;

type RescueBody = components["schemas"]["RescueBody"];

/** A copy that a replica holds, and that the key opens. */
export type FoundCopy = components["schemas"]["Copy"];

/** The parts of what is asked, in their order. */
export const steps = ["key", "place", "choose"] as const;

/** One of them. */
export type Step = (typeof steps)[number];

/** What a person gives: what opens the vault, and where the replica is. */
export interface Answers {
  token: string;
  how: "kit" | "key";
  kit: string;
  passphrase: string;
  key: string;
  /** Undefined: where the kit says. */
  place: PlaceForm | undefined;
}

/** Nothing given yet. */
export const noAnswers = (token: string): Answers => ({
  token,
  how: "kit",
  kit: "",
  passphrase: "",
  key: "",
  place: undefined,
});

/** The request that answers make. */
export function toBody({ token, how, kit, passphrase, key, place }: Answers): RescueBody {
  return {
    token: token.trim(),
    ...(how === "kit" ? { kit, kit_passphrase: passphrase } : { key: key.trim() }),
    ...(place && { replica: toPlace(place), ...(place.secret && { replica_secret: place.secret }) }),
  };
}

// Codes of what is wrong with where the replica is, rather than with what opens the vault.
const ofPlace = /^(replica|restore)\./;

/** The step that a refusal belongs to, when one looks for a replica. */
export function stepOf(error: unknown, answers: Answers): Step {
  const { code, fields } = toProblem(error);
  const place =
    ofPlace.test(code) || code === "kit.no_replica" || fields.some(({ field }) => /replica|url/.test(field));
  if (place) return "place";
  return answers.place && !(error instanceof Problem) ? "place" : "key";
}

/** A place to begin with, once one is asked for. */
export const withPlace = (answers: Answers): Answers => ({ ...answers, place: answers.place ?? blankPlace });

const often = 1000;

/** How far a restore on this box is. */
export const rescueQuery = () => api.queryOptions("get", "/api/v1/setup/restore");

/**
 * A restore that goes on. Nobody is signed in, so there is no stream that would say so.
 * Once it is done, the appliance begins anew and knows of none.
 */
export function useRescue(): RescueState | undefined {
  const [ran, setRan] = useState(false);
  const state = useQuery({
    ...rescueQuery(),
    retry: false,
    refetchOnMount: "always",
    refetchInterval: ({ state: { data } }) => data?.state === "running" && often,
  }).data;
  if (!ran && state?.state === "running") setRan(true);
  return ran && state?.state === "none" ? { ...state, state: "restarting" } : state;
}
