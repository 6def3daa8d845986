// Who is signed in. The session itself is an httpOnly cookie that no script sees.
import { computed, signal } from "@preact/signals";
import { workspace } from "../settings";
import { Problem, ask, useCsrfToken, whenSignedOut } from "./client";
import type { BrowserSessionRead, Me, WorkspaceOfUser } from "./schema";

export type Session = { kind: "unknown" } | { kind: "nobody" } | { kind: "somebody"; user: Me } | { kind: "failed" };

export const session = signal<Session>({ kind: "unknown" });
export const me = computed(() => (session.value.kind === "somebody" ? session.value.user : null));
/** The workspace that requests act on: the chosen one while one is a member, else the first joined. */
export const currentWorkspace = computed<WorkspaceOfUser | null>(() => {
  const mine = me.value?.workspaces ?? [];
  return mine.find((one) => one.workspace_ulid === workspace.value) ?? mine[0] ?? null;
});
export const isAdmin = computed(() => currentWorkspace.value?.role === "admin");
export const mayWrite = computed(() => isAdmin.value || currentWorkspace.value?.role === "operator");

whenSignedOut(() => {
  if (session.value.kind === "somebody") session.value = { kind: "nobody" };
});

function enter(found: BrowserSessionRead): void {
  useCsrfToken(found.csrf_token);
  const mine = found.user.workspaces;
  // A remembered workspace that one has left must not lock one out.
  if (workspace.value && !mine.some((one) => one.workspace_ulid === workspace.value)) workspace.value = "";
  session.value = { kind: "somebody", user: found.user };
}

/** Find out, once at the start, whether the browser still has a session. */
export async function resume(): Promise<void> {
  try {
    enter(await ask("GET /auth/session"));
  } catch (error) {
    session.value = error instanceof Problem && error.status < 500 ? { kind: "nobody" } : { kind: "failed" };
  }
}

/** Throws a Problem of the kind `totp-required` where the person signs in with a code too. */
export async function signIn(username: string, password: string, totp?: string): Promise<void> {
  enter(await ask("POST /auth/session", { body: totp ? { username, password, totp } : { username, password } }));
}

/** Make an account; with an invitation it joins that workspace instead of getting one of its own. */
export async function register(username: string, password: string, invitation: string | null): Promise<void> {
  await ask("POST /auth/register", { body: { username, password, invitation } });
}

export async function signOut(): Promise<void> {
  await ask("POST /auth/logout");
  useCsrfToken("");
  session.value = { kind: "nobody" };
}
