// The few words every part shares.

export function one<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T | null {
  return root.querySelector<T>(selector);
}

export function all<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

/** The nearest element of an event that matches, if it happened inside one. */
export function hit<T extends Element = HTMLElement>(event: Event, selector: string): T | null {
  return event.target instanceof Element ? event.target.closest<T>(selector) : null;
}

/** Announce politely. */
export function say(text: string): void {
  const live = one("#live");
  if (live) live.textContent = text;
}

/** Whether keys typed now belong to a text. */
export function typing(event: Event): boolean {
  return hit(event, "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
}
