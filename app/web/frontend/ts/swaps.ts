// What every swap owes its reader: the new state said aloud, focus kept, trouble told and nothing typed lost.
import { all, one, say } from "./page";

interface Context {
  sourceElement: Element;
  target: Element | null;
  text: string;
  request: { headers: Record<string, string>; method: string };
  response?: { status: number; raw: Response };
}

const contextOf = (event: Event): Context => (event as CustomEvent<{ ctx: Context }>).detail.ctx;
let focused: Element | null = null;

/** One line above the page that stays until something works again. */
function trouble(text: string): void {
  const bar = document.createElement("div");
  bar.id = "trouble";
  bar.className = "banner bad";
  bar.setAttribute("role", "alert");
  bar.textContent = text;
  one("#trouble")?.remove();
  one("main")?.prepend(bar);
}

function words(html: string): string {
  const problem = new DOMParser().parseFromString(html, "text/html").querySelector(".problem");
  const lines = problem ? all("h1, p:not(.problem-status)", problem).map((line) => line.textContent?.trim() ?? "") : [];
  return lines.join(". ").replaceAll("..", ".") || "The server did not do that. Nothing was changed.";
}

document.addEventListener("htmx:after:request", (event) => {
  const { response, request, text } = contextOf(event);
  if (!response) return;
  const whole = /^\s*<!doctype/i.test(text);
  if (whole && request.headers["HX-Request-Type"] === "partial") {
    // A page in answer to a request for a part: the session has ended, or the way leads elsewhere.
    event.preventDefault();
    location.assign(response.raw.redirected || request.method === "GET" ? response.raw.url : location.href);
  } else if (response.status >= 400 && (response.status !== 422 || text.includes('class="problem"'))) {
    event.preventDefault();
    trouble(words(text));
  } else {
    one("#trouble")?.remove();
  }
});

document.addEventListener("htmx:error", (event) => {
  if (contextOf(event) && !contextOf(event).response) {
    trouble("The server cannot be reached. What you typed is still here. Try again in a moment.");
  }
});

document.addEventListener("htmx:before:request", (event) => contextOf(event).target?.setAttribute("aria-busy", "true"));
document.addEventListener("htmx:finally:request", (event) => {
  const target = contextOf(event).target;
  if (!target?.matches(".poll")) target?.removeAttribute("aria-busy");
});

document.addEventListener("htmx:before:swap", (event) => {
  const active = document.activeElement;
  focused = active && contextOf(event).target?.contains(active) ? active : null;
});

document.addEventListener("htmx:after:swap", (event) => {
  const before = contextOf(event).target;
  const target = before?.isConnected ? before : before?.id ? document.getElementById(before.id) : null;
  if (!target) return;
  const summary = one(".error-summary", target);
  if (summary) summary.focus();
  else if (focused && !focused.isConnected && document.activeElement === document.body) refocus(target);
  const told = target.matches("[data-say]") ? target : one("[data-say]", target);
  if (told instanceof HTMLElement && !told.matches("x-list")) say(told.dataset.say ?? "");
});

// What the act before this page said stands in a toast; it is heard too.
const said = one("#toasts .toast span")?.textContent;
if (said) setTimeout(() => say(said), 100);

/** Focus was in what has gone: the first thing in its place takes it. */
function refocus(target: Element): void {
  const next = one("[autofocus], a[href], button:not([disabled]), input:not([type=hidden])", target);
  if (next) next.focus();
  else if (target instanceof HTMLElement) {
    target.tabIndex = -1;
    target.focus();
  }
}
