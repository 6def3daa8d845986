// How bad it is and how far along: a shape and a word, never a colour alone.
import type { JSX } from "preact";
import { words } from "../words";

const SHAPES: Record<string, JSX.Element> = {
  critical: <path d="M5 .8 9.6 9H.4z" fill="currentColor" />,
  warning: <path d="M5 .8 9.6 9H.4z" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" />,
  info: <circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="1.6" />,
};

export function SeverityBadge({ severity }: { severity: string }): JSX.Element {
  return (
    <span class="state" data-severity={severity}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {SHAPES[severity]}
      </svg>
      {words.value.alerts.severities[severity] ?? severity}
    </span>
  );
}

export function AlertingBadge(): JSX.Element {
  return (
    <span class="state" data-severity="critical">
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {SHAPES["critical"]}
      </svg>
      {words.value.state.alerting}
    </span>
  );
}
