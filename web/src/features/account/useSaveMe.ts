import { api } from "../../api/client";
import { refresh } from "../../api/list";
import { toastProblem } from "../../layout/Problem";
import { t } from "../../locales";

/** Changes what is kept about the person who is signed in. */
export const useSaveMe = () =>
  api.useMutation("patch", "/api/v1/auth/me", { onSuccess: () => refresh("auth/me") });

/** The same for what is in force at once; only a failure is worth words. */
export const useKeep = () =>
  api.useMutation("patch", "/api/v1/auth/me", {
    onSuccess: () => refresh("auth/me"),
    onError: (error) => toastProblem(t.account.keepFailed, error),
  });
