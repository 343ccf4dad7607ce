// The command palette: the server answers, this moves the highlight.
import { all, hit, one, say } from "./page";

const dialog = (): HTMLDialogElement | null => one<HTMLDialogElement>("#palette");
const options = (): HTMLElement[] => all("#palette [role=option]");
const marked = (): number => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

function open(): void {
  const found = dialog();
  if (!found) return;
  found.showModal();
  one<HTMLInputElement>("input", found)?.select();
  mark(0);
}

function mark(wanted: number): void {
  const found = options();
  const input = one("#palette input");
  for (const option of found) option.setAttribute("aria-selected", "false");
  const chosen = found[(wanted + found.length) % (found.length || 1)];
  if (!chosen) {
    input?.removeAttribute("aria-activedescendant");
    return;
  }
  chosen.setAttribute("aria-selected", "true");
  chosen.scrollIntoView({ block: "nearest" });
  input?.setAttribute("aria-activedescendant", chosen.id);
}

document.addEventListener("keydown", (event) => {
  const found = dialog();
  if (found && (event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (found.open) found.close();
    else open();
    return;
  }
  if (!found?.open) return;
  if (event.key === "ArrowDown") mark(marked() + 1);
  else if (event.key === "ArrowUp") mark(marked() - 1);
  else if (event.key === "Enter") options()[Math.max(marked(), 0)]?.click();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (hit(event, "[data-palette]")) open();
});

document.addEventListener("htmx:after:swap", (event) => {
  const target = (event as CustomEvent<{ ctx: { target: Element | null } }>).detail.ctx.target;
  if (target?.id !== "palette-list") return;
  mark(0);
  say(options().length ? `${options().length} results` : "Nothing found");
});

if (/Mac|iPhone|iPad/.test(navigator.userAgent)) {
  for (const key of all("[data-palette-key]")) key.textContent = "⌘K";
}
