// The pages of alerts beside each other.
import type { ComponentChildren, JSX } from "preact";
import { isAdmin } from "../api/session";
import { path } from "../router";
import { words } from "../words";

const TABS = [
  ["incidents", "/alerts"],
  ["rules", "/alerts/rules"],
  ["channels", "/alerts/channels"],
  ["silences", "/alerts/silences"],
] as const;

export function AlertsPage({ children, actions }: { children: ComponentChildren; actions?: ComponentChildren }): JSX.Element {
  const { alerts } = words.value;
  return (
    <div class="page">
      <div class="head">
        <h1>{alerts.title}</h1>
        {actions ? <div class="actions">{actions}</div> : null}
      </div>
      <nav class="tabs" aria-label={alerts.title}>
        {TABS.filter(([name]) => name !== "channels" || isAdmin.value).map(([name, address]) => (
          <a key={name} href={`/ui${address}`} aria-current={path.value === address ? "page" : undefined}>
            {alerts[name]}
          </a>
        ))}
      </nav>
      {children}
    </div>
  );
}
