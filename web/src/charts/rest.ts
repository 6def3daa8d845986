// Doing something once whoever points has come to rest.

// Who passes over a button on the way to another, or drags on, wants nothing of it yet.
const REST_MS = 50;

export interface Rest {
  /** Act in a moment, unless something else comes before. */
  come: (act: () => void) => void;
  leave: () => void;
}

export function resting(): Rest {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const leave = (): void => clearTimeout(timer);
  return {
    come: (act) => {
      leave();
      timer = setTimeout(act, REST_MS);
    },
    leave,
  };
}
