// Which page stands at which address, and who may see it.
import type { ComponentType, JSX } from "preact";
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { SignInFault } from "./account/fault";
import { keepWatch } from "./alerts/firing";
import { isAdmin, me, resume, session } from "./api/session";
import { keepLive } from "./live/stream";
import { FleetPage } from "./pages/fleet";
import { SignInPage } from "./pages/sign-in";
import { match, path } from "./router";
import { listenToKeys } from "./ui/keyboard";
import { Button, Empty, ErrorNote, Skeleton } from "./ui/parts";
import { Shell } from "./ui/shell";
import { words } from "./words";

type Page = ComponentType<{ parameters: Record<string, string> }>;
interface Route {
  pattern: string;
  load: () => Promise<Page>;
  adminOnly?: boolean;
}

// The first page comes with the first file; the others when they are opened, or looked at for a moment.
const ROUTES: readonly Route[] = [
  { pattern: "/", load: () => Promise.resolve(FleetPage as Page) },
  { pattern: "/servers/:ulid", load: async () => (await import("./pages/server")).ServerPage },
  { pattern: "/explore", load: async () => (await import("./pages/explore")).ExplorePage as Page },
  { pattern: "/alerts", load: async () => (await import("./pages/alerts")).IncidentsPage as Page },
  { pattern: "/alerts/incidents/:id", load: async () => (await import("./pages/incident")).IncidentPage },
  { pattern: "/alerts/rules", load: async () => (await import("./pages/rules")).RulesPage as Page },
  { pattern: "/alerts/rules/new", load: async () => (await import("./pages/rule")).RulePage as Page, adminOnly: true },
  { pattern: "/alerts/rules/:id", load: async () => (await import("./pages/rule")).RulePage as Page, adminOnly: true },
  { pattern: "/alerts/channels", load: async () => (await import("./pages/channels")).ChannelsPage as Page, adminOnly: true },
  { pattern: "/alerts/silences", load: async () => (await import("./pages/silences")).SilencesPage as Page },
  { pattern: "/jobs", load: async () => (await import("./pages/jobs")).JobsPage as Page },
  { pattern: "/admin", load: async () => (await import("./pages/admin")).AdminPage as Page, adminOnly: true },
  { pattern: "/invitation", load: async () => (await import("./pages/invitation")).InvitationPage as Page },
  { pattern: "/profile", load: async () => (await import("./pages/profile")).ProfilePage as Page },
];

keepLive();
keepWatch();
listenToKeys();

export function App(): JSX.Element {
  const state = session.value;
  if (state.kind === "unknown") return <div class="page" aria-busy="true" />;
  if (state.kind === "failed") return <Unreached />;
  if (path.value === "/reset") return <Reset />;
  if (!me.value) return <SignInPage />;
  return (
    <Shell>
      <SignInFault />
      <Current />
    </Shell>
  );
}

/** Whoever forgot their password is signed in nowhere. */
function Reset(): JSX.Element {
  const page = useSignal<ComponentType | null>(null);
  useSignalEffect(() => void import("./pages/invitation").then(({ ResetPage }) => (page.value = ResetPage)));
  return page.value ? <page.value /> : <Skeleton />;
}

function Unreached(): JSX.Element {
  return (
    <main class="page narrow">
      <ErrorNote error={null} />
      <p>{words.value.problem.unreachable}</p>
      <Button onClick={() => void resume()}>{words.value.problem.again}</Button>
    </main>
  );
}

function Current(): JSX.Element {
  const found = useComputed(() => {
    for (const route of ROUTES) {
      const parameters = match(route.pattern, path.value);
      if (parameters) return { route, parameters };
    }
    return null;
  });
  const page = useSignal<{ route: Route; Page: Page } | null>(null);
  const failure = useSignal<unknown>(null);
  useSignalEffect(() => {
    const route = found.value?.route;
    failure.value = null;
    if (!route || page.peek()?.route === route) return;
    route.load().then(
      (Page) => (page.value = { route, Page }),
      (error: unknown) => (failure.value = error),
    );
  });
  const here = found.value;
  if (!here) return <Alone of="notFound" />;
  if (here.route.adminOnly && !isAdmin.value) return <Alone of="forbidden" />;
  if (failure.value) {
    return (
      <div class="page">
        <ErrorNote error={failure.value} again={() => window.location.reload()} />
      </div>
    );
  }
  const loaded = page.value;
  if (loaded?.route !== here.route) {
    return (
      <div class="page">
        <Skeleton />
      </div>
    );
  }
  return <loaded.Page key={JSON.stringify(here.parameters)} parameters={here.parameters} />;
}

function Alone({ of: kind }: { of: "forbidden" | "notFound" }): JSX.Element {
  return (
    <div class="page narrow">
      <Empty of={kind} />
    </div>
  );
}
