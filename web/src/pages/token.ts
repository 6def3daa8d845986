/** What the address of a link holds that was sent to somebody: behind the #, so that no server's log ever has it. */
export const token = (): string => window.location.hash.slice(1);
