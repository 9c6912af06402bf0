import { useRouter } from "@tanstack/react-router";

import { forget } from "../../api/session";
import type { SignIn } from "../../api/ways";
import { setTheme } from "../../ui/theme";

/** Goes on as somebody who has just signed in, in the theme they chose for themselves. */
export function useArrive(): (user: SignIn["user"], next: string) => void {
  const router = useRouter();
  return (user, next) => {
    forget();
    if (user?.theme) setTheme(user.theme);
    router.history.replace(next);
  };
}
