// One stream a tab of what happens in the workspace; it comes back by itself and resumes where it was.
import { batch, effect, signal } from "@preact/signals";
import { address, headers } from "../api/client";
import { me } from "../api/session";
import { workspace } from "../settings";
import { type Frame, FrameReader } from "./frames";

export type LiveReading = { server_ulid: string; timestamp: string } & Record<string, number | string>;
export interface PresenceChange {
  server_ulid: string;
  status: "online" | "offline";
}
export interface Listener {
  /** Readings as they are committed. */
  readings?: (batch: readonly LiveReading[]) => void;
  /** Servers that came online or went offline. */
  presence?: (changes: readonly PresenceChange[]) => void;
  /** An incident opened, changed or ended. */
  incidents?: () => void;
  /** Something was missed, or came as history: ask for the state again. */
  reset?: () => void;
}

export const link = signal<"connecting" | "on" | "off">("connecting");
/** Only these servers; null: all of the workspace's. A page about one need not hear the others. */
export const watched = signal<readonly string[] | null>(null);

// The server speaks at least every 5 s; what is silent for longer has gone without saying so.
const SILENCE_MS = 12_000;
// A stream that was let go comes back at once; only who cannot be reached again counts as lost.
const RETRY_MS = [200, 1000, 2000] as const;

const listeners = new Set<Listener>();

/** Hear what happens until the returned function is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(frame: Frame, isFirst: boolean): void {
  if (frame.event === "reading") {
    const readings = JSON.parse(frame.data) as LiveReading[];
    batch(() => listeners.forEach((one) => one.readings?.(readings)));
  } else if (frame.event === "presence") {
    const changes = JSON.parse(frame.data) as PresenceChange[];
    listeners.forEach((one) => one.presence?.(changes));
  } else if (frame.event === "incident") {
    listeners.forEach((one) => one.incidents?.());
  } else if (frame.event === "reset" || frame.event === "backfill") {
    listeners.forEach((one) => one.reset?.());
  } else if (frame.event === "ready" && !isFirst && frame.data.includes("false")) {
    listeners.forEach((one) => one.reset?.());
  }
}

class Stream {
  private readonly abort = new AbortController();
  private last = "";
  private isFirst = true;
  private failures = 0;

  constructor(private readonly servers: readonly string[] | null) {
    void this.run();
  }

  close(): void {
    this.abort.abort();
  }

  private async run(): Promise<void> {
    while (!this.abort.signal.aborted) {
      await this.once().catch(() => undefined);
      if (this.abort.signal.aborted) return;
      this.failures += 1;
      if (this.failures > 1) link.value = "off";
      await wait(RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1] ?? 2000, this.abort.signal);
    }
  }

  private async once(): Promise<void> {
    const sent = headers();
    if (this.last) sent["Last-Event-ID"] = this.last;
    const attempt = new AbortController();
    const give = (): void => attempt.abort();
    this.abort.signal.addEventListener("abort", give, { once: true });
    let watchdog = setTimeout(give, SILENCE_MS);
    try {
      const url = address("/data/stream", { server_ulid: this.servers ?? [] });
      const answer = await fetch(url, { headers: sent, signal: attempt.signal, cache: "no-store" });
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      this.arrived();
      const frames = new FrameReader();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watchdog);
        watchdog = setTimeout(give, SILENCE_MS);
        frames.read(value).forEach((frame) => this.hear(frame));
      }
    } finally {
      clearTimeout(watchdog);
      this.abort.signal.removeEventListener("abort", give);
    }
  }

  private arrived(): void {
    this.failures = 0;
    link.value = "on";
  }

  private hear(frame: Frame): void {
    if (frame.id) this.last = frame.id;
    tell(frame, this.isFirst);
    this.isFirst = false;
  }
}

function wait(ms: number, abort: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    abort.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

const visible = signal(!document.hidden);
document.addEventListener("visibilitychange", () => {
  visible.value = !document.hidden;
});

/** Keep the stream open while somebody is signed in and looks. */
export function keepLive(): void {
  let wasHidden = false;
  effect(() => {
    void workspace.value;
    const servers = watched.value;
    if (!me.value) return undefined;
    if (!visible.value) {
      wasHidden = true;
      return undefined;
    }
    const stream = new Stream(servers);
    // A hidden tab heard nothing: its pages look at the state again.
    if (wasHidden) listeners.forEach((one) => one.reset?.());
    wasHidden = false;
    return () => stream.close();
  });
}
