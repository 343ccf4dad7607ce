// Keys that work everywhere: / filters, ? shows the keys, F6 goes round the parts of the page, Esc closes what is on top.
import { closeDrawer } from "./drawer";
import { hit, one, typing } from "./page";

// The parts, each by what takes focus in it: the first of these that is there.
const PARTS = [
  [".nav [aria-current]", ".nav a"],
  [".toolbar input[type=search]", "main h1"],
  ["tr[data-key][tabindex='0']", ".table-wrap"],
  ["#drawer:not([hidden]) h2"],
];

function nextPart(): void {
  const found = PARTS.map((part) => part.map((selector) => one(selector)).find((each) => each?.checkVisibility()));
  const parts = found.filter((part) => part !== null && part !== undefined);
  const next = parts[(parts.findIndex((part) => part === document.activeElement) + 1) % parts.length];
  if (!next) return;
  if (!next.matches("a, button, input, [tabindex]")) next.tabIndex = -1;
  next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "F6") {
    event.preventDefault();
    nextPart();
  } else if (event.key === "Escape") {
    if (!one(":popover-open, dialog[open]")) closeDrawer();
  } else if (!typing(event) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    plain(event);
  }
});

function plain(event: KeyboardEvent): void {
  const sheet = one<HTMLDialogElement>("#keys");
  const filter = one("[data-hotkey='/']");
  if (event.key === "/" && filter) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "?" && sheet && !one("dialog[open]")) {
    sheet.showModal();
  }
}

document.addEventListener("click", (event) => {
  if (hit(event, "[data-print]")) window.print();
  hit(event, "[data-dismiss]")?.closest(".toast")?.remove();
});
